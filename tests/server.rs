//! A served ledger, as its clients meet it: the real process on a real socket.
#![allow(dead_code, reason = "each test file uses a part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use ledger::draft::Draft;
use ledger::publisher::Desk;
use ledger::{PrivateKey, SignedStatement};
use serde_json::{Value, json};

use crate::program::{Ran, command, operator};

/// The origin of every ledger here.
pub(crate) const ORIGIN: &str = "ledger.example/wuhan";
/// How long a test waits for an answer before it fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Option<Child>,
    pub(crate) address: String,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Server {
    /// Serves `ledger` of a directory on a free port.
    pub(crate) fn start(dir: &Path, options: &[&str]) -> Self {
        Self::start_with(dir, &[&["--listen", "127.0.0.1:0"][..], options].concat())
    }

    /// Serves `ledger` of a directory where the options say.
    pub(crate) fn start_with(dir: &Path, options: &[&str]) -> Self {
        Self::logging_to(Stdio::inherit(), dir, options)
    }

    /// Its log goes there.
    pub(crate) fn logging_to(log: Stdio, dir: &Path, options: &[&str]) -> Self {
        Self::spawned(log, dir, &[&["--json", "serve", "ledger"][..], options].concat())
    }

    /// Serves the demo's sample beside two witnesses.
    pub(crate) fn demo(dir: &Path) -> Self {
        Self::spawned(Stdio::inherit(), dir, &["--json", "demo", "--dir", "demo", "--listen", "127.0.0.1:0"])
    }

    /// Runs the program, which says where it listens.
    fn spawned(log: Stdio, dir: &Path, args: &[&str]) -> Self {
        let mut child = command(&operator(), args, dir).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"));
        let address = said["listening"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        Self { child: Some(child), address }
    }

    /// With a configuration.
    pub(crate) fn with_limits(dir: &Path, limits: &str, options: &[&str]) -> Self {
        std::fs::write(dir.join("server.toml"), format!("[limits]\n{limits}\n")).unwrap();
        Self::start(dir, &[&["--config", "server.toml"][..], options].concat())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn id(&self) -> String {
        self.child.as_ref().unwrap().id().to_string()
    }

    /// A connection of one's own.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes as they are, and gives whatever comes back until the server closes.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        // A server that has heard enough may have closed already.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    /// Asks once.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        if !body.is_empty() || method == "POST" || method == "PUT" {
            request += &format!("content-length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        stream.write_all(b"\r\n").unwrap();
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Answer::parse(&answer).unwrap_or_else(|| panic!("{method} {path}: {:?}", String::from_utf8_lossy(&answer)))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &[])
    }

    /// Asks again and again until the answer is so.
    #[track_caller]
    pub(crate) fn until(&self, path: &str, is_so: impl Fn(&Answer) -> bool) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.get(path);
            if is_so(&answer) {
                return answer;
            }
            let told = String::from_utf8_lossy(&answer.body);
            assert!(begun.elapsed() < PATIENCE, "{path} is not so: {}\n{told}", answer.head);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Posts a statement.
    pub(crate) fn post(&self, statement: &SignedStatement) -> Answer {
        self.ask("POST", "/api/v1/notices", &[("content-type", "application/sd-jwt")], compact(statement).as_bytes())
    }

    /// Entries of the newest checkpoint.
    pub(crate) fn size(&self) -> u64 {
        self.get("/checkpoint").text().lines().nth(1).unwrap().parse().unwrap()
    }

    /// Sends a signal, as an operator does.
    pub(crate) fn signal(&self, name: &str) {
        let status = std::process::Command::new("kill").args([&format!("-{name}"), &self.id()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end; its exit code.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.take().unwrap().wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Answer {
    /// Reads one answer that ends with its connection.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let answer = Self { status, head, body: bytes[end + 4..].to_vec() };
        let is_chunked = answer.header("transfer-encoding").is_some_and(|how| how == "chunked");
        let is_stream = answer.header("content-type") == Some("text/event-stream");
        assert!(!is_chunked || is_stream, "an answer says its length: {}", answer.head);
        Some(answer)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Goes on if the answer has this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.head, String::from_utf8_lossy(&self.body));
        self
    }

    /// Goes on if it is this problem, complete and in both languages.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let problem = answer.json();
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{problem}");
        for member in
            ["type", "title", "title_zh", "title_en", "detail", "detail_zh", "detail_en", "action_zh", "action_en"]
        {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
        }
        answer
    }
}

/// A text in an address: every byte that is not plain as `%` and two digits.
pub(crate) fn encoded(text: &str, is_plain: impl Fn(&u8) -> bool) -> String {
    text.bytes()
        .map(|byte| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The compact form of a statement.
pub(crate) fn compact(statement: &SignedStatement) -> String {
    let disclosures = statement.disclosures.iter().map(|one| format!("{one}~"));
    format!("{}~{}", statement.jwt, disclosures.collect::<String>())
}

/// A publisher at his desk.
pub(crate) struct Publisher {
    pub(crate) iss: String,
    pub(crate) key: PrivateKey,
}

impl Publisher {
    /// `centre`, whose key is in the directory.
    pub(crate) fn centre(dir: &Path) -> Self {
        Self { iss: "centre".to_owned(), key: PrivateKey::read(&dir.join("centre.key")).unwrap() }
    }

    pub(crate) fn desk(&self) -> Desk<'_> {
        Desk { iss: &self.iss, key: &self.key, origin: ORIGIN, now: 1_795_000_000 }
    }

    /// Signs a draft.
    pub(crate) fn sign(&self, draft: &Value) -> SignedStatement {
        self.desk().notice(&Draft::parse(&draft.to_string()).unwrap(), &[], false).unwrap().0
    }

    /// Signs a notice of a project.
    pub(crate) fn notice(&self, id: &str, project: &str) -> SignedStatement {
        self.sign(&draft(id, project))
    }
}

/// A draft of a project.
pub(crate) fn draft(id: &str, project: &str) -> Value {
    json!({
        "notice_id": id, "project": { "id": project, "name": "测试项目" }, "sector": "land", "stage": "announcement",
        "title": format!("公告 {id}"), "text": "全文".repeat(50),
        "parties": [{ "role": "buyer", "name": "采购人", "contact": "027-12345678" }],
    })
}

/// A file named in a directory.
pub(crate) fn file(dir: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The exit code and output of a program that must have ended well.
pub(crate) fn done(ran: Ran) -> Ran {
    ran.ends(0)
}
