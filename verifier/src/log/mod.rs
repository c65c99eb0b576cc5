//! A transparency log (透明日志) as C2SP specifies it: what a reader needs to believe a head, an entry, a history.
//!
//! ```text
//!                  policy            whose word counts: logs, witnesses, groups, the quorum
//!                    │          add_checkpoint ── witness     what a log asks of a witness, and what that must refuse
//!                    │             │
//!   tlog_proof ── checkpoint ── cosignature     a signed tree head, and who else saw it, and when
//!        │           │            │
//!        │          note ───── vkey ── key      text signed by one or more Ed25519 keys
//!        │
//!      proof        tree         tile           the RFC 6962 tree: checked, grown, and cut into files
//!        └───────────┴─── hash ───┘
//!                  base64  index                spellings: exactly one for every value
//! ```
//!
//! Formats: signed-note v1.0.0, tlog-checkpoint v1.0.0 (without extension lines), tlog-tiles v0.1.0, tlog-cosignature
//! v1.0.1 (Ed25519 only), tlog-witness v1.0.0, tlog-policy and tlog-proof as of July 2026, RFC 6962 §2.1 over SHA-256.
//!
//! What is deliberately not here: private keys, building proofs, files, network, and what an entry means.

pub mod add_checkpoint;
pub mod base64;
pub mod checkpoint;
pub mod cosignature;
pub mod hash;
pub mod index;
pub mod key;
mod multiples;
pub mod note;
pub mod policy;
pub mod policy_check;
pub mod proof;
pub mod quorum;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
pub mod vkey;
pub mod witness;

#[cfg(test)]
mod test_signer;
