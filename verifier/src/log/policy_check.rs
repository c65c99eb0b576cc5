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

/// A checkpoint that a policy's log signed, and who cosigned it; only [`Policy::check`], which also asks for the quorum,
/// and [`Policy::check_log`] make one.
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
        let signer = self.signing_log(note)?;
        let cosigned = self.cosigned(note)?;
        let log = signer.ok_or_else(|| not_signed(note))?.clone();
        Ok(Witnessed { log, cosigned })
    }

    /// The log of this policy, named like the checkpoint's origin, that signed it: the first one where several keys did. Nobody
    /// is asked to have cosigned, and a witness's false line takes nothing from what the log signed: enough for evidence
    /// against the log.
    ///
    /// # Errors
    /// [`PolicyCheckError`] naming what is missing or false.
    pub fn signer(&self, note: &SignedCheckpoint) -> Result<&LogEntry, PolicyCheckError> {
        self.check_known(note)?;
        self.signing_log(note)?.ok_or_else(|| not_signed(note))
    }

    fn signing_log(&self, note: &SignedCheckpoint) -> Result<Option<&LogEntry>, CheckpointError> {
        let mut signer = None;
        for log in self.logs() {
            match note.signed_by(&log.key) {
                Ok(()) if *log.key.name() == note.checkpoint.origin => signer = signer.or(Some(log)),
                // A log of another name signed too, which is no reason to believe this origin.
                Ok(()) | Err(CheckpointError::NotSigned { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(signer)
    }

    fn check_known(&self, note: &SignedCheckpoint) -> Result<(), PolicyCheckError> {
        let origin = &note.checkpoint.origin;
        if self.logs().iter().any(|log| log.key.name() == origin) {
            return Ok(());
        }
        Err(PolicyCheckError::UnknownLog { origin: origin.clone() })
    }

    /// Verifies who cosigned a checkpoint of one of this policy's logs, asking neither for the log's own signature nor
    /// for the quorum: enough to tell a time by.
    ///
    /// # Errors
    /// [`PolicyCheckError::UnknownLog`] for another origin, [`PolicyCheckError::Witness`] if a known witness's line
    /// does not verify.
    pub fn cosigned(&self, note: &SignedCheckpoint) -> Result<Cosigned, PolicyCheckError> {
        self.check_known(note)?;
        let timestamps =
            self.witnesses().iter().map(|witness| cosignatures(note, &witness.key)).collect::<Result<_, _>>()?;
        Ok(Cosigned::new(Arc::clone(&self.rules), timestamps))
    }
}

fn not_signed(note: &SignedCheckpoint) -> PolicyCheckError {
    PolicyCheckError::NotSigned { origin: note.checkpoint.origin.clone() }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};

    use super::{super::test_signer::TestSigner, *};

    const ORIGIN: &str = "example.com/log";
    const BODY: &str = "example.com/log\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn witness(number: u8) -> TestSigner {
        TestSigner::witness(&format!("w{number}.example"), number)
    }

    /// One log and witnesses w1, w2, w3, as in the module doc of `policy`.
    fn policy(quorum: &str) -> Policy {
        let [log, w1, w2, w3] =
            [TestSigner::log(ORIGIN, 11), witness(1), witness(2), witness(3)].map(|signer| signer.vkey());
        let text = format!(
            "log {log}\nwitness w1 {w1}\nwitness w2 {w2}\nwitness w3 {w3}\n\
             group replay all w1 w2\ngroup everyone 2 replay w3\nquorum {quorum}\n"
        );
        Policy::parse(text).expect("a policy")
    }

    fn note(body: &str, lines: &[String]) -> SignedCheckpoint {
        SignedCheckpoint::parse(&format!("{body}\n{}", lines.concat())).expect("well-formed")
    }

    fn cosigned_at(times: &[(u8, u64)]) -> Cosigned {
        let mut lines = vec![TestSigner::log("unknown", 99).sign(BODY)];
        lines.extend(times.iter().map(|&(number, time)| witness(number).cosign(BODY, time)));
        policy("everyone").cosigned(&note(BODY, &lines)).expect("all lines verify")
    }

    #[test]
    fn a_checkpoint_signed_and_cosigned_enough_is_witnessed() {
        let log = TestSigner::log(ORIGIN, 11);
        let mut lines = vec![log.sign(BODY)];
        let check = |lines: &[String], quorum| policy(quorum).check(&note(BODY, lines));
        assert!(check(&lines, "none").is_ok());
        lines.push(witness(1).cosign(BODY, 100));
        lines.push(witness(2).cosign(BODY, 200));
        assert!(check(&lines, "w1").is_ok() && check(&lines, "replay").is_ok());
        let error = PolicyCheckError::Quorum { cosigned: 2, witnesses: 3 };
        assert_eq!(check(&lines, "everyone"), Err(error.clone()));
        assert_eq!(check(&lines, "w3"), Err(error));
        lines.push(witness(3).cosign(BODY, 300));
        let witnessed = check(&lines, "everyone").expect("the quorum cosigned");
        assert_eq!(witnessed.log().key, log.verifier_key);
        assert_eq!(witnessed.cosigned().timestamps(), [[100], [200], [300]]);
    }

    #[test]
    fn the_log_must_be_one_of_the_policy_by_name_and_key() {
        let policy = policy("none");
        let unsigned = PolicyCheckError::NotSigned { origin: ORIGIN.into() };
        let stranger = TestSigner::log(ORIGIN, 12);
        assert_eq!(policy.check(&note(BODY, &[stranger.sign(BODY)])), Err(unsigned.clone()));
        assert_eq!(policy.check(&note(BODY, &[witness(1).cosign(BODY, 1)])), Err(unsigned));
        // The trusted key under its own name, below a checkpoint of another origin.
        let other = BODY.replace(ORIGIN, "example.com/other");
        let signed = note(&other, &[TestSigner::log(ORIGIN, 11).sign(&other)]);
        let unknown = PolicyCheckError::UnknownLog { origin: "example.com/other".into() };
        assert_eq!(policy.check(&signed), Err(unknown.clone()));
        assert_eq!(policy.cosigned(&signed), Err(unknown));
    }

    #[test]
    fn either_key_of_a_log_that_changed_keys_will_do_but_no_other_log_signs_for_it() {
        let (old, new) = (TestSigner::log(ORIGIN, 11), TestSigner::log(ORIGIN, 12));
        let neighbour = TestSigner::log("example.com/neighbour", 13);
        let text = format!("log {}\nlog {}\nlog {}\nquorum none\n", old.vkey(), new.vkey(), neighbour.vkey());
        let policy = Policy::parse(text).expect("a policy");
        let signer = |lines: &[String]| policy.check(&note(BODY, lines)).map(|witnessed| witnessed.log().key.clone());
        assert_eq!(signer(&[new.sign(BODY)]), Ok(new.verifier_key.clone()));
        assert_eq!(signer(&[new.sign(BODY), old.sign(BODY)]), Ok(old.verifier_key.clone()));
        let unsigned = PolicyCheckError::NotSigned { origin: ORIGIN.into() };
        assert_eq!(signer(&[neighbour.sign(BODY)]), Err(unsigned));
        let key_id = old.verifier_key.key_id();
        let bad = CheckpointError::BadSignature { name: ORIGIN.into(), key_id };
        assert_eq!(signer(&[new.sign(BODY), old.sign("forged")]), Err(bad.into()));
    }

    #[test]
    fn a_false_line_of_a_known_witness_condemns_even_what_does_not_need_it() {
        let lines = [TestSigner::log(ORIGIN, 11).sign(BODY), witness(3).cosign("forged", 5)];
        let bad =
            CosignatureError::BadSignature { name: "w3.example".into(), key_id: witness(3).verifier_key.key_id() };
        assert_eq!(policy("none").check(&note(BODY, &lines)), Err(bad.clone().into()));
        assert_eq!(policy("none").cosigned(&note(BODY, &lines[1..])), Err(bad.into()));
        // What the log signed it signed all the same.
        assert_eq!(
            policy("none").signer(&note(BODY, &lines)).map(|log| &log.key),
            Ok(&TestSigner::log(ORIGIN, 11).verifier_key)
        );
        // A stranger's line may say anything.
        let lines = [TestSigner::log(ORIGIN, 11).sign(BODY), TestSigner::witness("w9", 9).cosign("forged", 5)];
        assert!(policy("none").check(&note(BODY, &lines)).is_ok());
    }

    #[test]
    fn times_are_told_without_the_logs_own_signature() {
        let lines = [witness(1).cosign(BODY, 7), TestSigner::log(ORIGIN, 11).sign("forged")];
        let cosigned = policy("everyone").cosigned(&note(BODY, &lines)).expect("the witness's line verifies");
        assert_eq!(cosigned.timestamps(), [vec![7], vec![], vec![]]);
    }

    #[test]
    fn late_and_early_are_the_times_at_which_enough_had_cosigned() {
        let (replay, quorum) = (Some("replay"), None);
        let all = cosigned_at(&[(1, 100), (2, 200), (3, 300)]);
        assert!(all.satisfies("replay") && all.satisfies("everyone") && all.satisfies_quorum());
        assert_eq!((all.late(replay), all.early(replay)), (Some(200), Some(100)));
        assert_eq!((all.late(quorum), all.early(quorum)), (Some(300), Some(100)));
        // The earliest of several times counts for late, the latest for early.
        let twice = cosigned_at(&[(1, 100), (1, 900), (2, 200), (2, 500)]);
        assert_eq!((twice.late(replay), twice.early(replay)), (Some(200), Some(500)));
        assert_eq!((twice.late(quorum), twice.early(quorum)), (None, None));
        assert!(!twice.satisfies_quorum());
        // Names that are no group of this policy, a witness's among them.
        assert!(!all.satisfies("w1") && !all.satisfies("none") && !all.satisfies("nobody"));
        assert_eq!((all.late(Some("nobody")), all.early(Some("w1"))), (None, None));
    }

    #[test]
    fn timestamp_zero_counts_for_nothing() {
        let zero = cosigned_at(&[(1, 0), (2, 5), (3, 6)]);
        assert!(!zero.satisfies("replay") && !zero.satisfies_quorum());
        assert_eq!((zero.late(Some("replay")), zero.early(None)), (None, None));
        assert_eq!(zero.timestamps(), [vec![], vec![5], vec![6]]);
    }

    #[test]
    fn quorum_none_is_always_met_and_has_no_time() {
        let lines = [witness(1).cosign(BODY, 7), witness(2).cosign(BODY, 8)];
        let cosigned = policy("none").cosigned(&note(BODY, &lines)).expect("all lines verify");
        assert!(cosigned.satisfies_quorum());
        assert_eq!((cosigned.late(None), cosigned.early(None)), (None, None));
        assert_eq!(cosigned.late(Some("replay")), Some(8));
    }

    #[test]
    fn every_truncation_and_every_changed_byte_is_refused_or_in_a_line_nobody_needs() {
        let policy = policy("everyone");
        let needed = [
            TestSigner::log(ORIGIN, 11).sign(BODY),
            witness(1).cosign(BODY, 1),
            witness(2).cosign(BODY, 2),
            witness(3).cosign(BODY, 3),
        ];
        let spare = TestSigner::witness("w9", 9).cosign(BODY, 9);
        let text = format!("{BODY}\n{}{spare}", needed.concat());
        let accepted = |bytes: &[u8]| {
            let note = str::from_utf8(bytes).ok().and_then(|text| SignedCheckpoint::parse(text).ok());
            note.is_some_and(|note| policy.check(&note).is_ok())
        };
        let spare_from = text.len() - spare.len();
        assert!(accepted(text.as_bytes()) && accepted(&text.as_bytes()[..spare_from]));
        for at in 0..text.len() {
            assert!(at == spare_from || !accepted(&text.as_bytes()[..at]), "cut at {at}");
            for change in [0x01_u8, 0x80, 0x20, 0x04] {
                let mut changed = text.as_bytes().to_vec();
                changed[at] ^= change;
                // In a spare line a change may be harmless, but never a panic.
                let harmless = accepted(&changed);
                assert!(at >= spare_from || !harmless, "byte {at} changed by {change:#x}");
            }
        }
    }
}
