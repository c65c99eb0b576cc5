//! Remarks on a notice in words: what a person should be told of its spelling and its codes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::lifecycle::remark::About;
use crate::lifecycle::rulebook::Text;
use crate::record::checked_code::CreditCodeFault;
use crate::record::look_alike::{Deceit, LookAlike};

/// What is remarked, in words.
pub fn about(about: &About) -> Text {
    match about {
        About::LookAlikes(found) => look_alikes(found),
        About::CreditCode(fault) => credit_code(*fault),
        About::Supervision(method) => Text {
            zh: format!("电子监管号的字母与供应方式（{method}）不符"),
            en: format!("the letter of the supervision number disagrees with the method ({method})"),
        },
    }
}

/// Each character that looks like another, by its place and its code point.
fn look_alikes(found: &[LookAlike]) -> Text {
    let zh = |one: &LookAlike| {
        format!("第 {} 个字符 U+{:04X}（{}）", one.at + 1, u32::from(one.found), deceit(one.deceit).0)
    };
    let en =
        |one: &LookAlike| format!("character {} U+{:04X} ({})", one.at + 1, u32::from(one.found), deceit(one.deceit).1);
    let (zh, en): (Vec<String>, Vec<String>) = found.iter().map(|one| (zh(one), en(one))).unzip();
    Text { zh: zh.join("；"), en: en.join("; ") }
}

const fn deceit(deceit: Deceit) -> (&'static str, &'static str) {
    match deceit {
        Deceit::Invisible => ("看不见", "invisible"),
        Deceit::Blank => ("异样的空白", "another blank"),
        Deceit::FullWidth => ("全角", "full-width"),
        Deceit::Compatibility => ("兼容字形", "compatibility form"),
        Deceit::Bracket => ("括号不配", "another kind of bracket"),
        Deceit::Letter => ("形似的字母", "a letter that looks like another"),
    }
}

/// What is wrong with a unified social credit code.
pub fn credit_code(fault: CreditCodeFault) -> Text {
    match fault {
        CreditCodeFault::Letter(letter) => Text {
            zh: format!("统一社会信用代码没有字母 {letter}"),
            en: format!("a unified social credit code has no letter {letter}"),
        },
        CreditCodeFault::Check { expected, found } => Text {
            zh: format!("统一社会信用代码的校验码应为 {expected}，实为 {found}"),
            en: format!("the check character of the unified social credit code must be {expected}, is {found}"),
        },
    }
}
