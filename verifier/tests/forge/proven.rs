//! Receipts and dossiers of a forged ledger, made from RFC 6962's and formats.md's own definitions.

use ed25519_dalek::Signer as _;
use serde_json::{Value, json};
use verifier::evidence::path::{consistency_path, of_leaves};
use verifier::log::base64::encode;
use verifier::log::hash::{Hash, node_hash};
use verifier::log::index::TreeSize;
use verifier::log::key::PublicKey;
use verifier::log::note::{KeyKind, VerifierKey, signature_line};
use verifier::record::entry::Entry;
use verifier::record::subject_map::{MapNode, key_bit, map_key};

use super::{Forge, key};

/// The vkey of a witness named after its seed.
pub(crate) fn witness(seed: u8) -> VerifierKey {
    let key = PublicKey::parse(key(seed).verifying_key().as_bytes()).unwrap();
    VerifierKey::new(format!("w{seed}.example"), KeyKind::CosignatureV1, key).unwrap()
}

/// A note with one more line, in which a witness says when it saw the checkpoint.
pub(crate) fn cosign(note: &str, seed: u8, time: u64) -> String {
    let body = note.split("\n\n").next().unwrap();
    let signature = key(seed).sign(format!("cosignature/v1\ntime {time}\n{body}\n").as_bytes()).to_bytes();
    let vkey = witness(seed);
    note.to_owned() + &signature_line(vkey.name(), vkey.key_id(), &[&time.to_be_bytes()[..], &signature].concat())
}

fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(root(left), root(right))
        }
    }
}

/// PATH(m, D[n]) of RFC 9162 §2.1.3.1.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut proof, sibling) = if index < left.len() {
        (path(index, left), root(right))
    } else {
        (path(index - left.len(), right), root(left))
    };
    proof.push(sibling);
    proof
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}

/// The proof from the first `old` of these leaves; nothing where none is needed.
pub(crate) fn consistency(leaves: &[Hash], old: usize) -> Vec<Hash> {
    let sizes = (TreeSize(old as u64), TreeSize(leaves.len() as u64));
    let mut path = consistency_path(sizes.0, sizes.1, of_leaves(leaves)).unwrap_or_default();
    // RFC 9162 leaves out the hash that the reader has.
    if old.is_power_of_two() && !path.is_empty() {
        path.remove(0);
    }
    path
}

/// What a log asks of a witness (C2SP tlog-witness).
pub(crate) fn add_checkpoint(old: usize, proof: &[Hash], note: &str) -> String {
    let proof: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
    format!("old {old}\n{proof}\n{note}")
}

impl Forge {
    /// What a log asks of a witness that has cosigned its first `old` entries.
    pub(crate) fn submission(&self, old: usize) -> String {
        add_checkpoint(old, &consistency(&self.leaves, old), &self.note_at(self.leaves.len()))
    }

    /// The log's note over the first entries.
    pub(crate) fn note_at(&self, size: usize) -> String {
        self.note(size as u64, root(&self.leaves[..size]))
    }

    /// The inclusion proof of an entry in the tree of the first entries.
    pub(crate) fn inclusion_texts(&self, index: usize, size: usize) -> Vec<String> {
        texts(&path(index, &self.leaves[..size]))
    }

    /// The receipt of an entry under the head, its `extra` made of these parts.
    pub(crate) fn receipt_of(&self, index: usize, size: usize, extra: &Value) -> String {
        let hashes: String = self.inclusion_texts(index, size).iter().map(|hash| format!("{hash}\n")).collect();
        let extra = encode(extra.to_string().as_bytes());
        format!("c2sp.org/tlog-proof@v1\nextra {extra}\nindex {index}\n{hashes}\n{}", self.note_at(size))
    }

    /// What the newest seal's map says of a subject.
    pub(crate) fn map_proof(&mut self, subject: &str) -> Value {
        let key = map_key(subject);
        let mut depth = 0;
        while matches!(self.map.node(&key, depth), MapNode::Many(_)) {
            depth += 1;
        }
        let mut siblings = Vec::new();
        for d in (0..depth).rev() {
            let mut other = key;
            other.0[d / 8] ^= 0x80 >> (d % 8);
            siblings.push(self.map.node(&other, d + 1).hash().to_string());
        }
        let mut proof = json!({ "siblings": siblings });
        let shares = |other: &Hash| (0..depth).all(|d| key_bit(other, d) == key_bit(&key, d));
        let beside = self.subjects.iter().map(|(name, state)| (map_key(name), state.value()));
        if let Some((other, value)) = beside.clone().find(|(other, _)| shares(other) && *other != key)
            && !self.subjects.contains_key(subject)
        {
            proof["other_key"] = other.to_string().into();
            proof["other_value"] = value.to_string().into();
        }
        proof
    }

    /// One subject of a dossier under the newest head.
    pub(crate) fn part(&mut self, subject: &str) -> Value {
        let map_proof = self.map_proof(subject);
        let Some(state) = self.subjects.get(subject) else {
            return json!({ "id": subject, "count": 0, "map_proof": map_proof });
        };
        let tally: serde_json::Map<_, _> =
            state.tally.iter().map(|(stage, n)| (stage.code().to_owned(), Value::from(n))).collect();
        let is_own =
            |entry: &String| Entry::parse(entry).is_ok_and(|entry| entry.link().is_some_and(|link| link.0 == subject));
        let all = self.entries.iter().zip(&self.disclosures).enumerate();
        let entries: Vec<Value> = all
            .filter(|(_, (entry, _))| is_own(entry))
            .map(|(index, (entry, shown))| {
                let inclusion = self.inclusion_texts(index, self.leaves.len());
                json!({ "entry": entry, "disclosures": shown, "inclusion": inclusion })
            })
            .collect();
        json!({
            "id": subject, "count": state.count, "head": state.head.to_string(), "tally": tally, "map_proof": map_proof,
            "entries": entries,
        })
    }

    /// A dossier of just these subjects under the newest head, which ends in a seal; as JSON, to be bent.
    pub(crate) fn dossier_json(&mut self, subjects: &[&str]) -> Value {
        let size = self.leaves.len();
        let parts: Vec<Value> = subjects.iter().map(|subject| self.part(subject)).collect();
        let seal = self.entries[size - 1].clone();
        json!({
            "format": "mingzhang-dossier/v1", "subject": subjects[0],
            "head": { "checkpoint": self.note_at(size), "seal": seal, "seal_proof": self.inclusion_texts(size - 1, size) },
            "subjects": parts,
        })
    }
}
