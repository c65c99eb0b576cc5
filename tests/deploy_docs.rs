//! `docs/deploy.md`, done as it says: its files written, its commands run in its order, its units' `ExecStart=` started where it
//! starts them.
//!
//! What stands for something on other machines is replaced, and nothing else: the folders `/var`, `/etc`, `/srv`, `/media`,
//! `/home` and `/usr/local/bin` lie in a temporary directory, the two addresses are ports of this machine, and the words for
//! keys become the keys that were made. `systemctl` starts and stops the units' own lines. Commands of other programs are not
//! run, and said so.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use program::{operator, ran, verifier};

/// How long a unit may take to be there.
const PATIENCE: Duration = Duration::from_mins(1);
/// Folders that lie in the temporary directory.
const FOLDERS: &str = r"/(var|etc|srv|media|home|usr/local/bin)/";

/// A fenced block: its language, the file it is the content of, and its text.
struct Block {
    language: String,
    file: Option<String>,
    text: String,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let (language, file) = info.split_once(' ').map_or((info, None), |(language, file)| (language, Some(file)));
        let text: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        found.push(Block { language: language.to_owned(), file: file.map(str::to_owned), text });
    }
    found
}

/// The commands of a block, one a line.
fn commands(block: &Block) -> Vec<String> {
    block.text.replace("\\\n", " ").lines().map(str::to_owned).collect()
}

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)).unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The machines of the document, all in one directory.
struct Machines {
    dir: tempfile::TempDir,
    ledger: u16,
    witness: u16,
    /// What the words for keys stand for, the newest first.
    keys: Vec<(&'static str, String)>,
    units: BTreeMap<String, Child>,
    ran: usize,
}

impl Machines {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join("usr/local/bin");
        let folders = [
            "var/lib/mingzhang-guard",
            "var/lib/mingzhang-witness",
            "var/lib/mingzhang-monitor",
            "var/backups/mingzhang",
        ];
        for folder in
            folders.iter().chain(&["srv/mingzhang", "media/offline", "home/clerk", "home/watch", "usr/local/bin"])
        {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        symlink(operator(), bin.join("mingzhang")).unwrap();
        symlink(verifier(), bin.join("mingzhang-verify")).unwrap();
        let (ledger, witness) = (free_port(), free_port());
        Self { dir, ledger, witness, keys: Vec::new(), units: BTreeMap::new(), ran: 0 }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    /// What the document says, as it is here.
    fn here(&self, text: &str) -> String {
        let dir = self.dir.path().display();
        let folders = regex_lite::Regex::new(FOLDERS).unwrap();
        let mut text = folders.replace_all(text, format!("{dir}/$1/")).into_owned();
        for (name, port, at) in [("ledger", self.ledger, "8080"), ("witness", self.witness, "8081")] {
            let address = format!("127.0.0.1:{port}");
            text = text.replace(&format!("127.0.0.1:{at}"), &address);
            text = text.replace(&format!("https://{name}.example"), &format!("http://{address}"));
        }
        self.keys.iter().fold(text, |text, (word, key)| text.replace(word, key))
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.here(text)).unwrap();
    }

    fn shell(&self, line: &str) -> Command {
        let mut shell = Command::new("sh");
        let path = format!("{}:{}", self.path("usr/local/bin").display(), std::env::var("PATH").unwrap());
        shell.args(["-c", line]).current_dir(self.dir.path()).env("PATH", path).stdin(Stdio::null());
        shell.env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", "C.UTF-8");
        shell
    }

    fn run(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "mingzhang" | "mingzhang-verify" | "mv" | "cp" | "ln" => {}
            "curl" if installed("curl", "--version") => {}
            "systemctl" => return self.systemctl(words[1], words.last().unwrap()),
            other => return eprintln!("NOT RUN: {other}: {line}"),
        }
        let said = ran(self.shell(&self.here(line)).output().unwrap());
        assert_eq!(said.code, 0, "{line}\n{}{}{}", said.out, said.err, self.logs());
        self.ran += usize::from(words[0].starts_with("mingzhang"));
        if matches!(words.get(1), Some(&"init" | &"rotate-log")) {
            self.learn_log_keys();
        }
    }

    /// The ledger's own policy names its keys.
    fn learn_log_keys(&mut self) {
        let policy = fs::read_to_string(self.path("var/lib/mingzhang/ledger/policy.txt")).unwrap();
        let is_new = |key: &&str| self.keys.iter().all(|(_, known)| known != key);
        let key = policy.lines().filter_map(|line| line.strip_prefix("log ")).find(is_new).unwrap().to_owned();
        let is_first = self.keys.iter().all(|(word, _)| *word != "LOG_VKEY");
        self.keys.insert(0, (if is_first { "LOG_VKEY" } else { "NEW_LOG_VKEY" }, key));
    }

    fn systemctl(&mut self, verb: &str, unit: &str) {
        if matches!(verb, "stop" | "restart") {
            self.stop(unit);
        }
        if matches!(verb, "enable" | "start" | "restart") {
            self.start(unit);
        }
    }

    fn stop(&mut self, unit: &str) {
        let mut child = self.units.remove(unit).expect("the document has started it");
        assert!(child.try_wait().unwrap().is_none(), "{unit} has ended{}", self.logs());
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        child.wait().unwrap();
    }

    fn start(&mut self, unit: &str) {
        let file = fs::read_to_string(self.path(&format!("etc/systemd/system/{unit}.service"))).unwrap();
        let setting = |name: &str| file.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
        let line = setting("ExecStart=").unwrap();
        // An environment file is read before the line is, word by word.
        let environment = setting("EnvironmentFile=").map(|path| fs::read_to_string(path).unwrap()).unwrap_or_default();
        let assigned: String = environment
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| format!("{name}='{value}'; "))
            .collect();
        let said = self.path(&format!("{unit}.out"));
        let log = File::options().create(true).append(true).open(self.path(&format!("{unit}.err"))).unwrap();
        let mut shell = self.shell(&format!("{assigned}exec {line}"));
        let child = shell.stdout(File::create(&said).unwrap()).stderr(log).spawn().unwrap();
        self.units.insert(unit.to_owned(), child);
        match line.split_once("--listen ") {
            Some((_, rest)) => {
                let address = rest.split(' ').next().unwrap();
                self.until(unit, || {
                    TcpStream::connect(address).is_ok() && !fs::read_to_string(&said).unwrap().is_empty()
                });
            }
            None => {
                let state = self.path("var/lib/mingzhang-monitor/state");
                self.until(unit, || state.exists());
            }
        }
        if unit == "mingzhang-witness" {
            let said = fs::read_to_string(&said).unwrap();
            let line = said.lines().find_map(|line| line.trim_start().strip_prefix("witness <name> ")).unwrap();
            let key = line.split(' ').next().unwrap().to_owned();
            self.keys.retain(|(word, _)| *word != "WITNESS_VKEY");
            self.keys.push(("WITNESS_VKEY", key));
        }
        self.ran += 1;
    }

    fn until(&mut self, unit: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            let ended = self.units.get_mut(unit).unwrap().try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{unit}: {ended:?}{}", self.logs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn logs(&self) -> String {
        let logs =
            ["mingzhang", "mingzhang-witness", "mingzhang-monitor"].map(|unit| self.path(&format!("{unit}.err")));
        logs.iter().filter_map(|log| fs::read_to_string(log).ok()).map(|log| format!("\n{log}")).collect()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for child in self.units.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn installed(program: &str, version: &str) -> bool {
    let asked = Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if asked.is_err() {
        eprintln!("SKIPPED: {program} is not installed");
    }
    asked.is_ok()
}

#[test]
fn every_command_of_the_document_does_what_it_says() {
    let mut machines = Machines::new();
    for block in blocks(&document("deploy.md")) {
        match (&block.file, block.language.as_str()) {
            (Some(file), _) => machines.write(file, &block.text),
            (None, "sh") => commands(&block).iter().for_each(|line| machines.run(line)),
            (None, _) => {}
        }
    }
    assert!(machines.ran >= 25, "only {} commands were found", machines.ran);
    for unit in machines.units.keys().cloned().collect::<Vec<_>>() {
        machines.stop(&unit);
    }
}

#[test]
fn the_chinese_document_gives_the_same_commands_in_the_same_order() {
    let of = |name| -> Vec<String> {
        let shell = blocks(&document(name)).into_iter().filter(|block| block.language == "sh");
        shell.flat_map(|block| commands(&block)).collect()
    };
    let english = of("deploy.md");
    let mut rest = english.iter();
    for command in of("deploy.zh-CN.md") {
        assert!(rest.any(|line| *line == command), "not there, or earlier: {command}");
    }
}

#[test]
fn the_units_and_the_proxies_are_valid() {
    let machines = Machines::new();
    for block in blocks(&document("deploy.md")).into_iter().filter(|block| block.file.is_some()) {
        let file = block.file.unwrap();
        // Validated as they are, but with programs and folders that are there.
        machines.write(&file, &block.text);
        let path = machines.path(&file);
        let path = path.to_str().unwrap();
        let mut check = match block.language.as_str() {
            "ini" if file.ends_with(".service") && installed("systemd-analyze", "--version") => {
                let mut check = Command::new("systemd-analyze");
                check.args(["verify", "--man=no", "--recursive-errors=no", path]);
                check
            }
            "caddy" if installed("caddy", "version") => {
                let mut check = Command::new("caddy");
                check.args(["validate", "--adapter", "caddyfile", "--config", path]);
                check
            }
            "nginx" if installed("nginx", "-v") => nginx(&machines, path),
            _ => continue,
        };
        let said = ran(check.output().unwrap());
        let warned = said.err.lines().any(|line| line.contains(path) && line.contains("Unknown"));
        assert!(said.code == 0 && !warned, "{file}\n{}{}", said.out, said.err);
    }
}

/// The server block in a configuration of its own, without TLS: there is no certificate here.
fn nginx(machines: &Machines, path: &str) -> Command {
    let text = fs::read_to_string(path).unwrap();
    let without: String = text
        .lines()
        .filter(|line| !line.contains("ssl_certificate") && !line.contains("listen [::]"))
        .map(|line| line.replace("listen 443 ssl http2", "listen 8443") + "\n")
        .collect();
    let dir = machines.dir.path().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|what| format!("{what}_temp_path {dir}/nginx-{what};\n"))
        .collect();
    let whole = format!(
        "pid {dir}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{without}}}\n"
    );
    let file = machines.path("nginx.conf");
    fs::write(&file, whole).unwrap();
    let mut check = Command::new("nginx");
    check.arg("-t").arg("-c").arg(file);
    check
}
