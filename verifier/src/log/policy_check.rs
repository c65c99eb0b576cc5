//! A checkpoint under a policy: is it one a trusted log signed and enough witnesses saw?
//!
//! Every line of a key the policy knows must verify, or the whole note is rejected; lines of other keys are ignored.

use alloc::{string::String, sync::Arc};

use super::{
    checkpoint::{CheckpointError, SignedCheckpoint},
    cosignature::{CosignatureError, cosignatures},
    policy::{LogEntry, Policy},
    quorum::Cosigned,
};

/// Why a checkpoint does not satisfy a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyCheckError {
    /// No log of the policy has this origin.
    #[error("the checkpoint is of {origin}, which is not the name of any log key in the policy")]
    UnknownLog {
        /// The origin of the checkpoint.
        origin: String,
    },
    /// Not signed by any key the policy lists for this origin.
    #[error("the checkpoint of {origin} is not signed by any key the policy lists for that log")]
    NotSigned {
        /// The origin of the checkpoint.
        origin: String,
    },
    /// A trusted log's line that does not verify.
    #[error(transparent)]
    Log(#[from] CheckpointError),
    /// A known witness's line that does not verify.
    #[error(transparent)]
    Witness(#[from] CosignatureError),
    /// Too few cosignatures.
    #[error("the policy's quorum is not met: {cosigned} of its {witnesses} witnesses cosigned this checkpoint")]
    Quorum {
        /// How many of the policy's witnesses cosigned.
        cosigned: usize,
        /// How many witnesses the policy has.
        witnesses: usize,
    },
}

/// A checkpoint that satisfies a policy; only [`Policy::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    log: LogEntry,
    cosigned: Cosigned,
}

impl Witnessed {
    /// The log that signed, as the policy lists it; the first one where several keys did.
    pub fn log(&self) -> &LogEntry {
        &self.log
    }

    /// Who cosigned, and when.
    pub fn cosigned(&self) -> &Cosigned {
        &self.cosigned
    }
}

impl Policy {
    /// Checks that a log of this policy, named like the checkpoint's origin, signed it and that the quorum cosigned it.
    /// Costs one signature verification for each line of a known key, at most 64.
    ///
    /// # Errors
    /// [`PolicyCheckError`] naming what is missing or false.
    pub fn check(&self, note: &SignedCheckpoint) -> Result<Witnessed, PolicyCheckError> {
        let witnessed = self.check_log(note)?;
        if !witnessed.cosigned.satisfies_quorum() {
            let timestamps = witnessed.cosigned.timestamps();
            let absent = timestamps.iter().filter(|timestamps| timestamps.is_empty()).count();
            return Err(PolicyCheckError::Quorum { cosigned: timestamps.len() - absent, witnesses: timestamps.len() });
        }
        Ok(witnessed)
    }

    /// As [`Policy::check`], but for the quorum: enough for a receipt that is younger than its cosignatures.
    ///
    /// # Errors
    /// [`PolicyCheckError`] naming what is missing or false.
    pub fn check_log(&self, note: &SignedCheckpoint) -> Result<Witnessed, PolicyCheckError> {
        let origin = &note.checkpoint.origin;
        let mut signer = None;
        for log in self.logs() {
            match note.signed_by(&log.key) {
                Ok(()) if log.key.name() == origin => signer = signer.or(Some(log)),
                // A log of another name signed too, which is no reason to believe this origin.
                Ok(()) | Err(CheckpointError::NotSigned { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let cosigned = self.cosigned(note)?;
        let log = signer.ok_or_else(|| PolicyCheckError::NotSigned { origin: origin.clone() })?.clone();
        Ok(Witnessed { log, cosigned })
    }

    /// Verifies who cosigned a checkpoint of one of this policy's logs, asking neither for the log's own signature nor
    /// for the quorum: enough to tell a time by.
    ///
    /// # Errors
    /// [`PolicyCheckError::UnknownLog`] for another origin, [`PolicyCheckError::Witness`] if a known witness's line
    /// does not verify.
    pub fn cosigned(&self, note: &SignedCheckpoint) -> Result<Cosigned, PolicyCheckError> {
        let origin = &note.checkpoint.origin;
        if !self.logs().iter().any(|log| log.key.name() == origin) {
            return Err(PolicyCheckError::UnknownLog { origin: origin.clone() });
        }
        let timestamps =
            self.witnesses().iter().map(|witness| cosignatures(note, &witness.key)).collect::<Result<_, _>>()?;
        Ok(Cosigned::new(Arc::clone(&self.rules), timestamps))
    }
}
