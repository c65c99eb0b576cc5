//! What audits a ledger from files: where they come from, on all cores, with a memory and evidence.
//!
//! ```text
//! source     an exported directory or an http(s) address, every read within a limit
//! follower   an audit that goes on from head to head: tree, bundle, pipeline, published, attachment
//! state      what it remembers on the disk (kept)   evidence   what it keeps of misbehaviour
//! fault      what is wrong with a tree, beyond its entries          shown      the evidence that the tree itself gives
//! again      whether what was shown once is shown still
//! continuity whether a head continues what was seen before          view       what a witness says it has seen
//! ```
//!
//! Behind the feature `client`, for programs: it has files, threads and a network, and decides nothing that the rest of this
//! crate does not.

mod again;
mod attachment;
mod bundle;
mod continuity;
pub mod evidence;
mod fault;
mod follower;
pub mod kept;
mod pipeline;
mod published;
mod remote;
mod shown;
mod source;
mod state;
mod tree;
mod view;

pub use continuity::Discontinued;
pub use fault::{Stop, TreeFault};
pub use follower::{CONTINUATIONS, Follower, ReadHead, read_head, read_signed_head};
pub use kept::StateError;
pub use remote::{Remote, USER_AGENT};
pub use source::Source;
pub use state::{State, Unfinished};
pub use view::View;
