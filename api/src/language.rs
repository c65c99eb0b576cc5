//! The user's language: `--lang`, else the locale.

use std::env;
use std::sync::OnceLock;

use clap::ValueEnum;

/// A language the program speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

impl Language {
    /// What the locale says: `LC_ALL`, `LC_MESSAGES`, `LANG`; anything but Chinese is English.
    pub(crate) fn of_locale() -> Self {
        let set = |name: &&str| env::var(name).is_ok_and(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find(set).and_then(|name| env::var(name).ok());
        if locale.is_some_and(|locale| locale.to_lowercase().starts_with("zh")) { Self::Zh } else { Self::En }
    }

    /// The text in this language.
    pub(crate) fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// The language of this run, said once at its start.
static CURRENT: OnceLock<Language> = OnceLock::new();

/// Says the language of this run.
pub(crate) fn set(language: Language) {
    let _ = CURRENT.set(language);
}

/// The language of this run; the locale's if none was said.
pub(crate) fn current() -> Language {
    *CURRENT.get_or_init(Language::of_locale)
}
