//! Ed25519 public keys (公钥) and the strict verification of what they signed.
//!
//! RFC 8032 leaves room: implementations disagree on non-canonical encodings, on points of low order and on the cofactor.
//! Here there is one answer: `A`, `R` and `S` canonical, `A` and `R` not of low order, and `[S]B = R + [k]A` without
//! cofactor. [`PreparedKey`] gives the same answers sooner.

use alloc::{sync::Arc, vec::Vec};
use core::fmt;

use curve25519_dalek::{
    constants::ED25519_BASEPOINT_POINT,
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::Scalar,
};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};

use super::{
    base64,
    multiples::{Multiples, sum_of_products},
};

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

/// Makes [`PreparedKey`]s that share the table of the base point.
#[derive(Clone)]
pub struct KeyPreparer(Arc<Multiples>);

impl KeyPreparer {
    /// Builds the table of the base point: about 15 verifications' time, 320 KiB.
    pub fn new() -> Self {
        Self(Arc::new(Multiples::large(ED25519_BASEPOINT_POINT)))
    }

    /// Builds the table of a key: about two verifications' time, 40 KiB.
    pub fn prepare(&self, key: &PublicKey) -> PreparedKey {
        PreparedKey { base: Some(Arc::clone(&self.0)), ..PreparedKey::from(key) }
    }
}

impl Default for KeyPreparer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for KeyPreparer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyPreparer")
    }
}

/// A public key with a table of its multiples, for a key that signed many messages; clones share it.
///
/// Answers are those of [`PublicKey::verify`]: `R' = [S]B − [k]A` is computed, encoded and compared with the `R` given,
/// so that a second spelling of `R` can never match, and no square root is needed to see that `R` is of low order.
#[derive(Clone)]
pub struct PreparedKey {
    /// The key, and the multiples of its negative if it has a table of its own.
    key: Arc<(PublicKey, Option<Multiples>)>,
    /// The multiples of the base point; without them the curve library's smaller table does, in constant time.
    base: Option<Arc<Multiples>>,
}

impl From<&PublicKey> for PreparedKey {
    /// For a few keys: 40 KiB each, as from a [`KeyPreparer`], but without a table of the base point and less fast.
    fn from(key: &PublicKey) -> Self {
        Self { key: Arc::new((key.clone(), Some(Multiples::small(-key.0.to_edwards())))), base: None }
    }
}

impl PreparedKey {
    /// Without any table, for a key that will hardly be used: costs nothing now, and half as much again a signature.
    pub fn without_table(key: &PublicKey) -> Self {
        Self { key: Arc::new((key.clone(), None)), base: None }
    }

    /// The key itself.
    pub fn public_key(&self) -> &PublicKey {
        &self.key.0
    }

    /// Checks a 64-byte signature over the message, with the answers of [`PublicKey::verify`].
    ///
    /// # Errors
    /// [`SignatureError`] if it is not 64 bytes or does not strictly hold.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let (given, computed) = self.compute_r(message, signature)?;
        compare_r(given, &computed, computed.compress())
    }

    /// The `R` given, and the one that `S` and the message lead to (RFC 8032 §5.1.7).
    fn compute_r(
        &self,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(CompressedEdwardsY, EdwardsPoint), SignatureError> {
        let (r, s) = sixty_four(signature)?.split_at(32);
        let r = CompressedEdwardsY::from_slice(r).map_err(|_| SignatureError::Refused)?;
        let s = canonical_scalar(s).ok_or(SignatureError::Refused)?;
        let (key, minus_key) = &*self.key;
        let digest = Sha512::new().chain_update(r.as_bytes()).chain_update(key.as_bytes()).chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&digest.finalize().into());
        let computed = match (minus_key, &self.base) {
            (Some(minus_key), Some(base)) => sum_of_products(&[(&k, minus_key), (&s, base)]),
            (Some(minus_key), None) => sum_of_products(&[(&k, minus_key)]) + EdwardsPoint::mul_base(&s),
            (None, _) => EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-key.0.to_edwards(), &s),
        };
        Ok((r, computed))
    }
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PreparedKey({})", base64::encode(self.public_key().as_bytes()))
    }
}

/// Checks many signatures, each given as key, message and signature; the answers are those of [`PreparedKey::verify`]
/// for each alone. Saves one field inversion a signature, about a seventh of the time for messages of 2 KB.
pub fn verify_each(jobs: &[(&PreparedKey, &[u8], &[u8])]) -> Vec<Result<(), SignatureError>> {
    let computed: Vec<_> = jobs.iter().map(|(key, message, signature)| key.compute_r(message, signature)).collect();
    let points: Vec<EdwardsPoint> = computed.iter().flatten().map(|&(_, point)| point).collect();
    let mut encoded = EdwardsPoint::compress_batch_alloc(&points).into_iter();
    let mut answer = |(given, point): (CompressedEdwardsY, EdwardsPoint)| {
        let encoded = encoded.next().expect("one encoding for every computed point");
        compare_r(given, &point, encoded)
    };
    computed.into_iter().map(|computed| computed.and_then(&mut answer)).collect()
}

fn compare_r(
    given: CompressedEdwardsY,
    computed: &EdwardsPoint,
    encoded: CompressedEdwardsY,
) -> Result<(), SignatureError> {
    if encoded == given && !computed.is_small_order() { Ok(()) } else { Err(SignatureError::Refused) }
}

fn sixty_four(signature: &[u8]) -> Result<&[u8; 64], SignatureError> {
    signature.try_into().map_err(|_| SignatureError::Length { found: signature.len() })
}

fn canonical_scalar(bytes: &[u8]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(bytes.try_into().ok()?).into_option()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    #[test]
    fn a_key_is_refused_for_the_right_reason() {
        assert_eq!(PublicKey::parse([0; 31]), Err(KeyError::Length { found: 31 }));
        let mut bytes = [0; 32];
        assert_eq!(PublicKey::parse(bytes), Err(KeyError::LowOrder));
        bytes[0] = 2;
        assert_eq!(PublicKey::parse(bytes), Err(KeyError::NotAPoint));
        // y = p + 3 spells y = 3 a second time.
        bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xf0, 0x7f);
        assert_eq!(PublicKey::parse(bytes), Err(KeyError::NotCanonical));
    }

    #[test]
    fn every_changed_bit_of_a_signature_is_refused_by_every_way_to_verify() {
        let signer = SigningKey::from_bytes(&[9; 32]);
        let key = PublicKey::parse(signer.verifying_key().as_bytes()).expect("a sound key");
        let (alone, prepared) = (PreparedKey::from(&key), KeyPreparer::new().prepare(&key));
        let signature = signer.sign(b"message").to_bytes();
        let mut signatures =
            vec![signature.to_vec(), signature[..63].to_vec(), [&signature[..], &[0]].concat(), vec![]];
        for bit in 0..512 {
            let mut changed = signature;
            changed[bit / 8] ^= 1 << (bit % 8);
            signatures.push(changed.to_vec());
        }
        let jobs: Vec<_> =
            signatures.iter().map(|signature| (&prepared, &b"message"[..], signature.as_slice())).collect();
        for (signature, each) in signatures.iter().zip(verify_each(&jobs)) {
            assert_eq!(each, key.verify(b"message", signature));
            assert_eq!(each, prepared.verify(b"message", signature));
            assert_eq!(each, alone.verify(b"message", signature));
            assert_eq!(each.is_ok(), *signature == signatures[0]);
        }
        assert_eq!(prepared.verify(b"massage", &signature), Err(SignatureError::Refused));
        assert_eq!(verify_each(&[]), vec![]);
    }

    /// `cargo test --release -p verifier prepared_keys_are_faster -- --ignored --nocapture`
    #[test]
    #[ignore = "measures time"]
    fn prepared_keys_are_faster() {
        extern crate std;
        use std::time::{Duration, Instant};

        const KEYS: usize = 50;
        let message = [7; 2048];
        let signers: Vec<_> = (0..50_u8).map(|seed| SigningKey::from_bytes(&[seed; 32])).collect();
        let preparer = KeyPreparer::new();
        let keys: Vec<_> =
            signers.iter().map(|key| PublicKey::parse(key.verifying_key().as_bytes()).expect("a sound key")).collect();
        let tables: Vec<_> = keys.iter().map(|key| preparer.prepare(key)).collect();
        let own_tables: Vec<_> = keys.iter().map(PreparedKey::from).collect();
        let signatures: Vec<_> = signers.iter().map(|key| key.sign(&message).to_bytes()).collect();
        let jobs: Vec<_> = (0..KEYS).map(|at| (&tables[at], &message[..], &signatures[at][..])).collect();
        // The best of many short runs, interleaved, so that whatever else is running disturbs all of them alike.
        let (mut plain, mut unshared, mut shared, mut batch) =
            (Duration::MAX, Duration::MAX, Duration::MAX, Duration::MAX);
        for _ in 0..100 {
            let start = Instant::now();
            assert!((0..KEYS).all(|at| keys[at].verify(&message, &signatures[at]).is_ok()));
            plain = plain.min(start.elapsed());
            let start = Instant::now();
            assert!((0..KEYS).all(|at| tables[at].verify(&message, &signatures[at]).is_ok()));
            shared = shared.min(start.elapsed());
            let start = Instant::now();
            assert!((0..KEYS).all(|at| own_tables[at].verify(&message, &signatures[at]).is_ok()));
            unshared = unshared.min(start.elapsed());
            let start = Instant::now();
            assert!(verify_each(&jobs).iter().all(Result::is_ok));
            batch = batch.min(start.elapsed());
        }
        let [unshared, shared, batch] = [unshared, shared, batch].map(|time| plain.as_secs_f64() / time.as_secs_f64());
        std::eprintln!("from {unshared:.2} x, prepare {shared:.2} x, verify_each {batch:.2} x");
        assert!(unshared >= 1.0 && shared >= 1.3 && batch >= 1.3);
    }
}
