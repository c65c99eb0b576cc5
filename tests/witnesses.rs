//! Witnesses as processes beside a served ledger.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use verifier::log::add_checkpoint::monitor_path;

use crate::program::{command, operator};
use crate::server::{ORIGIN, Server};

/// How long a test waits for what must come.
pub(crate) const SOON: Duration = Duration::from_secs(90);

/// A witness process, always on the same address; killed when dropped.
pub(crate) struct Witness {
    child: Child,
    pub(crate) vkey: String,
    pub(crate) address: String,
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Witness {
    /// Ends it wherever it is, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to cosign; the status and the answer.
    pub(crate) fn submit(&self, request: &str) -> (u16, String) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut answer = agent.post(format!("http://{}/add-checkpoint", self.address)).send(request).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    /// How many entries the head has that it cosigned last.
    pub(crate) fn seen(&self) -> usize {
        let asked = format!("http://{}/{}", self.address, monitor_path(ORIGIN));
        let note = ureq::get(asked).call().unwrap().body_mut().read_to_string().unwrap();
        note.lines().nth(1).unwrap().parse().unwrap()
    }
}

/// Starts one.
pub(crate) fn witness(dir: &Path, name: &str, address: &str, log: &str, more: &[&str]) -> Witness {
    let args = ["--json", "witness", name, "--listen", address, "--log", log];
    let args = [&args[..], more].concat();
    let mut child = command(&operator(), &args, dir).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"));
    let text = |name: &str| said[name].as_str().unwrap().to_owned();
    Witness { child, vkey: text("vkey"), address: text("listen") }
}

/// An address that is free now.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// The vkey of the log of `ledger`.
pub(crate) fn log_vkey(dir: &Path) -> String {
    let policy = fs::read_to_string(dir.join("ledger/policy.txt")).unwrap();
    policy.lines().next().unwrap().strip_prefix("log ").unwrap().to_owned()
}

/// Waits until the published head is of at least this size.
#[track_caller]
pub(crate) fn until_published(server: &Server, size: u64) {
    let begun = Instant::now();
    loop {
        let answer = server.get("/checkpoint");
        if answer.status == 200 && server.size() >= size {
            return;
        }
        assert!(begun.elapsed() < SOON, "{}", String::from_utf8_lossy(&server.get("/healthz").body));
        thread::sleep(Duration::from_millis(50));
    }
}

/// What the server says of itself.
pub(crate) fn health(server: &Server) -> Value {
    serde_json::from_slice(&server.get("/healthz").body).unwrap()
}
