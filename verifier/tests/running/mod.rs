//! A monitor that goes on from look to look.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::schema;

/// A process; killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads its lines until a look that is so; gives the alerts told until then.
    pub(crate) fn until(&mut self, mut is_so: impl FnMut(&Value) -> bool) -> Vec<Value> {
        let mut alerts = Vec::new();
        loop {
            let line = checked(&self.lines.next().expect("it goes on").unwrap());
            match line["event"].as_str().unwrap() {
                "alert" => alerts.push(line),
                "look" if is_so(&line) => return alerts,
                _ => {}
            }
        }
    }
}

/// A monitor's line, which must be of the shipped schema.
pub(crate) fn checked(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verifier/schema/monitor.schema.json");
    schema::check(&serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap(), &value);
    value
}

/// The kinds of alerts.
pub(crate) fn kinds(alerts: &[Value]) -> Vec<&str> {
    alerts.iter().map(|alert| alert["kind"].as_str().unwrap()).collect()
}
