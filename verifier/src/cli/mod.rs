//! What surrounds the checks: arguments, files, sources over HTTP, threads, progress, words, exit codes.
//!
//! ```text
//! args ──▶ receipt | dossier | absence | contradict | evidence | audit ──▶ report ──▶ text in Chinese or English, or JSON,
//!              │        │         │          │            │         │                  and the exit code
//!              │        │         │          │            │         └── client: source (directory, http), state, evidence
//!              └────────┴─────────┴──────────┴────────────┴── input (a file or standard input, limited)
//!                                                         audit ──▶ inspection (an inspector's report)
//!          monitor: an audit that goes on, look after look ──▶ alerts
//! message: every text, in both languages
//! ```
//!
//! Nothing here decides whether something is true; that is the library's, which has no files, no clock and no network.

mod absence;
mod args;
mod audit;
mod clock;
mod contradict;
mod dossier;
mod evidence;
mod input;
mod inspection;
mod lang;
mod message;
mod monitor;
mod progress;
mod receipt;
mod report;
mod terminal;

use std::process::ExitCode;

use args::Command;
use report::Report;

/// Reads the arguments, runs the command and prints what came of it.
pub(crate) fn run() -> ExitCode {
    let args = match args::parse(std::env::args_os()) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no failures; clap prints them to standard output. A closed pipe is no reason to panic.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let (lang, json) = (args.lang.unwrap_or_else(lang::Lang::from_environment), args.json);
    let report = match &args.command {
        Command::Receipt(args) => receipt::run(args, lang),
        Command::Dossier(args) => dossier::run(args, lang),
        Command::Absence(args) => absence::run(args, lang),
        Command::Contradict(args) => contradict::run(args, lang),
        Command::Evidence(args) => evidence::run(args, lang),
        Command::Audit(args) => audit::run(args, lang, json),
        Command::Monitor(args) => return monitor::run(args, lang, json),
    };
    let verdict = report.verdict();
    print(&report, lang, json);
    ExitCode::from(verdict.exit_code())
}

fn print(report: &Report, lang: lang::Lang, json: bool) {
    let written = if json {
        terminal::print_out(&report.format_json())
    } else if report.verdict() == report::Verdict::Unchecked {
        terminal::print_err(&report.format_text(lang))
    } else {
        terminal::print_out(&report.format_text(lang))
    };
    // Whoever closed the pipe has read enough; the exit code still tells the verdict.
    drop(written);
}
