//! What is logged: statements signed by publishers, and the entries that hold them.
//!
//! ```text
//! draft ──signed──▶ statement (SD-JWT) + disclosures ──recorded──▶ entry ──counted──▶ subject map ──sealed──▶ seal
//! ```
//!
//! Formats: one file each, lowest first. What may stand in the ledger at a given index is decided in [`authority`]
//! (who may sign), [`disclosure`] (what must be shown) and [`replay`] (the order of things); the ledger's writer, the
//! dossier and the audit all ask these same files.

pub mod authority;
pub mod checked_code;
pub mod code;
pub mod disclosure;
pub mod entry;
pub mod instant;
pub mod json;
pub mod look_alike;
pub mod notice;
pub mod replay;
pub mod statement;
pub mod subject;
pub mod subject_map;
pub mod vocabulary;
