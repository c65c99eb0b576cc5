//! `witness`: an independent witness (见证人) of logs, over HTTP (C2SP tlog-witness v1.0.0).
//!
//! ```text
//! POST /add-checkpoint ─▶ check ─▶ (replay: fetch and audit everything up to it) ─▶ cosign, stored before it is answered
//! GET  /<origin hash>/checkpoint       the newest checkpoint cosigned, for monitors
//! ```
//!
//! It needs nothing of a ledger but its verifier key, and with `--replay` the address where its tree is read. Two kinds of
//! witness never share a key: what a cosignature says is known by the key that made it.

mod answer;
mod replay;
pub(crate) mod service;

use std::path::Path;
use std::sync::Arc;

use ledger::SystemClock;
use ledger::witness::{Witness, WitnessOptions};
use serde_json::json;
use tokio::net::TcpListener;
use verifier::log::note::{KeyKind, VerifierKey};
use verifier::log::policy::Policy;

use self::replay::Replay;
use self::service::Service;
use crate::args::WitnessArguments;
use crate::explain::Say as _;
use crate::failure::Failure;
use crate::logging;
use crate::output::Output;
use crate::signals::asked_to_stop;

/// Runs a witness until it is told to stop.
pub(crate) async fn witness(arguments: &WitnessArguments, output: Output) -> Result<u8, Failure> {
    logging::start(arguments.log_format, arguments.log_level);
    let logs = read_logs(&arguments.log)?;
    let origins: Vec<&str> = logs.iter().map(VerifierKey::name).collect();
    if arguments.replay.is_some() && origins.iter().any(|origin| *origin != origins[0]) {
        return Err(Failure::said(
            "重放见证人只重放一个账本：`--log` 须为同一账本的密钥",
            "a replay witness replays one ledger: every --log must be a key of the same log",
        ));
    }
    let replay = arguments.replay.as_deref();
    let service = open(&arguments.dir, arguments.name.clone(), &logs, replay).await?;
    let listener = TcpListener::bind(&arguments.listen).await;
    let listener = listener.map_err(|error| Failure::operational(format_args!("{}: {error}", arguments.listen)))?;
    let address = listener.local_addr().map_err(Failure::operational)?;
    let asked = asked_to_stop();
    let vkey = service.vkey().to_string();
    output.print(
        &said(&vkey, address, arguments, output),
        &json!({ "vkey": vkey, "listen": address.to_string(), "replay": replay, "logs": origins }),
    );
    service.run(listener, asked).await?;
    Ok(0)
}

/// Opens the witness of a directory, which cosigns for these logs; with an address only what it has replayed from there.
pub(crate) async fn open(
    dir: &Path,
    name: Option<String>,
    logs: &[VerifierKey],
    replay: Option<&str>,
) -> Result<Service, Failure> {
    let policy = policy_of(logs)?;
    let options = WitnessOptions { name, logs: logs.to_vec(), replay: replay.is_some() };
    let witness = Witness::open(dir, options, Arc::new(SystemClock)).await?;
    let replay = replay.map(|url| Replay::start(url, policy.clone(), dir, Arc::new(SystemClock))).transpose()?;
    Ok(Service::new(witness, replay, policy, dir.to_owned()))
}

fn read_logs(texts: &[String]) -> Result<Vec<VerifierKey>, Failure> {
    let mut logs: Vec<VerifierKey> = Vec::new();
    for text in texts {
        let key = VerifierKey::parse(text).map_err(|error| {
            let language = crate::language::current();
            Failure::refused(format_args!("--log {}: {}", crate::output::plain(text), error.say(language)))
        })?;
        if key.kind() != KeyKind::Ed25519 {
            return Err(Failure::said(
                format_args!("--log {text}：这是见证人的密钥，应为账本的"),
                format_args!("--log {text}: this is a witness's key, expected a log's"),
            ));
        }
        if !logs.contains(&key) {
            logs.push(key);
        }
    }
    Ok(logs)
}

/// A policy that trusts these logs and asks for no witness.
pub(crate) fn policy_of(logs: &[VerifierKey]) -> Result<Policy, Failure> {
    let policy: String = logs.iter().map(|key| format!("log {key}\n")).collect();
    Policy::parse(policy + "quorum none\n").map_err(Failure::operational)
}

fn said(vkey: &str, address: std::net::SocketAddr, arguments: &WitnessArguments, output: Output) -> String {
    let kind = match &arguments.replay {
        Some(url) => {
            format!("{} {url}", output.pick("重放见证人，只共签重放过的：", "a replay witness, which replays"))
        }
        None => output.pick("见证人", "a witness").to_owned(),
    };
    let line =
        output.pick("写入信任策略的一行（<名称>自定）", "the line for trust policies; <name> is yours to choose");
    format!("{kind}\n  {vkey}\n{line}\n  witness <name> {vkey} http://{address}")
}
