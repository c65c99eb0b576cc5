//! Fixed keys of a log and its witnesses, to sign what the tests then read.

use alloc::string::{String, ToString as _};

use ed25519_dalek::{Signer as _, SigningKey};

use super::{
    cosignature::{Cosignature, cosigned_message},
    key::PublicKey,
    note::{KeyKind, VerifierKey, signature_line},
};

pub(super) struct TestSigner {
    signing_key: SigningKey,
    pub(super) verifier_key: VerifierKey,
}

impl TestSigner {
    pub(super) fn log(name: &str, seed: u8) -> Self {
        Self::new(name, KeyKind::Ed25519, seed)
    }

    pub(super) fn witness(name: &str, seed: u8) -> Self {
        Self::new(name, KeyKind::CosignatureV1, seed)
    }

    fn new(name: &str, kind: KeyKind, seed: u8) -> Self {
        let signing_key = SigningKey::from_bytes(&[seed; 32]);
        let key = PublicKey::parse(signing_key.verifying_key().as_bytes()).expect("a sound key");
        Self { signing_key, verifier_key: VerifierKey::new(name, kind, key).expect("a sound name") }
    }

    pub(super) fn vkey(&self) -> String {
        self.verifier_key.to_string()
    }

    pub(super) fn sign(&self, body: &str) -> String {
        self.line(&self.signing_key.sign(body.as_bytes()).to_bytes())
    }

    pub(super) fn cosign(&self, body: &str, timestamp: u64) -> String {
        let signature = self.signing_key.sign(cosigned_message(timestamp, body).as_bytes()).to_bytes();
        self.line(&Cosignature { timestamp, signature }.format())
    }

    fn line(&self, signature: &[u8]) -> String {
        signature_line(self.verifier_key.name(), self.verifier_key.key_id(), signature)
    }
}
