//! Stories of the command line, told as data: `stories/<name>.toml`.
//!
//! ```text
//! begin = "centre"                       first the steps of stories/begin/centre.toml
//! [files]                                files that are there from the beginning
//! "draft.json" = '''{…}'''
//! [[step]]
//! run = "mingzhang show ledger 'P 1'"    the command, with '…' around what holds spaces
//! status = 0                             its exit code (0 if not said)
//! stdout = ["P1"]                        each stands in its output; stderr alike, and `stdout_lacks`, `stderr_lacks`
//! json = { "/entries" = 3 }              its output is JSON and holds these values
//! holds = { "out.json" = ["text"] }      files and what stands in them
//! lacks = { "ledger" = ["text"] }        folders or files no byte of which holds the text: plain, in JSON, or in base64url
//! mode = { "centre.key" = "600" }        permissions
//! same = [["a", "b"]]                    files of the same bytes
//! exists = ["a"]
//! absent = ["b"]
//! ```
//! Beside `run`, a step may `input` text to the command, say the `lang` of its environment, and before it `copy`, `write`,
//! `write_hex` or `remove` files.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use program::{Ran, command, copy, files_under, operator, ran, run_with_input, verifier};
use serde::Deserialize;
use serde_json::Value;

/// Every story, each a test of its name.
macro_rules! stories {
    ($($name:ident)+) => {
        $(#[test]
        fn $name() {
            tell(stringify!($name));
        })+

        #[test]
        fn every_file_is_told() {
            let told = [$(stringify!($name)),+];
            let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
            for path in names {
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                assert!(told.contains(&name.as_str()), "stories/{name}.toml stands in no list");
            }
        }
    };
}

stories! {
    absence_is_proven
    attachments_are_kept
    authority_begins_and_ends
    backups_do_not_sign
    copies_are_found_when_erasing
    dropped_notices_are_evidence
    export_writes_what_is_new
    import_names_every_refused_line
    init_makes_a_ledger_once
    keys_are_private
    languages
    log_key_rotates
    personal_data_is_erased
    receipts_verify
    refusals_change_nothing
    root_key_rotates
    sealed_prices_are_revealed
    stages_are_proven_absent
    supervisors_stay_in_their_region
    timelines_and_counts
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    /// What it is about, for whom reads it.
    #[serde(rename = "about")]
    _about: String,
    begin: Option<String>,
    #[serde(default)]
    files: BTreeMap<PathBuf, String>,
    step: Vec<Step>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Step {
    copy: Vec<(PathBuf, PathBuf)>,
    write: BTreeMap<PathBuf, String>,
    write_hex: BTreeMap<PathBuf, String>,
    remove: Vec<PathBuf>,
    run: String,
    input: Option<String>,
    lang: Option<String>,
    status: i32,
    stdout: Vec<String>,
    stderr: Vec<String>,
    stdout_lacks: Vec<String>,
    stderr_lacks: Vec<String>,
    json: BTreeMap<String, Value>,
    holds: BTreeMap<PathBuf, Vec<String>>,
    lacks: BTreeMap<PathBuf, Vec<String>>,
    mode: BTreeMap<PathBuf, String>,
    same: Vec<(PathBuf, PathBuf)>,
    exists: Vec<PathBuf>,
    absent: Vec<PathBuf>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/stories")
}

fn tell(name: &str) {
    let dir = tempfile::tempdir().unwrap();
    play(&folder().join(format!("{name}.toml")), dir.path());
}

fn play(path: &Path, dir: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let story: Story = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if let Some(begin) = &story.begin {
        play(&folder().join(format!("begin/{begin}.toml")), dir);
    }
    for (file, content) in &story.files {
        fs::write(dir.join(file), content).unwrap();
    }
    for step in &story.step {
        take(step, dir);
    }
}

/// Takes one step and checks what came of it.
#[track_caller]
fn take(step: &Step, dir: &Path) {
    prepare(step, dir);
    let ran = run(step, dir);
    let said = format!("$ {}\n{}{}", step.run, ran.out, ran.err);
    assert_eq!(ran.code, step.status, "exit code of {said}");
    for (where_, text, wanted) in [("stdout", &ran.out, &step.stdout), ("stderr", &ran.err, &step.stderr)] {
        for wanted in wanted {
            assert!(text.contains(wanted.as_str()), "{where_} lacks `{wanted}`: {said}");
        }
    }
    for (where_, text, unwanted) in [("stdout", &ran.out, &step.stdout_lacks), ("stderr", &ran.err, &step.stderr_lacks)]
    {
        for unwanted in unwanted {
            assert!(!text.contains(unwanted.as_str()), "{where_} holds `{unwanted}`: {said}");
        }
    }
    if !step.json.is_empty() {
        let json = ran.json();
        for (pointer, wanted) in &step.json {
            assert_eq!(json.pointer(pointer), Some(wanted), "{pointer} of {said}");
        }
    }
    check_files(step, dir, &said);
}

fn prepare(step: &Step, dir: &Path) {
    for (from, to) in &step.copy {
        let (from, to) = (dir.join(from), dir.join(to));
        if from.is_dir() { copy(&from, &to) } else { fs::copy(from, to).map(drop).unwrap() }
    }
    for (file, content) in &step.write {
        fs::write(dir.join(file), content).unwrap();
    }
    for (file, hex) in &step.write_hex {
        fs::write(dir.join(file), unhex(hex)).unwrap();
    }
    for path in &step.remove {
        let path = dir.join(path);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

fn run(step: &Step, dir: &Path) -> Ran {
    let words = words(&step.run);
    let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    let program = match words[0].as_str() {
        "mingzhang" => operator(),
        "mingzhang-verify" => verifier(),
        other => panic!("`{other}` is no program of ours"),
    };
    let mut command = command(&program, &arguments, dir);
    if let Some(lang) = &step.lang {
        command.env("LANG", lang);
    }
    match &step.input {
        Some(input) => run_with_input(command, input.as_bytes()),
        None => ran(command.output().unwrap()),
    }
}

/// The words of a command line; what stands between single quotes is one.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '\'' => (quoted, begun) = (!quoted, true),
            c if c.is_whitespace() && !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

fn check_files(step: &Step, dir: &Path, said: &str) {
    for (file, wanted) in &step.holds {
        let text = String::from_utf8_lossy(&fs::read(dir.join(file)).unwrap()).into_owned();
        for wanted in wanted {
            assert!(text.contains(wanted.as_str()), "{} lacks `{wanted}`: {text}\n{said}", file.display());
        }
    }
    for (path, unwanted) in &step.lacks {
        for unwanted in unwanted {
            check_nowhere(&dir.join(path), unwanted, said);
        }
    }
    #[cfg(unix)]
    for (file, wanted) in &step.mode {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(dir.join(file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(&format!("{mode:o}"), wanted, "{}: {said}", file.display());
    }
    for (one, other) in &step.same {
        assert!(
            fs::read(dir.join(one)).unwrap() == fs::read(dir.join(other)).unwrap(),
            "{} is not {}: {said}",
            one.display(),
            other.display()
        );
    }
    for path in &step.exists {
        assert!(dir.join(path).exists(), "{} is not there: {said}", path.display());
    }
    for path in &step.absent {
        assert!(!dir.join(path).exists(), "{} is there: {said}", path.display());
    }
}

/// No byte of the file, or of any file under the folder, holds the text in any of its spellings.
fn check_nowhere(path: &Path, text: &str, said: &str) {
    let files = if path.is_dir() { files_under(path) } else { vec![path.to_owned()] };
    assert!(!files.is_empty(), "{} is empty", path.display());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for spelling in spellings(text) {
            let found = bytes.windows(spelling.len()).any(|window| window == spelling);
            assert!(!found, "{} holds `{text}`: {said}", file.display());
        }
    }
}

/// A text as it is, with its Han characters escaped as JSON may, in UTF-16, and in base64 at each of the three alignments.
fn spellings(text: &str) -> Vec<Vec<u8>> {
    let escaped = text.encode_utf16().map(|unit| match u8::try_from(unit) {
        Ok(ascii) if ascii.is_ascii() => char::from(ascii).to_string(),
        _ => format!("\\u{unit:04x}"),
    });
    let mut spellings = vec![
        text.as_bytes().to_vec(),
        escaped.collect::<String>().into_bytes(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ];
    for shift in 0..3 {
        let shifted = [&vec![0; shift][..], text.as_bytes()].concat();
        let encoded = ::verifier::log::base64::encode_url(&shifted);
        // The characters that also hold bits of the neighbours are left off.
        let (first, last) = (shift * 8_usize, shifted.len() * 8 / 6);
        let inner = encoded.as_bytes()[first.div_ceil(6)..last].to_vec();
        let standard = inner
            .iter()
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                byte => *byte,
            })
            .collect();
        spellings.extend([inner, standard]);
    }
    spellings
}

#[test]
fn a_text_is_found_in_base64url_wherever_it_begins() {
    for before in ["", "a", "ab", "abc", "abcd"] {
        let encoded = ::verifier::log::base64::encode_url(format!("{before}138-0000-1234{before}").as_bytes());
        let found = spellings("138-0000-1234")
            .iter()
            .any(|spelling| encoded.as_bytes().windows(spelling.len()).any(|window| window == spelling));
        assert!(found, "after {} bytes", before.len());
    }
}
