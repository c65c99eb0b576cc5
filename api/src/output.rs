//! What the user sees: text in his language, or JSON for machines; never a control character from outside.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use serde_json::Value as Json;

use crate::failure::Failure;
use crate::language::Language;

/// The longest input read from a file or standard input in one piece, in bytes.
const MAX_INPUT: u64 = 64 << 20;

/// How to speak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// The language of texts.
    pub(crate) language: Language,
    /// Whether machines read it.
    pub(crate) json: bool,
}

impl Output {
    /// Prints a text for people, or the same as JSON for machines.
    pub(crate) fn print(self, text: &str, json: &Json) {
        let line = if self.json { json.to_string() } else { text.trim_end().to_owned() };
        // Nobody listens any more when standard output is closed; what was done is done.
        let _ = writeln!(std::io::stdout(), "{line}");
    }

    /// The text in the user's language.
    pub(crate) fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        self.language.pick(zh, en)
    }
}

/// Text from outside, made safe for a terminal: control and bidirectional characters are shown as code points.
pub(crate) fn plain(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    text.chars().map(|c| if hidden(c) { format!("<U+{:04X}>", c as u32) } else { c.to_string() }).collect()
}

/// Reads a whole file, or standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let result = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_INPUT + 1).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(MAX_INPUT + 1).read_to_string(&mut text))
    };
    result.map_err(|error| Failure::file(path, &error))?;
    if text.len() as u64 > MAX_INPUT {
        return Err(Failure::operational(format_args!("{}: longer than {MAX_INPUT} bytes", path.display())));
    }
    Ok(text)
}

/// Writes a file in one step (a reader sees the old one or the new one), or standard output for `-`.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let fail = |error: std::io::Error| Failure::file(path, &error);
    if path == Path::new("-") {
        return std::io::stdout().write_all(bytes).map_err(fail);
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file =
        tempfile::Builder::new().prefix(".mingzhang-").permissions(permissions()).tempfile_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}

fn permissions() -> fs::Permissions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::Permissions::from_mode(0o644)
    }
    #[cfg(not(unix))]
    {
        fs::metadata(".").map(|metadata| metadata.permissions()).expect("the current directory has permissions")
    }
}

/// Writes a new file that only its owner can read (0600), durably.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written =
        ledger::signer::create_private(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| Failure::file(path, &error))
}
