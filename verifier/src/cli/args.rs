//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::clock::{parse_as_of, parse_duration};
use super::lang::Lang;
use super::message::help_zh;

/// Everything typed.
#[derive(Debug, Parser)]
#[command(
    name = "mingzhang-verify",
    version,
    about = "Verify what a Mingzhang ledger says, trusting only your policy file",
    after_help = "Exit codes: 0 accepted; 1 rejected; 2 could not check; 3 intact, but with reasons listed; 4 newer format"
)]
pub(crate) struct Args {
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Language of the text; by default that of the environment
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<Lang>,
    /// What to verify.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to verify.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify a receipt: the ledger recorded this entry
    Receipt(ReceiptArgs),
    /// Verify a dossier or an absence proof: everything about one project, and that it is everything
    Dossier(DossierArgs),
    /// Verify that a stage of a project was not disclosed: from an absence proof, a few KB without any notice, or a dossier
    #[command(
        after_help = "Exit codes: 0 not disclosed, and somebody other than the ledger vouches; 1 disclosed, or the file does \
                            not hold; 2 could not check; 3 not disclosed, with reasons listed; 4 newer format"
    )]
    Absence(AbsenceArgs),
    /// Replay a whole ledger from an exported directory or an http(s) address
    Audit(AuditArgs),
    /// Follow a ledger: audit what is new, ask its witnesses, and raise an alarm for whatever is or becomes wrong
    #[command(
        after_help = "Exit codes of --once: 0 nothing to report; 1 the ledger is false, for as long as it is; 2 could not check, or an \
                            alert could not be delivered and will be sent again; 3 intact, but stale, without its quorum, or a \
                            stage has become overdue; 4 newer format. Without --once it goes on until it is stopped, and each look \
                            has such a code in --json"
    )]
    Monitor(MonitorArgs),
    /// Hold a receipt against a later dossier and write down what cannot both be true
    #[command(
        after_help = "Exit codes: 0 they agree; 1 they contradict each other, and the evidence is written, or one of them does \
                            not hold; 2 could not check, or the dossier cannot tell; 4 newer format"
    )]
    Contradict(ContradictArgs),
    /// Check what a file of evidence proves against a ledger
    #[command(
        after_help = "Exit codes: 0 it proves that the ledger contradicted itself; 1 it proves nothing; 2 could not check; 4 newer format"
    )]
    Evidence(EvidenceArgs),
}

/// Arguments of `receipt`.
#[derive(Debug, clap::Args)]
pub(crate) struct ReceiptArgs {
    /// The receipt (.tlog-proof); - is standard input
    pub(crate) file: PathBuf,
    /// The trust policy: whose word counts
    #[arg(long, short)]
    pub(crate) policy: PathBuf,
}

/// Arguments of `dossier`.
#[derive(Debug, clap::Args)]
pub(crate) struct DossierArgs {
    #[command(flatten)]
    pub(crate) about: SubjectFileArgs,
    /// Judge the lifecycle as of this instant or end of day, no later than the head: 2026-03-17, 2026-03-17T00:32:00+08:00
    #[arg(long, value_parser = parse_as_of)]
    pub(crate) as_of: Option<i64>,
}

/// Arguments of `absence`.
#[derive(Debug, clap::Args)]
pub(crate) struct AbsenceArgs {
    #[command(flatten)]
    pub(crate) about: SubjectFileArgs,
    /// The stage: announcement, candidates, award, contract, performance, …
    #[arg(long, short)]
    pub(crate) stage: String,
}

/// A dossier or an absence proof, and what it is held against.
#[derive(Debug, clap::Args)]
pub(crate) struct SubjectFileArgs {
    /// The dossier or absence proof (.dossier.json); - is standard input
    pub(crate) file: PathBuf,
    /// The trust policy: whose word counts
    #[arg(long, short)]
    pub(crate) policy: PathBuf,
    /// The project it must be about, spelt as a person would
    #[arg(long)]
    pub(crate) project: Option<String>,
    /// Reject a head older than this: 90s, 30m, 12h, 7d, 2w; without it, one older than 7d is reported as stale
    #[arg(long, value_parser = parse_duration)]
    pub(crate) max_age: Option<u64>,
    /// The state of your own audit, which then vouches for wholeness
    #[arg(long)]
    pub(crate) audited: Option<PathBuf>,
}

/// Arguments of `contradict`.
#[derive(Debug, clap::Args)]
pub(crate) struct ContradictArgs {
    /// The receipt (.tlog-proof); - is standard input
    pub(crate) receipt: PathBuf,
    /// The later dossier or absence proof (.dossier.json); - is standard input
    pub(crate) dossier: PathBuf,
    /// The trust policy: whose word counts
    #[arg(long, short)]
    pub(crate) policy: PathBuf,
    /// Where the evidence is written; nothing is, if they agree
    #[arg(long, short)]
    pub(crate) output: PathBuf,
}

/// Arguments of `evidence`.
#[derive(Debug, clap::Args)]
pub(crate) struct EvidenceArgs {
    /// The evidence (.json); - is standard input
    pub(crate) file: PathBuf,
    /// The trust policy: whose word counts
    #[arg(long, short)]
    pub(crate) policy: PathBuf,
}

/// Arguments of `audit`.
#[derive(Debug, clap::Args)]
pub(crate) struct AuditArgs {
    /// An exported directory or an http(s) address
    pub(crate) source: String,
    /// The trust policy: whose word counts
    #[arg(long, short)]
    pub(crate) policy: PathBuf,
    /// Remember the audit here, and read only what is new next time
    #[arg(long)]
    pub(crate) state: Option<PathBuf>,
    /// Where evidence against the ledger is written; by default evidence.json, beside the state if there is one
    #[arg(long)]
    pub(crate) evidence: Option<PathBuf>,
    /// Judge every project too, and write an inspector's report into this directory: report.html, report.json and CSV files
    #[arg(long)]
    pub(crate) report: Option<PathBuf>,
    /// Judge as of this instant or end of day, no later than the head: 2026-03-17, 2026-03-17T00:32:00+08:00
    #[arg(long, value_parser = parse_as_of, requires = "report")]
    pub(crate) as_of: Option<i64>,
}

/// Arguments of `monitor`.
#[derive(Debug, clap::Args)]
pub(crate) struct MonitorArgs {
    /// An http(s) address, or an exported directory
    pub(crate) source: String,
    /// The trust policy: whose word counts
    #[arg(long, short)]
    pub(crate) policy: PathBuf,
    /// Remember here what was seen and told; the audit is kept beside it, in a file of the same name with .audit behind
    #[arg(long)]
    pub(crate) state: PathBuf,
    /// Time between two looks: 90s, 30m, 12h
    #[arg(long, default_value = "60s", value_parser = parse_duration)]
    pub(crate) interval: u64,
    /// Run this command for each alert, with the alert as one JSON object on its standard input; it must end with 0
    #[arg(long, value_name = "CMD")]
    pub(crate) on_alert: Option<String>,
    /// POST each alert as JSON to this address, which must answer with 2xx
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Option<String>,
    /// Where a witness of the policy shows what it has seen, if not at the address in the policy
    #[arg(long, value_name = "NAME=URL", value_parser = parse_witness_monitor)]
    pub(crate) witness_monitor: Vec<(String, String)>,
    /// Raise an alarm for a head older than this: 90s, 30m, 12h, 7d, 2w; without it, for one older than 7d
    #[arg(long, value_parser = parse_duration)]
    pub(crate) max_age: Option<u64>,
    /// Where evidence against the ledger is written; by default evidence.json, beside the state
    #[arg(long)]
    pub(crate) evidence: Option<PathBuf>,
    /// Look once and exit, for cron
    #[arg(long)]
    pub(crate) once: bool,
}

fn parse_witness_monitor(text: &str) -> Result<(String, String), String> {
    let wrong =
        || "expected the name of a witness in the policy and an http(s) address: w1=https://w1.example".to_owned();
    let (name, url) = text.split_once('=').ok_or_else(wrong)?;
    let is_url = url.starts_with("http://") || url.starts_with("https://");
    if name.is_empty() || !is_url { Err(wrong()) } else { Ok((name.to_owned(), url.to_owned())) }
}

/// Reads the command line; help is in the language asked for, or the environment's.
///
/// # Errors
/// What clap has to say: wrong arguments, or that help or the version was asked for.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Args, clap::Error> {
    let args: Vec<OsString> = args.into_iter().collect();
    let command = if asked_lang(&args) == Lang::Zh { help_zh(Args::command()) } else { Args::command() };
    Args::from_arg_matches(&command.try_get_matches_from(args)?)
}

/// The language before the arguments are parsed, for help and errors about them.
fn asked_lang(args: &[OsString]) -> Lang {
    let words: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let after = |i: usize| words.get(i + 1).map(AsRef::as_ref);
    let said = (0..words.len())
        .find_map(|i| words[i].strip_prefix("--lang=").or(if words[i] == "--lang" { after(i) } else { None }));
    match said {
        Some("zh") => Lang::Zh,
        Some("en") => Lang::En,
        _ => Lang::from_environment(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_in_both_languages() {
        Args::command().debug_assert();
        help_zh(Args::command()).debug_assert();
    }
}
