//! What is true: the formats of the ledger and every check a reader needs, without I/O, clock or randomness.
//!
//! ```text
//! receipt   dossier   evidence   audit       the things a person verifies
//!    └─────────┴──── record ─────┘           what is logged: statements, entries, authority, the subject map
//!                      │
//!                     log                    a C2SP transparency log: notes, checkpoints, proofs, tiles, policy
//! ```
//!
//! A layer imports only those below it. Nothing here reads a file, a clock or a random number; whoever has read this crate
//! has read everything that decides.
#![no_std]
extern crate alloc;

pub mod audit;
pub mod dossier;
pub mod evidence;
pub mod explain;
pub mod lifecycle;
pub mod log;
pub mod receipt;
pub mod record;
