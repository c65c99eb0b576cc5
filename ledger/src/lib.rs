//! How it is written down: one durable writer over SQLite, and many readers beside it.

pub mod draft;
pub mod publisher;
pub mod signer;
