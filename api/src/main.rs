//! `mingzhang`: the operator's program. Arguments in, one command, output and exit code out.
//!
//! Exit codes: 0 done; 1 refused; 2 could not be done.

mod args;
mod authority;
mod books;
mod check;
mod clock;
mod cosigning;
mod demo;
mod explain;
mod failure;
mod foresight;
mod http;
mod import;
mod init;
mod keeping;
mod keys;
mod language;
mod law;
mod logging;
mod output;
mod portal;
mod publish;
mod reading;
mod remote;
mod serve;
mod signals;
mod witness;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Arguments, Command};
use crate::failure::Failure;
use crate::language::Language;
use crate::output::Output;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    language::set(arguments.lang.unwrap_or_else(Language::of_locale));
    let output = Output { language: language::current(), json: arguments.json };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Failure::operational(error), output),
    };
    match runtime.block_on(run(arguments.command, output)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => fail(&failure, output),
    }
}

async fn run(command: Command, output: Output) -> Result<u8, Failure> {
    match command {
        Command::Init(arguments) => init::init(&arguments, output).await,
        Command::Keygen(arguments) => keys::keygen(&arguments, output),
        Command::Enrol(arguments) => authority::enrol(&arguments, output).await,
        Command::Rotate(arguments) => authority::rotate(&arguments, output).await,
        Command::Revoke(arguments) => authority::revoke(&arguments, output).await,
        Command::RotateLog(arguments) => authority::rotate_log(&arguments, output).await,
        Command::RotateRoot(arguments) => authority::rotate_root(&arguments, output).await,
        Command::Rulebook(arguments) => law::rulebook(&arguments, output).await,
        Command::Calendar(arguments) => law::calendar(&arguments, output).await,
        Command::Check(arguments) => check::check(&arguments, output).await,
        Command::Publish(arguments) => publish::publish(&arguments, output).await,
        Command::Reveal(arguments) => publish::reveal(&arguments, output).await,
        Command::Erase(arguments) => publish::erase(&arguments, output).await,
        Command::Import(arguments) => import::import(&arguments, output).await,
        Command::Receipt(arguments) => reading::receipt(&arguments, output).await,
        Command::Dossier(arguments) => reading::dossier(&arguments, output).await,
        Command::Absence(arguments) => reading::absence(&arguments, output).await,
        Command::Show(arguments) => reading::show(&arguments, output).await,
        Command::Stats(arguments) => reading::stats(&arguments, output).await,
        Command::Export(arguments) => keeping::export(&arguments, output).await,
        Command::Fsck(arguments) => keeping::fsck(&arguments, output).await,
        Command::Seal(arguments) => keeping::seal(&arguments, output).await,
        Command::Backup(arguments) => keeping::backup(&arguments, output).await,
        Command::Serve(arguments) => serve::serve(&arguments, output).await,
        Command::Witness(arguments) => witness::witness(&arguments, output).await,
        Command::Demo(arguments) => demo::demo(&arguments, output).await,
    }
}

fn fail(failure: &Failure, output: Output) -> ExitCode {
    let lead = if failure.code == 1 {
        output.pick("拒绝", "refused")
    } else {
        output.pick("未能完成", "could not be done")
    };
    eprintln!("{lead}: {}", output::plain(&failure.message));
    ExitCode::from(failure.code)
}
