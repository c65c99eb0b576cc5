//! What is true: the formats of the ledger and every check a reader needs, without I/O, clock or randomness.
#![no_std]
extern crate alloc;

pub mod log;
pub mod record;
