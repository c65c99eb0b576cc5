//! Trust policies (信任策略): whose word counts, written by whoever relies on the log (C2SP tlog-policy).
//!
//! ```text
//! # the log, and who watches it
//! log <vkey> [<url>]
//! witness w1 <vkey> [<url>]
//! witness w2 <vkey>
//! witness w3 <vkey>
//! group replay all w1 w2             all | any | <k>
//! group everyone 2 replay w3
//! quorum everyone                    or: quorum none
//! ```
//!
//! Names mean something within the file only and are octets, not text. A group names what stands above it, a name is a
//! member at most once, and there is exactly one quorum line. Checking a checkpoint against a policy is in
//! [`policy_check`](super::policy_check).

use alloc::{
    string::{String, ToString as _},
    sync::Arc,
    vec::Vec,
};

pub use super::{
    policy_check::{PolicyCheckError, Witnessed},
    quorum::Cosigned,
};
use super::{
    quorum::{NamedRule, Rule, Rules},
    vkey::{KeyKind, VerifierKey, VerifierKeyError},
};

/// The longest policy, in bytes.
pub const MAX_LENGTH: usize = 1 << 20;

/// The most logs, and the most witnesses and groups together, of a policy.
pub const MAX_LINES: usize = 1024;

/// Where and why a text is not a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy, line {line}: {fault}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: PolicyFault,
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// Longer than [`MAX_LENGTH`].
    #[error("a policy is at most {MAX_LENGTH} bytes, found {found}")]
    TooLong {
        /// The length in bytes.
        found: usize,
    },
    /// More than [`MAX_LINES`].
    #[error("a policy has at most {MAX_LINES} logs, and as many witnesses and groups")]
    TooMany,
    /// An octet that is neither tab nor printable.
    #[error("control characters are not allowed, found 0x{found:02x}")]
    ControlCharacter {
        /// The octet.
        found: u8,
    },
    /// The last line does not end.
    #[error("the last line must end with a newline; is the file cut off?")]
    NoFinalNewline,
    /// The first word is none of the four.
    #[error("expected a line beginning with log, witness, group or quorum, or a comment beginning with #")]
    Keyword,
    /// Too few or too many words.
    #[error("expected: {expected}")]
    Words {
        /// The form of such a line.
        expected: &'static str,
    },
    /// A key that is not one.
    #[error(transparent)]
    Key(#[from] VerifierKeyError),
    /// A log with a witness's key, or the other way round.
    #[error("expected a key of type 0x{expected:02x} on this line, found 0x{found:02x}")]
    KeyKind {
        /// The type byte such a line needs.
        expected: u8,
        /// The type byte of the key.
        found: u8,
    },
    /// The same public key in two log lines or two witness lines, under whatever name.
    #[error("this public key stands on a line above already; every log and every witness needs its own")]
    DuplicateKey,
    /// A witness or group with a name that is taken, or `none`.
    #[error("this name is taken; witnesses and groups share their names, and none is reserved")]
    DuplicateName,
    /// A name that stands on no line above.
    #[error("{name} is neither a witness nor a group of a line above")]
    UnknownName {
        /// The name, for showing.
        name: String,
    },
    /// A name that is a member already.
    #[error("{name} is a member of a group already; each name may be listed once")]
    MemberTwice {
        /// The name, for showing.
        name: String,
    },
    /// Not `all`, `any` or a number of members.
    #[error("expected all, any or a number from 1 to {members} without leading zero")]
    Threshold {
        /// How many members the group has.
        members: usize,
    },
    /// A second quorum line.
    #[error("a policy has exactly one quorum line, this is the second")]
    SecondQuorum,
    /// No quorum line at all.
    #[error("a policy needs a quorum line; write quorum none to require no cosignature")]
    NoQuorum,
}

/// A log that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its key; the name of the key is the origin of its checkpoints.
    pub key: VerifierKey,
    /// Where it is reached, if the policy says so; octets that are not UTF-8 are replaced.
    pub url: Option<String>,
}

/// A witness (见证人) that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessEntry {
    /// Its name within the policy, for showing: octets that are not UTF-8 are replaced.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// Where it is reached, if the policy says so; octets that are not UTF-8 are replaced.
    pub url: Option<String>,
}

/// Which logs are trusted, which witnesses known, and how many of them must have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<LogEntry>,
    witnesses: Vec<WitnessEntry>,
    pub(super) rules: Arc<Rules>,
}

impl Policy {
    /// Parses a policy file of at most [`MAX_LENGTH`] bytes, every line of it ended by a newline.
    ///
    /// # Errors
    /// [`PolicyError`] with the line of the first rule broken.
    pub fn parse(policy: impl AsRef<[u8]>) -> Result<Self, PolicyError> {
        let policy = policy.as_ref();
        if policy.len() > MAX_LENGTH {
            return Err(PolicyError { line: 1, fault: PolicyFault::TooLong { found: policy.len() } });
        }
        let (mut lines, mut line) = (Lines::default(), 1);
        for text in policy.split_inclusive(|&octet| octet == b'\n') {
            let text = text.strip_suffix(b"\n").ok_or(PolicyFault::NoFinalNewline);
            text.and_then(|text| lines.read(text)).map_err(|fault| PolicyError { line, fault })?;
            line += 1;
        }
        lines.finish().map_err(|fault| PolicyError { line, fault })
    }

    /// The trusted logs, in the order of their lines.
    pub fn logs(&self) -> &[LogEntry] {
        &self.logs
    }

    /// The known witnesses, in the order of their lines.
    pub fn witnesses(&self) -> &[WitnessEntry] {
        &self.witnesses
    }

    /// Whether no cosignature is required.
    pub fn quorum_is_none(&self) -> bool {
        self.rules.quorum.is_none()
    }

    /// Whether a group (not a witness) of this name is defined.
    pub fn has_group(&self, name: &str) -> bool {
        self.rules.group(name).is_some()
    }
}

/// What the lines read so far have said.
#[derive(Default)]
struct Lines {
    logs: Vec<LogEntry>,
    witnesses: Vec<WitnessEntry>,
    rules: Rules,
    /// For every rule, whether a group has listed it.
    listed: Vec<bool>,
    has_quorum: bool,
}

impl Lines {
    fn read(&mut self, line: &[u8]) -> Result<(), PolicyFault> {
        if let Some(&found) = line.iter().find(|&&octet| (octet < b' ' && octet != b'\t') || octet == 0x7f) {
            return Err(PolicyFault::ControlCharacter { found });
        }
        let words: Vec<&[u8]> =
            line.split(|&octet| matches!(octet, b' ' | b'\t')).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", rest @ ..] => self.read_log(rest),
            [b"witness", rest @ ..] => self.read_witness(rest),
            [b"group", rest @ ..] => self.read_group(rest),
            [b"quorum", rest @ ..] => self.read_quorum(rest),
            _ => Err(PolicyFault::Keyword),
        }
    }

    fn read_log(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let (key, url) = match words {
            [key] => (key, None),
            [key, url] => (key, Some(shown(url))),
            _ => return Err(PolicyFault::Words { expected: "log <vkey> [<url>]" }),
        };
        let key = parse_key(key, KeyKind::Ed25519)?;
        if self.logs.iter().any(|log| log.key.key() == key.key()) {
            return Err(PolicyFault::DuplicateKey);
        }
        if self.logs.len() == MAX_LINES {
            return Err(PolicyFault::TooMany);
        }
        self.logs.push(LogEntry { key, url });
        Ok(())
    }

    fn read_witness(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let (name, key, url) = match words {
            [name, key] => (name, key, None),
            [name, key, url] => (name, key, Some(shown(url))),
            _ => return Err(PolicyFault::Words { expected: "witness <name> <vkey> [<url>]" }),
        };
        let key = parse_key(key, KeyKind::CosignatureV1)?;
        if self.witnesses.iter().any(|witness| witness.key.key() == key.key()) {
            return Err(PolicyFault::DuplicateKey);
        }
        self.define(name, Rule::Witness(self.witnesses.len()))?;
        self.witnesses.push(WitnessEntry { name: shown(name), key, url });
        Ok(())
    }

    fn read_group(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name, threshold, names @ ..] = words else {
            return Err(PolicyFault::Words { expected: "group <name> all|any|<k> <name>..." });
        };
        if names.is_empty() {
            return Err(PolicyFault::Words { expected: "group <name> all|any|<k> <name>..." });
        }
        let threshold = match *threshold {
            b"all" => names.len(),
            b"any" => 1,
            number => parse_threshold(number, names.len())?,
        };
        let mut members = Vec::with_capacity(names.len());
        for name in names {
            let member = self.position(name)?;
            if core::mem::replace(&mut self.listed[member], true) {
                return Err(PolicyFault::MemberTwice { name: shown(name) });
            }
            members.push(member);
        }
        self.define(name, Rule::Group { threshold, members })
    }

    fn read_quorum(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name] = words else {
            return Err(PolicyFault::Words { expected: "quorum <name>, or quorum none" });
        };
        if self.has_quorum {
            return Err(PolicyFault::SecondQuorum);
        }
        self.has_quorum = true;
        self.rules.quorum = if *name == b"none" { None } else { Some(self.position(name)?) };
        Ok(())
    }

    fn define(&mut self, name: &[u8], rule: Rule) -> Result<(), PolicyFault> {
        if name == b"none" || self.rules.position(name).is_some() {
            return Err(PolicyFault::DuplicateName);
        }
        if self.rules.named.len() == MAX_LINES {
            return Err(PolicyFault::TooMany);
        }
        self.rules.named.push(NamedRule { name: name.to_vec(), rule });
        self.listed.push(false);
        Ok(())
    }

    fn position(&self, name: &[u8]) -> Result<usize, PolicyFault> {
        self.rules.position(name).ok_or_else(|| PolicyFault::UnknownName { name: shown(name) })
    }

    fn finish(self) -> Result<Policy, PolicyFault> {
        if !self.has_quorum {
            return Err(PolicyFault::NoQuorum);
        }
        Ok(Policy { logs: self.logs, witnesses: self.witnesses, rules: Arc::new(self.rules) })
    }
}

fn parse_key(word: &[u8], kind: KeyKind) -> Result<VerifierKey, PolicyFault> {
    let key = VerifierKey::parse(str::from_utf8(word).map_err(|_| VerifierKeyError::Malformed)?)?;
    if key.kind() != kind {
        return Err(PolicyFault::KeyKind { expected: kind.byte(), found: key.kind().byte() });
    }
    Ok(key)
}

fn parse_threshold(word: &[u8], members: usize) -> Result<usize, PolicyFault> {
    let number: Option<usize> = str::from_utf8(word).ok().and_then(|word| word.parse().ok());
    // Spelled back, so that "+1" and "01" are not numbers.
    number
        .filter(|number| (1..=members).contains(number) && number.to_string().as_bytes() == word)
        .ok_or(PolicyFault::Threshold { members })
}

fn shown(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::{super::test_signer::TestSigner, *};

    /// A line a name: `L1`, `W1`, … stand for verifier keys.
    fn parse(policy: &str) -> Result<Policy, PolicyError> {
        let mut text = policy.to_string();
        for seed in 1..=5 {
            text = text.replace(&format!("L{seed}"), &TestSigner::log("example.com/log", seed).vkey());
            text = text.replace(&format!("W{seed}"), &TestSigner::witness(&format!("w{seed}.example"), seed).vkey());
        }
        Policy::parse(text)
    }

    #[track_caller]
    fn assert_fault(policy: &str, line: usize, fault: PolicyFault) {
        assert_eq!(parse(policy), Err(PolicyError { line, fault }), "{policy:?}");
    }

    #[test]
    fn a_policy_of_two_levels_is_read() {
        let policy = parse(
            "# who watches\n\n  log\tL1  https://log.example/ \nwitness a W1\nwitness b W2 https://b.example\n \t# more\n\
             witness \u{6b66}\u{6c49} W3\ngroup replay all a b\ngroup everyone 1 replay \u{6b66}\u{6c49}\nquorum everyone\nlog L2\n",
        )
        .expect("a policy");
        assert_eq!(policy.logs().len(), 2);
        assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log.example/"));
        let witness = &policy.witnesses()[2];
        assert_eq!(
            (witness.name.as_str(), witness.key.name(), &witness.url),
            ("\u{6b66}\u{6c49}", "w3.example", &None)
        );
        assert!(!policy.quorum_is_none() && policy.has_group("replay") && policy.has_group("everyone"));
        assert!(!policy.has_group("a") && !policy.has_group("none") && !policy.has_group(""));
        assert!(parse("quorum none\n").is_ok_and(|policy| policy.quorum_is_none() && policy.logs().is_empty()));
        assert!(parse("witness any W1\ngroup all any any\nquorum all\n").is_ok());
    }

    #[test]
    fn names_are_octets_and_urls_too() {
        let witness = TestSigner::witness("w", 1).vkey();
        let policy = [b"witness \xff ", witness.as_bytes(), b" u\xff\ngroup g any \xff\nquorum g\n"].concat();
        assert_eq!(Policy::parse(&policy).expect("a policy").witnesses()[0].url.as_deref(), Some("u\u{fffd}"));
        let other = [b"witness \xff ", witness.as_bytes(), b"\nquorum \xfe\n"].concat();
        let fault = PolicyFault::UnknownName { name: "\u{fffd}".into() };
        assert_eq!(Policy::parse(other), Err(PolicyError { line: 2, fault }));
    }

    #[test]
    fn the_shape_of_the_file_is_checked() {
        assert_fault("", 1, PolicyFault::NoQuorum);
        assert_fault("log L1\n# quorum none\n", 3, PolicyFault::NoQuorum);
        assert_fault("quorum none", 1, PolicyFault::NoFinalNewline);
        assert_fault("quorum none\nquorum none\n", 2, PolicyFault::SecondQuorum);
        assert_fault("quorum none\r\n", 1, PolicyFault::ControlCharacter { found: 13 });
        assert_fault("# \u{7f}\nquorum none\n", 1, PolicyFault::ControlCharacter { found: 127 });
        for line in ["Quorum none\n", "logs L1\n", "\u{a0}quorum none\n", "\u{feff}quorum none\n", "L1\n"] {
            assert_fault(line, 1, PolicyFault::Keyword);
        }
        let long = "#".repeat(MAX_LENGTH + 1);
        assert_fault(&long, 1, PolicyFault::TooLong { found: MAX_LENGTH + 1 });
    }

    #[test]
    fn keys_are_of_the_right_kind_and_stand_once() {
        assert_fault("log W1\n", 1, PolicyFault::KeyKind { expected: 1, found: 4 });
        assert_fault("witness a L1\n", 1, PolicyFault::KeyKind { expected: 4, found: 1 });
        assert_fault("witness a b+00000000+Bg==\n", 1, VerifierKeyError::UnknownType { found: 6 }.into());
        assert_fault("log example.com\n", 1, VerifierKeyError::Malformed.into());
        assert_fault("log L1\nlog L1\n", 2, PolicyFault::DuplicateKey);
        let renamed = format!("log L1\nlog {}\n", TestSigner::log("another.name", 1).vkey());
        assert_fault(&renamed, 2, PolicyFault::DuplicateKey);
        let renamed = format!("witness a W1\nwitness b {}\n", TestSigner::witness("another.name", 1).vkey());
        assert_fault(&renamed, 2, PolicyFault::DuplicateKey);
        assert!(parse("log L1\nwitness a W1\nquorum a\n").is_ok(), "a log and a witness may share a key");
    }

    #[test]
    fn names_stand_for_one_thing_defined_above() {
        let two = "witness a W1\nwitness b W2\n";
        assert_fault("witness none W1\n", 1, PolicyFault::DuplicateName);
        assert_fault("witness a W1\nwitness a W2\n", 2, PolicyFault::DuplicateName);
        assert_fault(&format!("{two}group a any b\n"), 3, PolicyFault::DuplicateName);
        assert_fault(&format!("{two}group none any b\n"), 3, PolicyFault::DuplicateName);
        assert_fault(&format!("{two}group g any none\n"), 3, PolicyFault::UnknownName { name: "none".into() });
        assert_fault(&format!("{two}group g any g\n"), 3, PolicyFault::UnknownName { name: "g".into() });
        assert_fault("quorum a\nwitness a W1\n", 1, PolicyFault::UnknownName { name: "a".into() });
        assert_fault(&format!("{two}group g all a a\n"), 3, PolicyFault::MemberTwice { name: "a".into() });
        let twice = format!("{two}group g all a b\ngroup h any a\n");
        assert_fault(&twice, 4, PolicyFault::MemberTwice { name: "a".into() });
    }

    #[test]
    fn lines_have_the_words_they_need_and_no_more() {
        let words = |line: &str, expected| assert_fault(&format!("{line}\n"), 1, PolicyFault::Words { expected });
        for line in ["log", "log L1 u more", "log L1 # comment here"] {
            words(line, "log <vkey> [<url>]");
        }
        for line in ["witness", "witness a", "witness a W1 u more"] {
            words(line, "witness <name> <vkey> [<url>]");
        }
        for line in ["group", "group g", "group g any"] {
            words(line, "group <name> all|any|<k> <name>...");
        }
        for line in ["quorum", "quorum none none"] {
            words(line, "quorum <name>, or quorum none");
        }
        for threshold in ["0", "3", "01", "+1", "-1", "some", "ALL", "1.0", "99999999999999999999999"] {
            let policy = format!("witness a W1\nwitness b W2\ngroup g {threshold} a b\n");
            assert_fault(&policy, 3, PolicyFault::Threshold { members: 2 });
        }
    }

    #[test]
    fn limits_are_far_above_what_must_be_supported() {
        let group = |number: usize| format!("group {number} any {}\n", number - 1);
        let policy = format!("witness 0 W1\n{}", (1..MAX_LINES).map(group).collect::<Vec<_>>().concat());
        let last = MAX_LINES - 1;
        assert!(parse(&format!("{policy}quorum {last}\n")).is_ok());
        assert_fault(&format!("{policy}group more any {last}\n"), MAX_LINES + 1, PolicyFault::TooMany);
    }
}
