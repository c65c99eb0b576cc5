//! `import`: drafts, one per line, signed and recorded; nothing twice, nothing lost.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use ledger::PrivateKey;
use ledger::draft::{Draft, DraftError, MAX_DRAFT};
use ledger::publisher::Desk;
use ledger::{Finder, Reader, Refusal, SignedStatement};
use serde_json::{Value as Json, json};
use verifier::log::index::LeafIndex;
use verifier::record::authority::Registry;
use verifier::record::replay;
use verifier::record::statement::Statement;

use crate::args::Import;
use crate::books::{Books, Place, Placed};
use crate::clock::now;
use crate::explain::Say as _;
use crate::failure::Failure;
use crate::foresight::{Adviser, Remark};
use crate::keys;
use crate::language::current;
use crate::output::{Output, plain};
use crate::publish::says_same;

/// Lines signed and submitted together.
const CHUNK: usize = 512;
/// Refusals that the summary shows; all of them go to `--rejected`.
const SHOWN: usize = 10;

/// A line of a file that holds a draft.
struct Line {
    file: PathBuf,
    number: u64,
    text: String,
    is_utf8: bool,
}

/// What became of the lines so far.
#[derive(Default)]
struct Counts {
    accepted: u64,
    existing: u64,
    refused: u64,
    shown: Vec<String>,
    /// Drafts of which the rules have something to say, and those that would break one.
    remarked: u64,
    breaking: u64,
    remarks: Vec<String>,
}

/// Signs and records the drafts of some files.
pub(crate) async fn import(arguments: &Import, output: Output) -> Result<u8, Failure> {
    let key = keys::load(&arguments.issuer.key, output)?;
    let desk = ImportDesk {
        key,
        publisher: arguments.issuer.publisher.clone(),
        publish_reserve: arguments.publish_reserve,
        strict: arguments.strict,
        output,
    };
    let (place, files) = arguments.place_and_files();
    let mut report = Report::open(arguments, &files)?;
    let progress = progress(&files, output);
    let result = match &place {
        Place::Dir(dir) if arguments.check => check(dir, &files, &desk, &mut report, &progress).await,
        _ => record(&place, &files, &desk, &mut report, &progress).await,
    };
    progress.finish_and_clear();
    report.finish()?;
    report.counts.print(arguments, output);
    // What was accepted before the failure is safe, and the summary has said so.
    result?;
    Ok(u8::from(report.counts.refused > 0))
}

struct ImportDesk {
    key: PrivateKey,
    publisher: String,
    publish_reserve: bool,
    strict: bool,
    output: Output,
}

impl ImportDesk {
    fn sign(&self, origin: &str, line: &Line) -> Result<(Draft, SignedStatement), String> {
        if !line.is_utf8 {
            return Err(current().pick("此行不是 UTF-8 文本", "the line is not UTF-8").to_owned());
        }
        let draft = Draft::parse(&line.text).map_err(|error: DraftError| error.say(current()))?;
        let desk = Desk { iss: &self.publisher, key: &self.key, origin, now: now() };
        let (statement, _) = desk.notice(&draft, &[], self.publish_reserve).map_err(|error| error.say(current()))?;
        Ok((draft, statement))
    }

    /// What the rules will say of a draft; with `--strict`, why it is refused.
    async fn advise(
        &self,
        adviser: &mut Adviser,
        line: &Line,
        draft: &Draft,
        report: &mut Report,
    ) -> Result<Option<String>, Failure> {
        let remarks = adviser.advise(draft, &[]).await?;
        let breaking: Vec<String> =
            remarks.iter().filter(|remark| remark.breaks()).map(|remark| remark.sentence(self.output)).collect();
        if self.strict && !breaking.is_empty() {
            return Ok(Some(breaking.join(" ")));
        }
        report.counts.remark(line, &remarks, self.output);
        Ok(None)
    }
}

async fn record(
    place: &Place,
    files: &[PathBuf],
    desk: &ImportDesk,
    report: &mut Report,
    progress: &ProgressBar,
) -> Result<(), Failure> {
    let books = Books::open(place).await?;
    let origin = books.origin();
    let mut adviser = Adviser::of(&books).await?;
    let mut lines = Lines::open(files)?;
    let mut pending: Option<Pending> = None;
    let result = loop {
        let chunk = match lines.next_chunk(CHUNK, progress) {
            Ok(chunk) => chunk,
            Err(failure) => break Err(failure),
        };
        if chunk.is_empty() {
            break Ok(());
        }
        // Over the network each project's notices stay in order only if one chunk is posted after the other.
        if let Some(before) = pending.take_if(|_| matches!(books, Books::There(_))) {
            before.settle(&books, report).await?;
        }
        // While the chunk before is being recorded, this one is signed.
        let next = Pending::submit(&books, desk, &origin, &mut adviser, chunk, report).await?;
        if let Some(before) = pending.replace(next) {
            before.settle(&books, report).await?;
        }
    };
    if let Some(last) = pending {
        last.settle(&books, report).await?;
    }
    books.close().await;
    result
}

/// A chunk on its way.
struct Pending {
    drafts: Vec<(Line, Draft)>,
    placed: tokio::task::JoinHandle<Result<Vec<Placed>, Failure>>,
}

impl Pending {
    async fn submit(
        books: &Books,
        desk: &ImportDesk,
        origin: &str,
        adviser: &mut Adviser,
        chunk: Vec<Line>,
        report: &mut Report,
    ) -> Result<Self, Failure> {
        let (mut drafts, mut statements) = (Vec::new(), Vec::new());
        for line in chunk {
            match desk.sign(origin, &line) {
                Ok((draft, statement)) => {
                    if let Some(reason) = desk.advise(adviser, &line, &draft, report).await? {
                        report.refuse(&line, &reason)?;
                        continue;
                    }
                    statements.push((draft.project.as_str().to_owned(), statement));
                    drafts.push((line, draft));
                }
                Err(reason) => report.refuse(&line, &reason)?,
            }
        }
        let books = books.clone();
        Ok(Self { drafts, placed: tokio::spawn(async move { books.submit_many(statements).await }) })
    }

    async fn settle(self, books: &Books, report: &mut Report) -> Result<(), Failure> {
        let placed = self.placed.await.map_err(Failure::operational)??;
        for ((line, draft), placed) in self.drafts.into_iter().zip(placed) {
            match placed {
                Placed::Recorded(index) => report.accept(&draft.notice_id, index)?,
                Placed::Existing(index) => report.exists(&draft.notice_id, index)?,
                Placed::Conflict(index, _) if says_same(books.entry(index).await?, &draft)? => {
                    report.exists(&draft.notice_id, index)?;
                }
                Placed::Conflict(_, failure) | Placed::Refused(failure) => report.refuse(&line, &failure.message)?,
            }
        }
        report.sync_acks()
    }
}

/// Says what would happen, and changes nothing.
async fn check(
    dir: &Path,
    files: &[PathBuf],
    desk: &ImportDesk,
    report: &mut Report,
    progress: &ProgressBar,
) -> Result<(), Failure> {
    let reader = Reader::open(dir).await?;
    let registry = reader.registry().await?;
    let next = reader.head().await?.checkpoint.size.0;
    let finder = reader.finder().await?;
    let mut adviser = Adviser::of_reader(reader.clone()).await?;
    let mut checked = Checked { reader, finder, registry, next: LeafIndex(next), before: HashMap::new() };
    let mut lines = Lines::open(files)?;
    loop {
        let chunk = lines.next_chunk(CHUNK, progress)?;
        if chunk.is_empty() {
            checked.reader.close().await;
            return Ok(());
        }
        for line in chunk {
            match checked.check(desk, &line).await? {
                Ok(Some(draft)) => match desk.advise(&mut adviser, &line, &draft, report).await? {
                    None => report.counts.accepted += 1,
                    Some(reason) => report.refuse(&line, &reason)?,
                },
                Ok(None) => report.counts.existing += 1,
                Err(reason) => report.refuse(&line, &reason)?,
            }
        }
    }
}

/// The ledger as it is, and the drafts that were checked before.
struct Checked {
    reader: Reader,
    finder: Finder,
    registry: Registry,
    next: LeafIndex,
    before: HashMap<String, Draft>,
}

impl Checked {
    /// The draft, if a line would be recorded; nothing if it was before; or why it would be refused.
    async fn check(&mut self, desk: &ImportDesk, line: &Line) -> Result<Result<Option<Draft>, String>, Failure> {
        let origin = self.registry.genesis().origin.clone();
        let (draft, signed) = match desk.sign(&origin, line) {
            Ok(signed) => signed,
            Err(reason) => return Ok(Err(reason)),
        };
        let statement = match Statement::parse(&signed.jwt) {
            Ok(statement) => statement,
            Err(error) => return Ok(Err(Refusal::from(error).say(current()))),
        };
        if let Some(before) = self.before.get(&draft.notice_id) {
            let (zh, en) = ("在前面一行已出现，内容不同", "stands on an earlier line and says something else there");
            let conflict = || format!("`{}` {}", draft.notice_id, current().pick(zh, en));
            return Ok(if *before == draft { Ok(None) } else { Err(conflict()) });
        }
        if let Some(index) = self.finder.find(&statement.iss, &statement.jti).await? {
            if says_same(self.reader.entry(index).await?, &draft)? {
                return Ok(Ok(None));
            }
            let conflict = Refusal::Conflict { iss: statement.iss.to_string(), jti: statement.jti, index };
            return Ok(Err(conflict.say(current())));
        }
        if let Err(error) = replay::open(&statement, None, &signed.disclosures) {
            return Ok(Err(Refusal::from(error).say(current())));
        }
        if let Err(error) = self.registry.check(&statement, &signed.jwt, self.next, 0, None) {
            return Ok(Err(Refusal::from(error).say(current())));
        }
        self.before.insert(draft.notice_id.clone(), draft.clone());
        Ok(Ok(Some(draft)))
    }
}

/// Where results go.
struct Report {
    counts: Counts,
    rejected: Option<(PathBuf, fs::File)>,
    acks: Option<(PathBuf, fs::File)>,
}

impl Report {
    fn open(arguments: &Import, files: &[PathBuf]) -> Result<Self, Failure> {
        spare_drafts(arguments, files)?;
        let open = |path: &Path, append: bool| {
            let mut options = fs::OpenOptions::new();
            options.create(true).write(true).append(append).truncate(!append);
            options.open(path).map(|file| (path.to_owned(), file)).map_err(|error| Failure::file(path, &error))
        };
        let rejected = arguments.rejected.as_deref().map(|path| open(path, false)).transpose()?;
        let mut acks =
            arguments.acks.as_deref().filter(|_| !arguments.check).map(|path| open(path, true)).transpose()?;
        if let Some((path, file)) = &mut acks {
            end_last_line(path, file).map_err(|error| Failure::file(path, &error))?;
        }
        Ok(Self { counts: Counts::default(), rejected, acks })
    }

    fn accept(&mut self, notice_id: &str, index: LeafIndex) -> Result<(), Failure> {
        self.counts.accepted += 1;
        self.acknowledge(notice_id, index, true)
    }

    fn exists(&mut self, notice_id: &str, index: LeafIndex) -> Result<(), Failure> {
        self.counts.existing += 1;
        self.acknowledge(notice_id, index, false)
    }

    fn acknowledge(&mut self, notice_id: &str, index: LeafIndex, new: bool) -> Result<(), Failure> {
        let Some((path, file)) = &mut self.acks else { return Ok(()) };
        let line = format!("{}\n", json!({ "notice_id": notice_id, "index": index.0, "new": new }));
        file.write_all(line.as_bytes()).map_err(|error| Failure::file(path, &error))
    }

    fn sync_acks(&mut self) -> Result<(), Failure> {
        let Some((path, file)) = &mut self.acks else { return Ok(()) };
        file.sync_data().map_err(|error| Failure::file(path, &error))
    }

    fn refuse(&mut self, line: &Line, reason: &str) -> Result<(), Failure> {
        self.counts.refused += 1;
        if self.counts.shown.len() < SHOWN {
            self.counts.shown.push(format!("{}:{}: {}", line.file.display(), line.number, plain(reason)));
        }
        let Some((path, file)) = &mut self.rejected else { return Ok(()) };
        writeln!(file, "{}", refusal(line, reason)).map_err(|error| Failure::file(path, &error))
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let Some((path, file)) = &mut self.rejected else { return Ok(()) };
        file.sync_data().map_err(|error| Failure::file(path, &error))
    }
}

/// A refused line with its number, its reason and the draft byte for byte: writing it anew could hide what it is refused for,
/// a member that stands there twice. A line that is no JSON is kept as a string.
fn refusal(line: &Line, reason: &str) -> String {
    let is_json = line.is_utf8 && serde_json::from_str::<Json>(&line.text).is_ok();
    let draft = if is_json { line.text.clone() } else { Json::from(line.text.as_str()).to_string() };
    let (file, reason) = (json!(line.file), json!(reason));
    format!(r#"{{"file":{file},"line":{},"reason":{reason},"draft":{draft}}}"#, line.number)
}

/// Results never overwrite the drafts they are about.
fn spare_drafts(arguments: &Import, files: &[PathBuf]) -> Result<(), Failure> {
    let place = |path: &PathBuf| fs::canonicalize(path).ok();
    let drafts: Vec<PathBuf> = files.iter().filter_map(place).collect();
    let results = [&arguments.rejected, &arguments.acks].into_iter().flatten();
    match results.into_iter().find(|path| place(path).is_some_and(|path| drafts.contains(&path))) {
        None => Ok(()),
        Some(path) => Err(Failure::said(
            format_args!("{} 是要录入的稿件文件：结果请写入另一个文件", path.display()),
            format_args!("{} holds the drafts to import: name another file for the results", path.display()),
        )),
    }
}

/// A line that a crash cut short is ended, so that the next one is a line of its own.
fn end_last_line(path: &Path, file: &mut fs::File) -> std::io::Result<()> {
    let mut last = [0];
    let mut reader = fs::File::open(path)?;
    if reader.metadata()?.len() == 0 {
        return Ok(());
    }
    reader.seek(SeekFrom::End(-1))?;
    reader.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

impl Counts {
    /// Keeps what the rules say of a line.
    fn remark(&mut self, line: &Line, remarks: &[Remark], output: Output) {
        let told: Vec<&Remark> = remarks.iter().filter(|remark| remark.warns()).collect();
        self.remarked += u64::from(!told.is_empty());
        self.breaking += u64::from(told.iter().any(|remark| remark.breaks()));
        let place = format!("{}:{}", line.file.display(), line.number);
        let room = SHOWN.saturating_sub(self.remarks.len());
        // Those that would break a rule are shown; the others are counted.
        let shown = told.into_iter().filter(|remark| remark.breaks()).take(room);
        self.remarks.extend(shown.map(|remark| format!("{place}: {}", remark.line(output))));
    }

    fn print(&self, arguments: &Import, output: Output) {
        let Self { accepted, existing, refused, shown, remarked, breaking, remarks } = self;
        let mut text = shown.iter().chain(remarks).cloned().collect::<Vec<_>>().join("\n");
        if shown.is_empty() && !remarks.is_empty() {
            text.push('\n');
        }
        if !shown.is_empty() {
            let more = usize::try_from(*refused).unwrap_or(usize::MAX).saturating_sub(shown.len());
            if more > 0 {
                text += &format!("\n… {more} {}", output.pick("条更多，见 --rejected", "more; see --rejected"));
            }
            text.push('\n');
        }
        text += &if arguments.check {
            output.pick(
                "检查：将录入 {a}，此前已录入 {e}，将拒绝 {r}（未改动账本）",
                "check: would record {a}, recorded before {e}, would refuse {r} (nothing was changed)",
            )
        } else {
            output.pick("录入 {a}，此前已录入 {e}，拒绝 {r}", "accepted {a}, already recorded {e}, refused {r}")
        }
        .replace("{a}", &accepted.to_string())
        .replace("{e}", &existing.to_string())
        .replace("{r}", &refused.to_string());
        if *remarked > 0 {
            text += &output
                .pick(
                    "\n规则提示：{n} 份，其中 {b} 份将违反规则（`check` 逐份说明，--strict 一律拒绝）",
                    "\nthe rules have remarks on {n}, of which {b} would break one (`check` explains each, --strict refuses them)",
                )
                .replace("{n}", &remarked.to_string())
                .replace("{b}", &breaking.to_string());
        }
        let json = json!({
            "accepted": accepted, "already_recorded": existing, "refused": refused, "check": arguments.check,
            "remarked": remarked, "would_break": breaking,
        });
        output.print(&text, &json);
    }
}

/// The lines of some files, one after another.
struct Lines {
    rest: VecDeque<PathBuf>,
    open: Option<(PathBuf, Box<dyn BufRead>, u64)>,
}

impl Lines {
    /// Every file is opened once before anything is recorded, so that a misspelt name is no half import.
    fn open(files: &[PathBuf]) -> Result<Self, Failure> {
        for file in files.iter().filter(|file| *file != Path::new("-")) {
            fs::File::open(file).map_err(|error| Failure::file(file, &error))?;
        }
        Ok(Self { rest: VecDeque::from(files.to_vec()), open: None })
    }

    fn next_chunk(&mut self, most: usize, progress: &ProgressBar) -> Result<Vec<Line>, Failure> {
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        while chunk.len() < most && bytes < MAX_DRAFT {
            let Some(line) = self.next(progress)? else { break };
            bytes += line.text.len();
            chunk.push(line);
        }
        Ok(chunk)
    }

    fn next(&mut self, progress: &ProgressBar) -> Result<Option<Line>, Failure> {
        loop {
            if self.open.is_none() {
                let Some(file) = self.rest.pop_front() else { return Ok(None) };
                let reader: Box<dyn BufRead> = if file == Path::new("-") {
                    Box::new(BufReader::new(std::io::stdin()))
                } else {
                    Box::new(BufReader::new(fs::File::open(&file).map_err(|error| Failure::file(&file, &error))?))
                };
                self.open = Some((file, reader, 0));
            }
            let Some((file, reader, number)) = &mut self.open else { return Ok(None) };
            let mut bytes = Vec::new();
            let read = reader.by_ref().take(MAX_DRAFT as u64 + 2).read_until(b'\n', &mut bytes);
            let read = read.map_err(|error| Failure::file(file, &error))?;
            if read == 0 {
                self.open = None;
                continue;
            }
            progress.inc(read as u64);
            *number += 1;
            if !bytes.ends_with(b"\n") && read > MAX_DRAFT {
                skip_line(reader.as_mut()).map_err(|error| Failure::file(file, &error))?;
            }
            let is_utf8 = std::str::from_utf8(&bytes).is_ok();
            let text = String::from_utf8_lossy(&bytes).trim().to_owned();
            if !text.is_empty() {
                return Ok(Some(Line { file: file.clone(), number: *number, text, is_utf8 }));
            }
        }
    }
}

/// Passes over the rest of a line that is too long to be a draft.
fn skip_line(reader: &mut dyn BufRead) -> std::io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let (used, done) = match buffer.iter().position(|b| *b == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(used);
        if done {
            return Ok(());
        }
    }
}

fn progress(files: &[PathBuf], output: Output) -> ProgressBar {
    if output.json {
        return ProgressBar::hidden();
    }
    let bytes = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|metadata| metadata.len()).sum();
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bytes).with_style(style)
}
