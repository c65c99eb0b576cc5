//! What a witness (见证人) must refuse to cosign (C2SP tlog-witness v1.0.0), in the order in which it is checked.
//!
//! ```text
//! 404   the log is none it knows
//! 403   no key it trusts for that log signed the checkpoint
//! 400   the old size is beyond the checkpoint's
//! 409   the old size is not that of the checkpoint it cosigned last; or it is, and the root of that very size is another
//! 422   the proof does not lead from the one to the other
//! ```
//!
//! Whatever passes continues everything cosigned before. That the checkpoint then becomes the last one in the same step, and
//! is on the disk before the cosignature leaves, is the witness's own to see to. A replay witness asks for more.

use alloc::string::String;

use super::{
    add_checkpoint::AddCheckpoint,
    checkpoint::{Checkpoint, CheckpointError},
    hash::{RootHash, empty_root},
    index::TreeSize,
    proof::{ProofError, check_consistency},
    vkey::VerifierKey,
};

/// Why a witness does not cosign a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// Not a log this witness knows.
    #[error("this witness does not know the log {origin}")]
    UnknownLog {
        /// The origin of the checkpoint.
        origin: String,
    },
    /// Not signed by a key trusted for the log.
    #[error("no key this witness trusts for the log signed the checkpoint: {0}")]
    NotSigned(CheckpointError),
    /// The old size is the larger.
    #[error("the old size {old} is beyond the checkpoint's {size}")]
    OldSize {
        /// The old size given.
        old: TreeSize,
        /// The checkpoint's size.
        size: TreeSize,
    },
    /// The old size is not the last one.
    #[error("the old size is {old}, but the checkpoint cosigned last has {latest}: prove consistency from there")]
    NotLatest {
        /// The old size given.
        old: TreeSize,
        /// The size cosigned last, 0 if none was.
        latest: TreeSize,
    },
    /// Of the size cosigned last, with another root: two heads of one log.
    #[error("at {size} entries the root {cosigned} was cosigned, this checkpoint says {found}: the log has forked")]
    Forked {
        /// The size.
        size: TreeSize,
        /// The root cosigned.
        cosigned: RootHash,
        /// The checkpoint's root.
        found: RootHash,
    },
    /// A proof where none is needed.
    #[error("nothing is to be proven from an empty tree, yet the proof has {found} hashes")]
    NothingToProve {
        /// How many.
        found: usize,
    },
    /// The proof proves nothing.
    #[error("the checkpoint does not continue the one cosigned last: {0}")]
    Inconsistent(#[from] ProofError),
}

impl WitnessRefusal {
    /// The HTTP status the specification asks for.
    pub const fn status(&self) -> u16 {
        match self {
            Self::UnknownLog { .. } => 404,
            Self::NotSigned(_) => 403,
            Self::OldSize { .. } => 400,
            Self::NotLatest { .. } | Self::Forked { .. } => 409,
            Self::NothingToProve { .. } | Self::Inconsistent(_) => 422,
        }
    }
}

/// Checks a request against the keys of all logs known and the checkpoint cosigned last for this log. Costs a signature
/// verification for each line of a trusted key, and two hashes for each of the proof.
///
/// # Errors
/// The first reason not to cosign.
pub fn check(request: &AddCheckpoint, logs: &[VerifierKey], latest: Option<&Checkpoint>) -> Result<(), WitnessRefusal> {
    check_signed(request, logs)?;
    let (old, new) = (request.old, &request.checkpoint.checkpoint);
    if old > new.size {
        return Err(WitnessRefusal::OldSize { old, size: new.size });
    }
    let (latest, root) = latest.map_or((TreeSize(0), empty_root()), |latest| (latest.size, latest.root));
    if old != latest {
        return Err(WitnessRefusal::NotLatest { old, latest });
    }
    if old == new.size && root != new.root {
        return Err(WitnessRefusal::Forked { size: old, cosigned: root, found: new.root });
    }
    if old == TreeSize(0) {
        let found = request.proof.len();
        return if found == 0 { Ok(()) } else { Err(WitnessRefusal::NothingToProve { found }) };
    }
    Ok(check_consistency(old, root, new.size, new.root, &request.proof)?)
}

/// One key of the log must have signed, and every line of a trusted key must verify.
fn check_signed(request: &AddCheckpoint, logs: &[VerifierKey]) -> Result<(), WitnessRefusal> {
    let note = &request.checkpoint;
    let origin = &note.checkpoint.origin;
    let (mut refusal, mut signed) = (WitnessRefusal::UnknownLog { origin: origin.clone() }, false);
    for key in logs.iter().filter(|key| key.name() == origin) {
        match note.signed_by(key) {
            Ok(()) => signed = true,
            Err(error @ CheckpointError::NotSigned { .. }) => refusal = WitnessRefusal::NotSigned(error),
            Err(error) => return Err(WitnessRefusal::NotSigned(error)),
        }
    }
    if signed { Ok(()) } else { Err(refusal) }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec::Vec};

    use super::{
        super::{
            checkpoint::SignedCheckpoint,
            hash::{Hash, LeafHash, leaf_hash, node_hash},
            test_signer::TestSigner,
            tree::{Frontier, root_of},
        },
        *,
    };

    const ORIGIN: &str = "example.com/log";

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|number| leaf_hash(&[number]).0).collect()
    }

    fn checkpoint(size: u8) -> Checkpoint {
        let mut frontier = Frontier::new();
        for leaf in leaves(size) {
            frontier.push(LeafHash(leaf));
        }
        Checkpoint { origin: ORIGIN.into(), size: TreeSize(size.into()), root: frontier.root() }
    }

    fn log() -> TestSigner {
        TestSigner::log(ORIGIN, 1)
    }

    fn request(old: u64, proof: &[Hash], checkpoint: &Checkpoint, signer: &TestSigner) -> AddCheckpoint {
        let body = checkpoint.format();
        let note = SignedCheckpoint::parse(&format!("{body}\n{}", signer.sign(&body))).expect("a note");
        AddCheckpoint { old: TreeSize(old), proof: proof.to_vec(), checkpoint: note }
    }

    /// From two leaves to four: the node over the later two.
    fn two_to_four() -> [Hash; 1] {
        [root_of(leaves(4)[2..].iter().copied()).0]
    }

    #[track_caller]
    fn assert_check(request: &AddCheckpoint, latest: Option<&Checkpoint>, expected: Result<(), (u16, &str)>) {
        let found = check(request, &[log().verifier_key], latest);
        let found = found.map_err(|refusal| (refusal.status(), format!("{refusal:?}")));
        match (found, expected) {
            (Ok(()), Ok(())) => {}
            (Err((status, said)), Err((code, name))) => {
                assert!(status == code && said.starts_with(name), "{status} {said}");
            }
            (found, expected) => panic!("{found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn what_continues_the_last_one_is_cosigned() {
        let (two, four) = (checkpoint(2), checkpoint(4));
        assert_check(&request(0, &[], &two, &log()), None, Ok(()));
        assert_check(&request(2, &two_to_four(), &four, &log()), Some(&two), Ok(()));
        // The same one again, for a fresh time; and the empty log.
        assert_check(&request(4, &[], &four, &log()), Some(&four), Ok(()));
        assert_check(&request(0, &[], &checkpoint(0), &log()), None, Ok(()));
        assert_check(&request(0, &[], &checkpoint(0), &log()), Some(&checkpoint(0)), Ok(()));
    }

    #[test]
    fn every_reason_to_refuse_has_its_status() {
        let (two, four) = (checkpoint(2), checkpoint(4));
        let elsewhere = Checkpoint { origin: "example.com/other".into(), ..checkpoint(2) };
        let unknown = request(0, &[], &elsewhere, &TestSigner::log("example.com/other", 1));
        assert_check(&unknown, None, Err((404, "UnknownLog")));
        assert_check(&request(0, &[], &two, &TestSigner::log(ORIGIN, 2)), None, Err((403, "NotSigned(NotSigned")));
        let mut forged = request(0, &[], &two, &log());
        let body = four.format();
        forged.checkpoint =
            SignedCheckpoint::parse(&format!("{body}\n{}", log().sign("another text"))).expect("a note");
        assert_check(&forged, None, Err((403, "NotSigned(BadSignature")));
        assert_check(&request(5, &[], &four, &log()), Some(&two), Err((400, "OldSize")));
        assert_check(&request(0, &[], &four, &log()), Some(&two), Err((409, "NotLatest")));
        assert_check(&request(2, &[], &four, &log()), None, Err((409, "NotLatest")));
        assert_check(&request(1, &[], &two, &log()), Some(&four), Err((409, "NotLatest")));
        let mut other = four.clone();
        other.root = RootHash(node_hash(other.root.0, other.root.0));
        assert_check(&request(4, &[], &other, &log()), Some(&four), Err((409, "Forked")));
        assert_check(&request(0, &two_to_four(), &four, &log()), None, Err((422, "NothingToProve")));
        assert_check(&request(2, &[], &four, &log()), Some(&two), Err((422, "Inconsistent(Length")));
        assert_check(&request(2, &two_to_four(), &other, &log()), Some(&two), Err((422, "Inconsistent(Root")));
        assert_check(&request(4, &two_to_four(), &four, &log()), Some(&four), Err((422, "Inconsistent(Length")));
    }

    #[test]
    fn either_key_of_a_log_will_do_but_a_false_line_of_a_known_one_will_not() {
        let (old, new) = (log(), TestSigner::log(ORIGIN, 2));
        let keys = [old.verifier_key.clone(), new.verifier_key.clone()];
        let two = checkpoint(2);
        assert_eq!(check(&request(0, &[], &two, &new), &keys, None), Ok(()));
        let body = two.format();
        let lines = format!("{body}\n{}{}", new.sign(&body), old.sign("another text"));
        let note = SignedCheckpoint::parse(&lines).expect("a note");
        let refused = check(&AddCheckpoint { old: TreeSize(0), proof: Vec::new(), checkpoint: note }, &keys, None);
        assert_eq!(refused.map_err(|refusal| refusal.status()), Err(403));
    }
}
