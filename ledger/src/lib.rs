//! How it is written down: one durable writer over SQLite, and many readers beside it.

mod clock;
mod guard;
mod lock;
mod prover;
mod store;
mod subject_map;
mod tree;

pub use clock::{Clock, SystemClock};
pub use guard::GuardError;
pub use lock::LockError;
pub use store::StoreError;
