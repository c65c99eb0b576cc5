//! Private keys: the only file that touches them. They live in files of mode 0600 as JWK (RFC 8037); PKCS#8, as OpenSSL
//! writes it in PEM or DER, is read too.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ed25519_dalek::{Signer as _, SigningKey};
use verifier::log::base64::{decode_url, encode_url};
use verifier::log::checkpoint::{Checkpoint, SignedCheckpoint};
use verifier::log::cosignature::{Cosignature, cosigned_message};
use verifier::log::key::PublicKey;
use verifier::log::note::{KeyKind, VerifierKey, VerifierKeyError, signature_line};
use verifier::record::json;
use verifier::record::statement::{Jwk, Kind};
use zeroize::Zeroizing;

/// A key file is small; nothing longer is read.
const MAX_KEY_FILE: u64 = 16_384;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// The file cannot be read or written.
    #[error("key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file holds no private Ed25519 key.
    #[error(
        "{path} holds no private Ed25519 key: expected a JWK with kty OKP, crv Ed25519, x and d, or PKCS#8 in PEM or DER; `mingzhang keygen` makes one"
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The name may not stand in a signature line.
    #[error("the origin: {0}")]
    Name(#[from] VerifierKeyError),
    /// The operating system gives no random bytes.
    #[error("no random bytes from the operating system: {0}")]
    Random(#[from] getrandom::Error),
}

/// A private key, and its public half.
pub struct PrivateKey {
    key: SigningKey,
    jwk: Jwk,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({})", self.jwk.kid_text())
    }
}

impl PrivateKey {
    /// Makes a key.
    ///
    /// # Errors
    /// [`SignerError::Random`].
    pub fn generate() -> Result<Self, SignerError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed)?;
        Ok(Self::from_seed(&seed))
    }

    /// The key of a seed of 32 bytes (RFC 8032 §5.1.5), for keys that are kept elsewhere and for tests.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self::new(SigningKey::from_bytes(seed))
    }

    fn new(key: SigningKey) -> Self {
        let public = PublicKey::parse(key.verifying_key().as_bytes()).expect("a key made from a seed has full order");
        Self { key, jwk: Jwk::new(public) }
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`SignerError::File`] or [`SignerError::NotAKey`].
    pub fn read(path: &Path) -> Result<Self, SignerError> {
        let failed = |source| SignerError::File { path: path.to_owned(), source };
        let mut bytes = Zeroizing::new(Vec::new());
        File::open(path).map_err(failed)?.take(MAX_KEY_FILE).read_to_end(&mut bytes).map_err(failed)?;
        Self::parse(&bytes).ok_or_else(|| SignerError::NotAKey { path: path.to_owned() })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.contains(['{', '-'])) else {
            return SigningKey::from_pkcs8_der(bytes).ok().map(Self::new);
        };
        if text.trim_start().starts_with("-----BEGIN") {
            return SigningKey::from_pkcs8_pem(text).ok().map(Self::new);
        }
        let jwk = json::parse_object(text.trim()).ok()?;
        let seed = Zeroizing::new(decode_url(jwk.string("d").ok()?).ok()?);
        let key = Self::from_seed(seed.as_slice().try_into().ok()?);
        let named = |name, value: &str| jwk.string(name).is_ok_and(|found| found == value);
        let public = encode_url(key.jwk.key.as_bytes());
        (named("kty", "OKP") && named("crv", "Ed25519") && named("x", &public)).then_some(key)
    }

    /// Writes the key to a new file that only its owner may read, durably.
    ///
    /// # Errors
    /// [`SignerError::File`], also where the file exists.
    pub fn write(&self, path: &Path) -> Result<(), SignerError> {
        let failed = |source| SignerError::File { path: path.to_owned(), source };
        let public = encode_url(self.jwk.key.as_bytes());
        let seed = Zeroizing::new(self.key.to_bytes());
        let secret = Zeroizing::new(encode_url(&*seed));
        let text = Zeroizing::new(format!(
            "{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{public}\",\"d\":\"{}\"}}\n",
            secret.as_str()
        ));
        let mut file = create_private(path).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// The public half.
    pub const fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The vkey under which this key signs the checkpoints of a log.
    ///
    /// # Errors
    /// [`SignerError::Name`]: the origin cannot be a key name.
    pub fn log_vkey(&self, origin: &str) -> Result<VerifierKey, SignerError> {
        Ok(VerifierKey::new(origin, KeyKind::Ed25519, self.jwk.key.clone())?)
    }

    /// Signs a statement: `claims` is the JSON that goes into the JWT as it is. Nothing is checked; the ledger will.
    pub fn sign_statement(&self, kind: Kind, claims: &str) -> String {
        let thumbprint = self.jwk.kid_text();
        let header = format!("{{\"alg\":\"Ed25519\",\"kid\":\"{thumbprint}\",\"typ\":\"{}\"}}", kind.typ());
        let mut jwt = format!("{}.{}", encode_url(header.as_bytes()), encode_url(claims.as_bytes()));
        let signature = self.key.sign(jwt.as_bytes()).to_bytes();
        jwt.push('.');
        jwt.push_str(&encode_url(&signature));
        jwt
    }
}

/// Creates a file that only its owner may read.
///
/// # Errors
/// The operating system's; among them that the file exists.
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether others than its owner may read a file; never so where the system has no such permissions.
pub fn is_exposed(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// The log's key: a private key and the name it signs under.
#[derive(Debug)]
pub(crate) struct LogSigner {
    key: PrivateKey,
    vkey: VerifierKey,
}

impl LogSigner {
    pub(crate) fn new(origin: &str, key: PrivateKey) -> Result<Self, SignerError> {
        let vkey = VerifierKey::new(origin, KeyKind::Ed25519, key.jwk.key.clone())?;
        Ok(Self { key, vkey })
    }

    pub(crate) fn key(&self) -> &PrivateKey {
        &self.key
    }

    pub(crate) fn vkey(&self) -> &VerifierKey {
        &self.vkey
    }

    /// Signs a checkpoint as a C2SP signed note.
    pub(crate) fn sign(&self, checkpoint: &Checkpoint) -> SignedCheckpoint {
        let text = checkpoint.format();
        let signature = self.key.key.sign(text.as_bytes()).to_bytes();
        let line = signature_line(self.vkey.name(), self.vkey.key_id(), &signature);
        SignedCheckpoint::parse(&format!("{text}\n{line}")).expect("a checkpoint signed under a valid name is a note")
    }
}

/// A witness's key: a private key and the name it cosigns under.
#[derive(Debug)]
pub(crate) struct WitnessSigner {
    key: PrivateKey,
    vkey: VerifierKey,
}

impl WitnessSigner {
    pub(crate) fn new(name: &str, key: PrivateKey) -> Result<Self, SignerError> {
        let vkey = VerifierKey::new(name, KeyKind::CosignatureV1, key.jwk.key.clone())?;
        Ok(Self { key, vkey })
    }

    pub(crate) fn vkey(&self) -> &VerifierKey {
        &self.vkey
    }

    /// The signature line, with its newline, that says the checkpoint was the newest of its log at `time`, in seconds since the
    /// Unix epoch.
    pub(crate) fn cosign(&self, checkpoint: &SignedCheckpoint, time: u64) -> String {
        let message = cosigned_message(time, checkpoint.body());
        let signature = self.key.key.sign(message.as_bytes()).to_bytes();
        signature_line(self.vkey.name(), self.vkey.key_id(), &Cosignature { timestamp: time, signature }.format())
    }
}

#[cfg(test)]
mod tests {
    use verifier::log::cosignature::cosignatures;
    use verifier::log::hash::empty_root;
    use verifier::log::index::TreeSize;

    use super::*;

    #[test]
    fn a_key_comes_back_from_its_file_and_the_file_is_private() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("x.key");
        let key = PrivateKey::generate().expect("random bytes");
        key.write(&path).expect("a new file");
        assert_eq!(PrivateKey::read(&path).expect("a key").jwk(), key.jwk());
        assert!(matches!(key.write(&path), Err(SignerError::File { .. })), "a key is never overwritten");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn pkcs8_is_read_and_anything_else_refused() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let key = PrivateKey::parse(pem.as_bytes()).expect("RFC 8410 §10.3");
        assert_eq!(encode_url(key.jwk.key.as_bytes()), "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE");
        let other = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE\",\"d\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}";
        assert!(PrivateKey::parse(other.as_bytes()).is_none(), "the public half is another key's");
        assert!(PrivateKey::parse(b"").is_none());
    }

    #[test]
    fn a_checkpoint_is_signed_under_the_origin() {
        let signer = LogSigner::new("example.com/log", PrivateKey::from_seed(&[7; 32])).expect("a name");
        let checkpoint = Checkpoint { origin: "example.com/log".to_owned(), size: TreeSize(0), root: empty_root() };
        assert_eq!(signer.sign(&checkpoint).signed_by(signer.vkey()), Ok(()));
    }

    #[test]
    fn a_witness_says_when_it_saw_a_checkpoint() {
        let log = LogSigner::new("example.com/log", PrivateKey::from_seed(&[7; 32])).expect("a name");
        let witness = WitnessSigner::new("w1.example", PrivateKey::from_seed(&[8; 32])).expect("a name");
        let checkpoint = Checkpoint { origin: "example.com/log".to_owned(), size: TreeSize(0), root: empty_root() };
        let note = log.sign(&checkpoint);
        let note = SignedCheckpoint::parse(&(note.format() + &witness.cosign(&note, 1_764_000_000))).expect("a note");
        assert_eq!(cosignatures(&note, witness.vkey()), Ok(vec![1_764_000_000]));
        assert_eq!(note.signed_by(log.vkey()), Ok(()));
    }
}
