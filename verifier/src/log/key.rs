//! Ed25519 public keys (公钥) and the strict verification of what they signed.
//!
//! RFC 8032 leaves room: implementations disagree on non-canonical encodings, on points of low order and on the cofactor.
//! Here there is one answer: `A`, `R` and `S` canonical, `A` and `R` not of low order, and `[S]B = R + [k]A` without
//! cofactor. [`PreparedKey`] gives the same answers sooner.

use alloc::sync::Arc;
use core::fmt;

use curve25519_dalek::{
    edwards::{CompressedEdwardsY, EdwardsPoint, VartimeEdwardsPrecomputation},
    scalar::Scalar,
    traits::{IsIdentity as _, VartimePrecomputedMultiscalarMul as _},
};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};

use super::base64;

/// Why 32 bytes are not a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes.
    #[error("an Ed25519 public key is 32 bytes, found {found}")]
    Length {
        /// How many bytes were given.
        found: usize,
    },
    /// No point of the curve has this encoding.
    #[error("these 32 bytes are no point of the curve; the key was copied wrongly or is of another kind")]
    NotAPoint,
    /// A point, but in a second spelling.
    #[error("the public key is not canonically encoded; make a new key with a sound implementation")]
    NotCanonical,
    /// A point for which signatures can be made without any secret.
    #[error("the public key is of low order and proves nothing; make a new key with a sound implementation")]
    LowOrder,
}

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not 64 bytes.
    #[error("an Ed25519 signature is 64 bytes, found {found}")]
    Length {
        /// How many bytes were given.
        found: usize,
    },
    /// Not by this key over this message, or not strictly well-formed.
    #[error("the signature is not by this key over these bytes")]
    Refused,
}

/// An Ed25519 public key: canonical, on the curve, not of low order.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Parses the 32-byte encoding of RFC 8032 §5.1.2. Costs one square root.
    ///
    /// # Errors
    /// [`KeyError`] for other lengths, non-points, non-canonical encodings and points of low order.
    pub fn parse(bytes: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let bytes = bytes.as_ref();
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| KeyError::Length { found: bytes.len() })?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotCanonical);
        }
        if key.is_weak() {
            return Err(KeyError::LowOrder);
        }
        Ok(Self(key))
    }

    /// The 32-byte encoding.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Checks a 64-byte signature over the message.
    ///
    /// # Errors
    /// [`SignatureError`] if it is not 64 bytes or does not strictly hold.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let signature = Signature::from_bytes(sixty_four(signature)?);
        self.0.verify_strict(message, &signature).map_err(|_| SignatureError::Refused)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", base64::encode(self.as_bytes()))
    }
}

/// A public key with a table of its multiples, for a key that signed many messages.
///
/// The table is built once (about the cost of two verifications), shared by clones, and takes 16 KiB. Answers are those
/// of [`PublicKey::verify`]: `R' = [S]B − [k]A` is computed, encoded and compared with the `R` given, so that a second
/// spelling of `R` can never match, and no square root is needed to see that `R` is not of low order.
#[derive(Clone)]
pub struct PreparedKey(Arc<Table>);

struct Table {
    key: PublicKey,
    multiples: VartimeEdwardsPrecomputation,
}

impl From<&PublicKey> for PreparedKey {
    fn from(key: &PublicKey) -> Self {
        let multiples = VartimeEdwardsPrecomputation::new([
            -key.0.to_edwards(),
            curve25519_dalek::constants::ED25519_BASEPOINT_POINT,
        ]);
        Self(Arc::new(Table { key: key.clone(), multiples }))
    }
}

impl PreparedKey {
    /// The key itself.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.key
    }

    /// Checks a 64-byte signature over the message, with the answers of [`PublicKey::verify`].
    ///
    /// # Errors
    /// [`SignatureError`] if it is not 64 bytes or does not strictly hold.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let (r, s) = sixty_four(signature)?.split_at(32);
        let r = CompressedEdwardsY::from_slice(r).map_err(|_| SignatureError::Refused)?;
        let s = canonical_scalar(s).ok_or(SignatureError::Refused)?;
        let k = self.challenge(&r, message);
        let expected: EdwardsPoint = self.0.multiples.vartime_multiscalar_mul([k, s]);
        if expected.compress() != r || expected.mul_by_cofactor().is_identity() {
            return Err(SignatureError::Refused);
        }
        Ok(())
    }

    /// SHA-512(R || A || message) mod ℓ (RFC 8032 §5.1.7).
    fn challenge(&self, r: &CompressedEdwardsY, message: &[u8]) -> Scalar {
        let digest = Sha512::new().chain_update(r.as_bytes()).chain_update(self.0.key.as_bytes()).chain_update(message);
        Scalar::from_bytes_mod_order_wide(&digest.finalize().into())
    }
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PreparedKey({})", base64::encode(self.public_key().as_bytes()))
    }
}

fn sixty_four(signature: &[u8]) -> Result<&[u8; 64], SignatureError> {
    signature.try_into().map_err(|_| SignatureError::Length { found: signature.len() })
}

fn canonical_scalar(bytes: &[u8]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(bytes.try_into().ok()?).into_option()
}
