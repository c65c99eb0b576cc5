//! `monitor`: the ledger, looked at again and again (监视).
//!
//! ```text
//!              ┌─ checkpoint ─▶ continues what was seen? ─▶ trail: audit what is new ─┐ something is false
//! look ────────┤─ witnesses ──▶ views: of the tree that was audited?                  ├─▶ conditions
//!              └─ lifecycle ──▶ overdue: what has become due since                    ┘      │
//!                                                                                            │ those not told yet
//! memory ◀── only once every alert is delivered ──── outlet: lines, webhook, command ◀───────┘
//! ```
//!
//! A condition is told once for as long as it holds, and again when it comes back. What was seen and told is in the state; the audit
//! itself is kept beside it and can always be made again. An alert is delivered at least once: whoever is killed between the delivery
//! and the state tells it again, under the same id.

mod alert;
mod fault;
mod lock;
mod look;
mod memory;
mod outlet;
mod overdue;
mod trail;
mod views;

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use serde_json::json;
use verifier::client::Source;
use verifier::explain::lifecycle::moment;

use self::alert::{Alert, Kind, Severity};
use self::lock::Lock;
use self::look::{Look, Watch};
use self::memory::Memory;
use self::outlet::Outlet;
use super::args::MonitorArgs;
use super::clock::now;
use super::input::read_policy;
use super::lang::Lang;
use super::message::Message;
use super::receipt::head_facts;
use super::report::{Failure, Reason, Report};
use super::terminal;

const COMMAND: &str = "monitor";

/// Looks once, or until the process is stopped.
pub(super) fn run(args: &MonitorArgs, lang: Lang, json: bool) -> ExitCode {
    let mut monitor = match Monitor::start(args, lang, json) {
        Ok(monitor) => monitor,
        Err(failure) => return end(&failed(failure), lang, json),
    };
    let mut before = None;
    loop {
        let report = monitor.look();
        if args.once {
            return end(&report, lang, json);
        }
        let changed = before != Some(report.verdict()) || report.facts.get("new_entries").is_some_and(|new| *new != 0);
        before = Some(report.verdict());
        if json || changed {
            super::print(&report, lang, json);
        }
        thread::sleep(Duration::from_secs(args.interval.max(1)));
    }
}

fn end(report: &Report, lang: Lang, json: bool) -> ExitCode {
    super::print(report, lang, json);
    ExitCode::from(report.verdict().exit_code())
}

fn failed(failure: Failure) -> Report {
    let mut report = Report::failed(COMMAND, failure);
    report.fact("event", "look");
    report.fact("at", now());
    report
}

/// A monitor and what it knows.
struct Monitor {
    watch: Watch,
    outlet: Outlet,
    memory: Memory,
    /// Held as long as the process lives.
    _lock: Lock,
}

/// What became of the alerts of a look.
#[derive(Default)]
struct Delivery {
    delivered: u64,
    /// The kind of the first that was not, and why.
    failed: Option<(Kind, String)>,
}

impl Monitor {
    fn start(args: &MonitorArgs, lang: Lang, json: bool) -> Result<Self, Failure> {
        let policy = read_policy(&args.policy, lang)?;
        let no_source = || Failure::unchecked("source", Message::NoSource { source: &args.source }.text(lang));
        let source = Source::new(&args.source).ok_or_else(no_source)?;
        for (name, _) in &args.witness_monitor {
            if !policy.witnesses().iter().any(|witness| witness.name == *name) {
                return Err(Failure::unchecked("witness-monitor", Message::NoMonitorOf { witness: name }.text(lang)));
            }
        }
        let lock = Lock::take(&args.state, lang)?;
        let memory = Memory::open(&args.state, lang)?;
        let outlet = Outlet::new(args, lang, json);
        Ok(Self { watch: Watch::new(args, source, policy, lang, json), outlet, memory, _lock: lock })
    }

    /// Looks, tells what is new, and remembers what was told.
    fn look(&mut self) -> Report {
        let mut look = match self.watch.look(&self.memory) {
            Ok(look) => look,
            Err(failure) => return failed(failure),
        };
        let delivery = self.deliver(&mut look);
        if delivery.failed.is_none() {
            self.advance(&mut look);
        } else {
            self.watch.forget_judged();
        }
        let unwritten = self.memory.write().err();
        self.report(&look, &delivery, unwritten)
    }

    /// Tells what was not told yet. What could not be told is told at the next look; what was, is not told again.
    fn deliver(&mut self, look: &mut Look) -> Delivery {
        let mut delivery = Delivery::default();
        for condition in &mut look.found {
            if self.memory.is_told(condition) {
                continue;
            }
            let kept = self.memory.evidence.get(&condition.id).cloned();
            if let Some(path) = self.watch.keep_evidence(condition, kept) {
                self.memory.evidence.insert(condition.id.clone(), path);
            }
            let alert = Alert {
                at: now(),
                source: self.watch.source(),
                origin: &look.origin,
                head: look.head.as_ref(),
                condition,
            };
            match self.outlet.deliver(&alert) {
                Ok(()) => {
                    delivery.delivered += 1;
                    self.memory.tell(condition);
                }
                Err(why) => {
                    delivery.failed = Some((condition.kind, why));
                    break;
                }
            }
        }
        delivery
    }

    /// Everything was told: goes on to what was seen.
    fn advance(&mut self, look: &mut Look) {
        for (id, kind) in self.memory.advance(look) {
            self.outlet.ended(&id, kind);
        }
    }

    fn report(&self, look: &Look, delivery: &Delivery, unwritten: Option<Failure>) -> Report {
        let lang = self.watch.lang();
        let mut report = Report::new(COMMAND);
        report.accepted = Message::NothingToReport.text(lang);
        let gravest = look.found.iter().filter(|condition| condition.kind.severity() == Severity::Integrity);
        let newer = look.found.iter().find(|condition| condition.kind == Kind::NewerFormat);
        report.failure = gravest.min_by_key(|condition| condition.kind).or(newer).map(|one| one.failure.clone());
        let undelivered = delivery.failed.as_ref().map(|(kind, why)| {
            Failure::unchecked("undelivered", Message::Undelivered { kind: kind.code(), why }.text(lang))
        });
        report.failure = report.failure.take().or(undelivered).or(unwritten).or_else(|| look.unchecked.clone());
        for (kind, reason) in
            [(Kind::Stale, Reason::Stale), (Kind::QuorumLost, Reason::LedgerWordOnly), (Kind::Overdue, Reason::Overdue)]
        {
            if look.found.iter().any(|condition| condition.kind == kind) {
                report.reasons.push(reason);
            }
        }
        if let Some(head) = &look.head {
            let (size, root) = (head.checkpoint.size.0, head.checkpoint.root.to_string());
            let time = moment(now().cast_signed());
            report.say(Message::Looked { time: &time, size, new: look.new }.text(lang));
            report.fact("head", head_facts(&head.checkpoint.origin, size, &root, &look.cosigners));
        }
        for (witness, why) in look.witnesses.iter().filter_map(|seen| Some((&seen.name, seen.error.as_ref()?))) {
            report.say(Message::WitnessSilent { witness, why }.text(lang));
        }
        let witnesses =
            look.witnesses.iter().map(|seen| json!({ "name": seen.name, "size": seen.size, "error": seen.error }));
        report.fact("event", "look");
        report.fact("at", now());
        report.fact("new_entries", look.new);
        report.fact("alerts", delivery.delivered);
        report.fact("ongoing", self.memory.ongoing());
        report.fact("overdue", self.memory.overdue());
        report.fact("witnesses", witnesses.collect::<Vec<_>>());
        report
    }
}

/// Standard error, which nobody need read.
fn warn(text: &str) {
    drop(terminal::print_err(&(terminal::printable(text) + "\n")));
}
