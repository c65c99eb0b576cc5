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
//!
//! Behind the feature `client` stands [`client`], which reads a ledger's files for programs; it decides nothing.
#![no_std]
extern crate alloc;
#[cfg(feature = "client")]
#[macro_use]
extern crate std;

pub mod audit;
#[cfg(feature = "client")]
pub mod client;
pub mod dossier;
pub mod evidence;
pub mod explain;
pub mod inspection;
pub mod lifecycle;
pub mod log;
pub mod receipt;
pub mod record;
