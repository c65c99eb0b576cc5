//! Running both programs as their users do: `mingzhang` at the centre, `mingzhang-verify` at the reader's.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The JSON object printed.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Goes on if the run ended so.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }
}

/// `mingzhang`.
pub(crate) fn operator() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_mingzhang"))
}

/// `mingzhang-verify`, built once for the profile and the target directory of this run.
pub(crate) fn verifier() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build_verifier).clone()
}

fn build_verifier() -> PathBuf {
    let profile_dir = operator().parent().expect("a program lies in a directory").to_owned();
    let target_dir = profile_dir.parent().expect("a profile's directory lies in the target directory");
    let profile = match profile_dir.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo says to this test about its package must not reach the build: a build script that looks at it would run again,
    // and everything above it be compiled again, each time a test and a build take turns.
    let of_this_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars().filter(|(name, _)| of_this_package(name)) {
        cargo.env_remove(name);
    }
    let status = cargo
        .args(["build", "--quiet", "--locked", "-p", "verifier", "--bin", "mingzhang-verify", "--profile", profile])
        .arg("--target-dir")
        .arg(target_dir)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "mingzhang-verify does not build");
    profile_dir.join(format!("mingzhang-verify{}", std::env::consts::EXE_SUFFIX))
}

/// A command in English, whatever the environment says.
pub(crate) fn command(program: &Path, args: &[&str], dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(dir).env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", "C.UTF-8");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().expect("it was not killed"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs `mingzhang`.
pub(crate) fn mingzhang(dir: &Path, args: &[&str]) -> Ran {
    ran(command(&operator(), args, dir).output().unwrap())
}

/// Runs `mingzhang-verify`.
pub(crate) fn verify(dir: &Path, args: &[&str]) -> Ran {
    ran(command(&verifier(), args, dir).output().unwrap())
}

/// Runs a program that is given something on standard input.
pub(crate) fn run_with_input(mut command: Command, input: &[u8]) -> Ran {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // A program that refuses its arguments reads nothing and is gone.
    let _ = child.stdin.take().unwrap().write_all(input);
    ran(child.wait_with_output().unwrap())
}

/// Makes the ledger `ledger` in `dir`, and enrols the publisher `centre`, whose key is `centre.key`, for everything.
pub(crate) fn ledger_with_centre(dir: &Path) {
    mingzhang(dir, &["init", "ledger", "--origin", "ledger.example/wuhan", "--no-rulebook"]).ends(0);
    enrol_centre(dir);
}

/// The same, with the rulebook and the calendars that ship with the program.
pub(crate) fn lawful_ledger_with_centre(dir: &Path) {
    mingzhang(dir, &["init", "ledger", "--origin", "ledger.example/wuhan"]).ends(0);
    enrol_centre(dir);
}

fn enrol_centre(dir: &Path) {
    mingzhang(dir, &["keygen", "centre.key"]).ends(0);
    let centre = ["--publisher", "centre", "--name", "公共资源交易中心", "--key", "centre.key"];
    let everything = ["--sector", "all", "--region", "all"];
    mingzhang(dir, &[&["enrol", "ledger"][..], &centre, &everything].concat()).ends(0);
}

/// Imports files as `centre`.
pub(crate) fn import(dir: &Path, ledger: &str, files: &[&str]) -> Ran {
    mingzhang(dir, &[&["--json", "import", ledger], files, &["--publisher", "centre", "--key", "centre.key"]].concat())
}

/// A part of the data that is shared; nothing, visibly, where it is absent. `SHARED_DATA` names another place for a working
/// copy that is not beside it.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let path = std::env::var_os("SHARED_DATA").map_or(beside, PathBuf::from).join(part);
    if !path.is_dir() {
        eprintln!("SKIPPED: ../shared/data/{part} is absent");
        return None;
    }
    Some(fs::canonicalize(path).unwrap())
}

/// The real data, likewise.
pub(crate) fn real_data() -> Option<PathBuf> {
    shared("real")
}

/// Every file under a directory, in the order of their paths.
pub(crate) fn files_under(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Copies a folder, so that it can be altered.
pub(crate) fn copy(from: &Path, to: &Path) {
    for file in files_under(from) {
        let target = to.join(file.strip_prefix(from).expect("it lies under the folder"));
        fs::create_dir_all(target.parent().expect("a file lies in a folder")).unwrap();
        fs::write(target, fs::read(&file).unwrap()).unwrap();
    }
}
