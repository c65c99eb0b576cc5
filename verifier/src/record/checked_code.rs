//! Codes that carry a check of their own: the unified social credit code (统一社会信用代码) and the number under which land
//! supply is supervised (电子监管号).
//!
//! A wrong one is never refused, since what a notice says stands as it was signed; whoever looks at it is told.

/// The alphabet of GB 32100-2015 §4: digits and capitals without I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Characters of a unified social credit code.
const LENGTH: usize = 18;

/// What is wrong with a unified social credit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditCodeFault {
    /// A letter that its alphabet does not have.
    Letter(char),
    /// Its last character is not the one that the others call for.
    Check {
        /// The one they call for.
        expected: char,
        /// The one it has.
        found: char,
    },
}

/// What is wrong with a unified social credit code (GB 32100-2015); nothing with what is none, being of another length or
/// holding other than digits and capitals.
pub fn credit_code_fault(code: &str) -> Option<CreditCodeFault> {
    if code.len() != LENGTH || !code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
        return None;
    }
    let value = |b: u8| ALPHABET.iter().position(|known| *known == b);
    let (mut sum, mut weight) = (0, 1);
    for b in code.bytes().take(LENGTH - 1) {
        let Some(value) = value(b) else { return Some(CreditCodeFault::Letter(char::from(b))) };
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    let found = code.bytes().last()?;
    if value(found).is_none() {
        return Some(CreditCodeFault::Letter(char::from(found)));
    }
    let expected = *ALPHABET.get((31 - sum % 31) % 31)?;
    (expected != found).then(|| CreditCodeFault::Check { expected: expected.into(), found: found.into() })
}

/// The letter of a supervision number, region (6), year (4), letter, serial (5): `A` for an allocation (划拨), `B` for a paid
/// transfer (出让); nothing for what is none.
pub fn supervision_letter(number: &str) -> Option<char> {
    let b = number.as_bytes();
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let formed = b.len() == 16 && digits(&b[..10]) && digits(&b[11..]);
    formed.then(|| char::from(b[10])).filter(|letter| matches!(letter, 'A' | 'B'))
}

/// Whether a supervision number's letter and the method of supply disagree.
pub fn supervision_disagrees(number: &str, method: &str) -> bool {
    supervision_letter(number).is_some_and(|letter| (letter == 'A') != (method == "allocation"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_character_of_a_credit_code() {
        for right in ["91350100M000100Y43", "91110000600037341L"] {
            assert_eq!(credit_code_fault(right), None);
        }
        assert_eq!(credit_code_fault("91350100M000100Y44"), Some(CreditCodeFault::Check { expected: '3', found: '4' }));
        assert_eq!(credit_code_fault("91350100M000100Y4O"), Some(CreditCodeFault::Letter('O')));
        for none in ["", "centre", "91350100M000100Y4", "91350100m000100y43", "91350100M000100Y433"] {
            assert_eq!(credit_code_fault(none), None, "{none}");
        }
    }

    #[test]
    fn one_changed_character_is_found() {
        let code = "91350100M000100Y43";
        for at in 0..code.len() {
            for other in ALPHABET {
                let mut changed = code.as_bytes().to_vec();
                changed[at] = *other;
                let changed = core::str::from_utf8(&changed).unwrap();
                assert_eq!(credit_code_fault(changed).is_none(), changed == code, "{changed}");
            }
        }
    }

    #[test]
    fn the_letter_of_a_supervision_number() {
        assert!(!supervision_disagrees("1306262018B00730", "listing"));
        assert!(!supervision_disagrees("1306262018A00730", "allocation"));
        assert!(supervision_disagrees("1306262018A00730", "listing"));
        assert!(supervision_disagrees("1306262018B00730", "allocation"));
        assert!(!supervision_disagrees("1306262018C00730", "allocation"));
        assert!(!supervision_disagrees("130626", "allocation"));
    }
}
