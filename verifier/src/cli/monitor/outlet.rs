//! Where alerts go: standard error for people, standard output for programs, a webhook, a command. An alert is delivered when all of
//! them have taken it.
//!
//! Nothing of a ledger is ever part of a command line: the command is the operator's, as typed, and reads the alert from its standard
//! input.

use std::io::{self, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use ureq::Agent;
use verifier::client::USER_AGENT;

use super::super::args::MonitorArgs;
use super::super::clock::now;
use super::super::lang::Lang;
use super::super::message::Message;
use super::super::report::schema;
use super::super::terminal;
use super::alert::{Alert, Kind};
use super::{COMMAND, moment, warn};

/// How long a command may take.
const COMMAND_TIME: Duration = Duration::from_mins(2);
/// How long a webhook may take.
const WEBHOOK_TIME: Duration = Duration::from_secs(30);
/// How often the end of a command is looked for.
const POLL: Duration = Duration::from_millis(20);

/// Where alerts go.
pub(super) struct Outlet {
    json: bool,
    lang: Lang,
    webhook: Option<(Agent, String)>,
    command: Option<String>,
}

impl Outlet {
    pub(super) fn new(args: &MonitorArgs, lang: Lang, json: bool) -> Self {
        let agent = || {
            let config = Agent::config_builder()
                .timeout_global(Some(WEBHOOK_TIME))
                .http_status_as_error(false)
                .max_redirects(0)
                .user_agent(USER_AGENT);
            config.build().new_agent()
        };
        let webhook = args.webhook.clone().map(|url| (agent(), url));
        Self { json, lang, webhook, command: args.on_alert.clone() }
    }

    /// Delivers an alert everywhere.
    ///
    /// # Errors
    /// Why one of them did not take it; the others may have.
    pub(super) fn deliver(&self, alert: &Alert<'_>) -> Result<(), String> {
        warn(&alert.text(self.lang));
        let line = alert.format_json();
        if self.json {
            let failed = |error: io::Error| Message::OutputFailed { why: &error.to_string() }.text(self.lang);
            terminal::print_out(&line).map_err(failed)?;
        }
        if let Some((agent, url)) = &self.webhook {
            post(agent, url, &line).map_err(|why| Message::WebhookFailed { why: &why }.text(self.lang))?;
        }
        if let Some(command) = &self.command {
            self.run(command, &line)?;
        }
        Ok(())
    }

    /// Says that a condition has ended; nobody need be told.
    pub(super) fn ended(&self, id: &str, kind: Kind) {
        let time = moment(now().cast_signed());
        warn(&Message::Ended { kind: kind.code(), name: kind.name(self.lang), time: &time }.text(self.lang));
        if self.json {
            let ended =
                json!({ "schema": schema(COMMAND), "event": "ended", "id": id, "kind": kind.code(), "at": now() });
            drop(terminal::print_out(&(ended.to_string() + "\n")));
        }
    }

    fn run(&self, command: &str, line: &str) -> Result<(), String> {
        let failed = |error: io::Error| Message::CommandFailed { why: &error.to_string() }.text(self.lang);
        let mut child = shell(command).spawn().map_err(failed)?;
        let (input, line) = (child.stdin.take(), line.to_owned());
        // A command that reads nothing is none that failed, and one that reads slowly must not hold this thread.
        thread::spawn(move || input.map(|mut input| input.write_all(line.as_bytes())));
        match wait(&mut child).map_err(failed)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(Message::CommandFailed { why: &status.to_string() }.text(self.lang)),
            None => Err(Message::CommandTooLong { seconds: COMMAND_TIME.as_secs() }.text(self.lang)),
        }
    }
}

/// The operator's command; what it prints goes to standard error, beside the alerts.
fn shell(command: &str) -> Command {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut shell = Command::new(shell);
    shell.args([flag, command]).stdin(Stdio::piped()).stdout(Stdio::from(io::stderr()));
    shell
}

/// Waits for the end of a command; nothing if it had to be killed.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    while begun.elapsed() < COMMAND_TIME {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(POLL);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

fn post(agent: &Agent, url: &str, line: &str) -> Result<(), String> {
    let request = agent.post(url).header("content-type", "application/json");
    let response = request.send(line).map_err(|error| error.to_string())?;
    match response.status().as_u16() {
        200..=299 => Ok(()),
        status => Err(format!("HTTP {status}")),
    }
}
