//! How it is written down: one durable writer over SQLite, and many readers beside it.
//!
//! [`Ledger`] records signed statements, [`Reader`] answers from what is recorded. Whether a statement holds is decided by the
//! crate `verifier`, never here.

mod admission;
mod announcer;
mod backup;
mod batch;
mod clock;
mod dossier;
pub mod draft;
mod erase;
mod error;
mod export;
mod find;
mod fsck;
mod guard;
mod heads;
pub mod index;
mod ledger;
mod lifecycle;
mod lock;
mod own_policy;
mod prover;
pub mod publisher;
mod reader;
mod receipt;
mod recorder;
mod sequencer;
pub mod signer;
mod state;
mod statement_ids;
mod static_tree;
mod stats;
mod store;
mod subject_map;
mod submission;
mod together;
mod tree;
pub mod witness;
mod writer;

pub use admission::SignedStatement;
pub use backup::backup;
pub use batch::Outcome;
pub use clock::{Clock, SystemClock};
pub use erase::Scrubbed;
pub use error::{LedgerError, Refusal};
pub use export::Exported;
pub use find::Finder;
pub use fsck::{Finding, FsckReport, fsck};
pub use guard::GuardError;
pub use heads::Heads;
pub use ledger::{ATTACHMENTS, InitOptions, LOG_KEY, Ledger, NEXT_LOG_KEY};
pub use lock::LockError;
pub use reader::{Reader, Recorded};
pub use receipt::ReceiptParts;
pub use signer::{PrivateKey, SignerError};
pub use stats::Stats;
pub use store::StoreError;
pub use writer::{BATCH_SECONDS, ENTRIES};

pub(crate) use verifier::log::hash::hex;
