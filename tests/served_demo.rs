//! A demo that goes on, as whoever tries it sees it: the real process.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program::{command, operator};

/// A demo that is served until it is told to stop; killed when dropped.
pub(crate) struct ServedDemo {
    child: Child,
    /// What it said until it was ready.
    pub(crate) told: Vec<String>,
}

impl ServedDemo {
    pub(crate) fn start(dir: &Path, args: &[&str]) -> Self {
        fs::create_dir_all(dir.join("tmp")).unwrap();
        let mut child =
            command(&operator(), args, dir).env("TMPDIR", dir.join("tmp")).stderr(Stdio::inherit()).spawn().unwrap();
        let mut told = Vec::new();
        for line in BufReader::new(child.stdout.as_mut().unwrap()).lines() {
            told.push(line.unwrap());
            // The last it says before it waits: how long it took, or everything at once.
            if told.last().is_some_and(|line| line.ends_with(" s") || line.starts_with('{')) {
                break;
            }
        }
        Self { child, told }
    }

    /// Where it is served.
    pub(crate) fn url(&self) -> String {
        let line = self.told.iter().find_map(|line| line.strip_prefix("listening on "));
        line.expect("it says where it listens, in English").to_owned()
    }

    /// Tells it to stop, as an operator does, and waits for the end.
    pub(crate) fn stop(mut self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for ServedDemo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
