//! The inspector's report (督查报告): every project judged, and written down in a directory.
//!
//! ```text
//! Chronicle ─▶ judge, some hundred projects at a time, on all cores ─▶ Summary, rows
//!                       │ in order
//!                       ▼
//!   report.html   one file, no request       report.json   schema/report.schema.json       *.csv   every row
//! ```
//!
//! Nothing here decides: the figures are [`Summary`]'s, the rows say what the verdicts say.

mod directory;
mod html;
mod json;
mod lists;
mod plot;

use std::collections::BTreeMap;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use indicatif::ProgressBar;
use verifier::inspection::{Row, Table, csv, tables};
use verifier::lifecycle::chronicle::Chronicle;
use verifier::lifecycle::summary::Summary;
use verifier::lifecycle::{AsOf, judge};
use verifier::log::checkpoint::SignedCheckpoint;

use self::directory::Directory;
use self::lists::List;
use super::lang::Lang;
use super::message::pick;

/// Projects judged at a time.
const PART: usize = 256;
/// Rows of a list that `report.json` holds; the CSV has all.
const MOST_ROWS: usize = 1_000;

pub(super) use self::directory::check as check_directory;

/// What a report is about.
pub(super) struct Inspection<'a> {
    pub(super) chronicle: &'a Chronicle,
    pub(super) as_of: AsOf,
    /// Whether the time of the head is the witnesses'.
    pub(super) witnessed: bool,
    pub(super) head: &'a SignedCheckpoint,
    pub(super) cosigners: &'a [String],
    pub(super) lang: Lang,
}

/// What has been judged of some projects.
struct Part {
    number: usize,
    summary: Summary,
    /// Of each list: all rows as CSV, how many, and the rows themselves while they are wanted.
    lists: [(String, u64, Vec<Row>); List::ALL.len()],
}

/// A report ready to be written.
struct Findings {
    summary: Summary,
    figures: Vec<Table>,
    lists: Vec<Table>,
}

impl Inspection<'_> {
    /// Judges every project and writes the report: what became of all.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn write(&self, out: &Path, progress: &ProgressBar) -> io::Result<Summary> {
        let mut directory = Directory::begin(out)?;
        let (summary, lists) = self.judge_all(&mut directory, progress)?;
        let figures = tables(&summary, self.chronicle.law());
        for table in &figures {
            let text = csv::file(table, |text| pick(text, self.lang));
            directory.write(file_name(table.spec.key), text.as_bytes())?;
        }
        let findings = Findings { summary, figures, lists };
        directory.write("report.json", json::report(self, &findings).as_bytes())?;
        directory.write("report.html", html::report(self, &findings).as_bytes())?;
        directory.finish()?;
        Ok(findings.summary)
    }

    fn judge_all(&self, directory: &mut Directory, progress: &ProgressBar) -> io::Result<(Summary, Vec<Table>)> {
        for list in List::ALL {
            directory.write(file_name(list.spec().key), csv::header(list.spec()).as_bytes())?;
        }
        let parts = self.chronicle.projects().div_ceil(PART);
        let cores = thread::available_parallelism().map_or(2, NonZero::get);
        let full = [const { AtomicBool::new(false) }; List::ALL.len()];
        // A list that is in no form but CSV.
        full[List::Projects as usize].store(true, Ordering::Relaxed);
        let (next, (sender, receiver)) = (AtomicUsize::new(0), sync_channel::<Part>(2 * cores));
        let mut summary = Summary::default();
        let mut lists = List::ALL.map(|list| Table { spec: list.spec(), rows: Vec::new(), total: 0 });
        thread::scope(|scope| {
            for _ in 0..cores {
                let (sender, next, full) = (sender.clone(), &next, &full);
                scope.spawn(move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= parts || sender.send(self.judge_part(number, full)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let (mut waiting, mut due) = (BTreeMap::new(), 0);
            for part in receiver {
                waiting.insert(part.number, part);
                while let Some(part) = waiting.remove(&due) {
                    due += 1;
                    progress.inc(PART as u64);
                    summary.merge(&part.summary);
                    for (list, (csv, count, rows)) in List::ALL.into_iter().zip(part.lists) {
                        let table = &mut lists[list as usize];
                        table.total += count;
                        table.rows.extend(rows);
                        table.rows.truncate(MOST_ROWS);
                        full[list as usize].fetch_or(table.rows.len() >= MOST_ROWS, Ordering::Relaxed);
                        directory.append(file_name(list.spec().key), csv.as_bytes())?;
                    }
                }
            }
            Ok::<_, io::Error>(())
        })?;
        Ok((summary, lists.into()))
    }

    fn judge_part(&self, number: usize, full: &[AtomicBool; List::ALL.len()]) -> Part {
        let law = self.chronicle.law();
        let mut part = Part { number, summary: Summary::default(), lists: Default::default() };
        for number in number * PART..((number + 1) * PART).min(self.chronicle.projects()) {
            let Some((profile, project)) = self.chronicle.project_until(number, self.as_of.at) else { continue };
            let verdict = judge(&project, law, self.as_of);
            part.summary.add(&profile, &project, &verdict);
            lists::rows(&profile, &project, &verdict, &mut |list, row| {
                let (csv, count, rows) = &mut part.lists[list as usize];
                csv::push(csv, &row, |text| pick(text, self.lang));
                *count += 1;
                if !full[list as usize].load(Ordering::Relaxed) && rows.len() < MOST_ROWS {
                    rows.push(row);
                }
            });
        }
        part
    }
}

/// `look_alikes` is in `look-alikes.csv`.
fn file_name(key: &str) -> PathBuf {
    format!("{}.csv", key.replace('_', "-")).into()
}
