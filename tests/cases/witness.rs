//! A witness of a case's ledger: what it cosigned, put into dossiers as the ledger puts it.

use ed25519_dalek::{Signer as _, SigningKey};
use verifier::dossier::DossierFile;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::cosignature::{Cosignature, cosigned_message};
use verifier::log::hash::Hash;
use verifier::log::key::PublicKey;
use verifier::log::note::{KeyKind, VerifierKey, signature_line};
use verifier::record::entry::Entry;

/// A witness and the heads it cosigned, oldest first.
pub(super) struct Witness {
    key: SigningKey,
    vkey: VerifierKey,
    heads: Vec<Head>,
}

/// A cosigned head, and the proofs of the project's entries under it.
struct Head {
    note: SignedCheckpoint,
    inclusions: Vec<(u64, Vec<Hash>)>,
}

impl Witness {
    pub(super) fn new() -> Self {
        let key = SigningKey::from_bytes(&[9; 32]);
        let public = PublicKey::parse(key.verifying_key().as_bytes()).unwrap();
        let vkey = VerifierKey::new("witness.example", KeyKind::CosignatureV1, public).unwrap();
        Self { key, vkey, heads: Vec::new() }
    }

    /// The lines of a policy that asks for this witness, who replays what it cosigns.
    pub(super) fn quorum(&self) -> String {
        format!("witness w {}\ngroup replay all w\nquorum replay\n", self.vkey)
    }

    /// Cosigns a dossier's head.
    pub(super) fn cosign(&mut self, dossier: &DossierFile, at: i64) {
        let entries = dossier.subjects.iter().flat_map(|part| part.entries.iter().flatten());
        let inclusions = entries.map(|part| (index(&part.entry), part.inclusion.clone())).collect();
        let note = self.cosigned(&dossier.head.checkpoint, at);
        self.heads.push(Head { note, inclusions });
    }

    fn cosigned(&self, note: &SignedCheckpoint, at: i64) -> SignedCheckpoint {
        let timestamp = u64::try_from(at).unwrap();
        let signature = self.key.sign(cosigned_message(timestamp, note.body()).as_bytes()).to_bytes();
        let line = signature_line(self.vkey.name(), self.vkey.key_id(), &Cosignature { timestamp, signature }.format());
        SignedCheckpoint::parse(&(note.format() + &line)).unwrap()
    }

    /// Puts into a dossier, entry by entry, the earliest cosigned head that covers it and the latest that does not; cosigns
    /// the dossier's own head.
    pub(super) fn add_to(&mut self, dossier: &mut DossierFile, at: i64) {
        self.cosign(&dossier.clone(), at);
        dossier.head.checkpoint = self.heads.last().expect("just cosigned").note.clone();
        for part in dossier.subjects.iter_mut().flat_map(|part| part.entries.iter_mut().flatten()) {
            let own = index(&part.entry);
            let covers = |head: &&Head| own < head.note.checkpoint.size.0;
            let by = self.heads.iter().find(|head| covers(head) && head.inclusions.iter().any(|(at, _)| *at == own));
            part.recorded_by = by.map(|head| {
                let proof = head.inclusions.iter().find(|(at, _)| *at == own).map(|(_, proof)| proof.clone());
                (head.note.clone(), proof.expect("just found"))
            });
            part.not_before = self.heads.iter().rev().find(|head| !covers(head)).map(|head| head.note.clone());
        }
    }
}

fn index(entry: &str) -> u64 {
    Entry::parse(entry).unwrap().index.0
}
