//! From what an audit stops at to what is told of it, with the evidence that can be had.

use verifier::audit::Fault;
use verifier::client::{Discontinued, TreeFault};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::record::replay::OwedError;

use super::super::lang::Lang;
use super::super::message::Message;
use super::super::report::Failure;
use super::alert::{Condition, Kind};
use super::trail::Trail;

/// A head that does not continue what was seen.
pub(super) fn discontinuity(discontinued: Discontinued, head: &SignedCheckpoint, lang: Lang) -> Condition {
    match discontinued {
        Discontinued::Fork { fault, evidence } => {
            let failure = Failure::found(&fault, false, lang);
            Condition::new(Kind::Fork, &named(head), failure).proven_by(evidence.map(|evidence| *evidence))
        }
        Discontinued::Rollback { seen, found, evidence } => {
            let message = Message::Rollback { seen: seen.0, found: found.0 }.text(lang);
            let failure = Failure::rejected("rollback", None, message);
            Condition::new(Kind::Rollback, &seen.to_string(), failure).proven_by(Some(*evidence))
        }
    }
}

/// What stopped the audit of a head.
pub(super) fn condemned(
    fault: TreeFault,
    trail: &mut Trail,
    seen: Option<&SignedCheckpoint>,
    head: &SignedCheckpoint,
    lang: Lang,
) -> Condition {
    if let Some(fork) = trail.follower.fork(&fault, seen, head) {
        let mut failure = Failure::found(&fault, false, lang);
        failure.rule = "fork";
        return Condition::new(Kind::Fork, &named(head), failure).proven_by(Some(fork));
    }
    match fault.unproven() {
        TreeFault::Entry(error) => {
            let proof = trail.follower.prove_fault(&error, head);
            Condition { proof, ..wrong(&error.into(), lang) }
        }
        fault => wrong(&fault, lang),
    }
}

/// Something false that only whoever audits sees.
pub(super) fn wrong(fault: &TreeFault, lang: Lang) -> Condition {
    let failure = Failure::found(fault, fault.is_newer_format(), lang);
    Condition::new(kind_of(fault), &fault.to_string(), failure)
}

fn named(head: &SignedCheckpoint) -> String {
    format!("{}\n{}", head.checkpoint.size, head.checkpoint.root)
}

fn kind_of(fault: &TreeFault) -> Kind {
    match fault {
        TreeFault::Entry(error) => match &error.fault {
            fault if fault.is_newer_format() => Kind::NewerFormat,
            Fault::Map { .. } => Kind::WrongMapRoot,
            Fault::Owed(OwedError::Withheld { .. } | OwedError::NoRules) => Kind::Withheld,
            Fault::Root { .. } | Fault::NoSeal { .. } | Fault::LogKey { .. } | Fault::Origin { .. } => {
                Kind::BadCheckpoint
            }
            _ => Kind::BadEntry,
        },
        TreeFault::Missing { .. } => Kind::Withheld,
        TreeFault::Fork { .. } => Kind::Fork,
        TreeFault::Checkpoint { .. } | TreeFault::Head(_) | TreeFault::Cosignature { .. } | TreeFault::Name { .. } => {
            Kind::BadCheckpoint
        }
        _ => Kind::BadTree,
    }
}
