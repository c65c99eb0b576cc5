//! Private keys: the only code that touches them.
//!
//! A key file is a private JWK (RFC 8037, `{"kty":"OKP","crv":"Ed25519","x":"…","d":"…"}`), or PKCS#8 as `openssl genpkey`
//! writes it (PEM or DER). Files are made for their owner alone (0600). Nothing here prints or logs a secret; key bytes are
//! wiped when a key is dropped.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::Signer as _;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use verifier::log::base64;
use verifier::log::checkpoint::Checkpoint;
use verifier::log::key::PublicKey;
use verifier::log::note::signature_line;
use verifier::log::vkey::{KeyKind, VerifierKey};
use verifier::record::json;
use verifier::record::statement::Jwk;
use zeroize::Zeroizing;

/// The longest key file read, in bytes.
const MAX_KEY_FILE: u64 = 16 * 1024;

/// An Ed25519 private key with its public JWK.
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    jwk: Jwk,
}

/// Why a key cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// The file cannot be read or written.
    #[error("key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no key.
    #[error("{path} is no Ed25519 private key: expected a JWK {{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":…,\"d\":…}} or PKCS#8 (PEM or DER); `mingzhang keygen` makes one")]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(getrandom::Error),
    /// The origin cannot be a key name.
    #[error("`{origin}` cannot be an origin: no spaces, no `+`, not empty")]
    Origin {
        /// The origin.
        origin: String,
    },
}

impl SigningKey {
    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// There is no randomness to be had.
    pub fn generate() -> Result<Self, SignerError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(SignerError::Randomness)?;
        Ok(Self::from_seed(&seed))
    }

    /// The key of an RFC 8032 seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = PublicKey::parse(secret.verifying_key().as_bytes()).expect("a secret key's public key is a valid point");
        Self { secret, jwk: Jwk::new(public) }
    }

    /// Reads a key file: private JWK, PKCS#8 PEM or DER.
    ///
    /// # Errors
    /// The file cannot be read, or is no Ed25519 private key.
    pub fn load(path: &Path) -> Result<Self, SignerError> {
        let file = |source| SignerError::File { path: path.to_owned(), source };
        if fs::metadata(path).map_err(file)?.len() > MAX_KEY_FILE {
            return Err(SignerError::NotAKey { path: path.to_owned() });
        }
        let bytes = Zeroizing::new(fs::read(path).map_err(file)?);
        Self::parse(&bytes).ok_or_else(|| SignerError::NotAKey { path: path.to_owned() })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let Ok(text) = core::str::from_utf8(bytes) else {
            return Self::from_pkcs8(ed25519_dalek::SigningKey::from_pkcs8_der(bytes).ok()?);
        };
        if text.contains("-----BEGIN") {
            return Self::from_pkcs8(ed25519_dalek::SigningKey::from_pkcs8_pem(text).ok()?);
        }
        if !text.trim_start().starts_with('{') {
            return Self::from_pkcs8(ed25519_dalek::SigningKey::from_pkcs8_der(bytes).ok()?);
        }
        let jwk = json::parse_object(text).ok()?;
        if jwk.string("kty").ok()? != "OKP" || jwk.string("crv").ok()? != "Ed25519" {
            return None;
        }
        let seed = Zeroizing::new(base64::decode_url(jwk.string("d").ok()?).ok()?);
        let key = Self::from_seed(seed.as_slice().try_into().ok()?);
        let public = base64::decode_url(jwk.string("x").ok()?).ok()?;
        (public == key.jwk.key.as_bytes()).then_some(key)
    }

    fn from_pkcs8(secret: ed25519_dalek::SigningKey) -> Option<Self> {
        let seed = Zeroizing::new(secret.to_bytes());
        Some(Self::from_seed(&seed))
    }

    /// Writes the key as a private JWK to a new file that only its owner can read (0600), durably.
    ///
    /// # Errors
    /// The file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), SignerError> {
        let secret = Zeroizing::new(base64::encode_url(self.secret.as_bytes()));
        let public = base64::encode_url(self.jwk.key.as_bytes());
        let text = Zeroizing::new(format!(
            "{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"{}\",\"x\":\"{public}\",\"d\":\"{}\"}}\n",
            self.jwk.kid_text(),
            secret.as_str()
        ));
        write_private(path, text.as_bytes()).map_err(|source| SignerError::File { path: path.to_owned(), source })
    }

    /// The public key.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Signs bytes.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }

    /// The vkey under which this key signs a log's checkpoints.
    ///
    /// # Errors
    /// The origin cannot be a key name.
    pub fn log_vkey(&self, origin: &str) -> Result<VerifierKey, SignerError> {
        VerifierKey::new(origin, KeyKind::Ed25519, self.jwk.key.clone()).map_err(|_| SignerError::Origin { origin: origin.to_owned() })
    }

    /// The note of a checkpoint, signed as the log whose origin it names.
    ///
    /// # Errors
    /// The origin cannot be a key name.
    pub fn sign_checkpoint(&self, checkpoint: &Checkpoint) -> Result<String, SignerError> {
        let (body, vkey) = (checkpoint.format(), self.log_vkey(&checkpoint.origin)?);
        let line = signature_line(vkey.name(), vkey.key_id(), &self.sign(body.as_bytes()));
        Ok(format!("{body}\n{line}"))
    }
}

/// Whether others than the owner can read a file; never so where the system has no such permissions.
pub fn is_exposed(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Writes a new file that only its owner can read (0600), and makes it durable.
///
/// # Errors
/// The file exists or cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use verifier::log::checkpoint::SignedCheckpoint;
    use verifier::log::hash::empty_root;
    use verifier::log::index::TreeSize;

    #[test]
    fn a_saved_key_is_its_owners_alone_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.key");
        let key = SigningKey::from_seed(&[7; 32]);
        key.save(&path).unwrap();
        assert!(!is_exposed(&path));
        assert_eq!(SigningKey::load(&path).unwrap().jwk(), key.jwk());
        assert!(matches!(key.save(&path), Err(SignerError::File { .. })), "an existing key is never overwritten");
    }

    #[test]
    fn a_key_whose_public_half_is_anothers_is_refused() {
        let (a, b) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let x = base64::encode_url(b.jwk().key.as_bytes());
        let d = base64::encode_url(a.secret.as_bytes());
        let text = format!("{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{x}\",\"d\":\"{d}\"}}");
        assert!(SigningKey::parse(text.as_bytes()).is_none());
    }

    #[test]
    fn a_signed_checkpoint_verifies() {
        let key = SigningKey::from_seed(&[7; 32]);
        let checkpoint = Checkpoint { origin: "ledger.example/a".into(), size: TreeSize(0), root: empty_root() };
        let note = SignedCheckpoint::parse(&key.sign_checkpoint(&checkpoint).unwrap()).unwrap();
        note.signed_by(&key.log_vkey("ledger.example/a").unwrap()).unwrap();
        assert!(key.log_vkey("a b").is_err());
    }
}
