//! Lawful erasure (依法删除): the statement says that a disclosure is gone; here its bytes go.
//!
//! An erasure deletes rows of `disclosure` and nothing else: the digests stay in the entries, so every proof stays valid. With
//! `secure_delete` the deleted bytes become zeros, but older pages live on in the WAL until it is emptied, and stray copies
//! may lie in pages that SQLite moved about. So the WAL is emptied, every file of the ledger's directory is searched for
//! what was erased, and if something is found the database is written anew and searched again.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;
use verifier::log::base64;
use verifier::log::hash::{Hash, sha256};
use verifier::log::index::LeafIndex;
use verifier::record::disclosure::Disclosure;
use verifier::record::statement::Statement;

use crate::admission::SignedStatement;
use crate::batch::Outcome;
use crate::draft::to_json;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::state::read_statement;

/// Bytes of a file that are searched at once.
const WINDOW: usize = 1 << 20;
/// Values shorter than this stand everywhere by chance and are not searched for by themselves.
const SHORTEST: usize = 4;

/// What became of the erased bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scrubbed {
    /// No file of the ledger's directory holds them.
    Clean,
    /// A reader's snapshot keeps older pages in the files.
    HeldByReader,
    /// A file that is not the database holds them.
    Remains {
        /// The file.
        file: PathBuf,
    },
}

/// What to search for.
#[derive(Default)]
struct Traces {
    /// Disclosures, as text and as base64url: unique by their salt.
    disclosures: BTreeSet<Vec<u8>>,
    /// Values as they stood in a disclosure: the same words may rightly stand elsewhere in the ledger.
    values: BTreeSet<Vec<u8>>,
}

impl Ledger {
    /// Records an erasure and makes sure that after it neither the erased disclosures, as text or base64url, nor their values
    /// are in any file of the ledger's directory. Submitting it again, or [`Ledger::finish_erasures`], finishes what a reader
    /// prevented.
    ///
    /// # Errors
    /// The statement could not be recorded or the files not be read. A statement that is refused is no error.
    pub async fn erase(&self, statement: SignedStatement) -> Result<(Outcome, Scrubbed), LedgerError> {
        let traces = match Statement::parse(&statement.jwt).ok().as_ref().and_then(Statement::target) {
            Some((target, digests)) => self.traces(target, digests).await?,
            None => Traces::default(),
        };
        let outcome = self.submit(statement).await?;
        if matches!(outcome, Outcome::Refused(ref refusal) if !matches!(refusal, crate::error::Refusal::Conflict { .. }))
        {
            return Ok((outcome, Scrubbed::Clean));
        }
        // When the rows were deleted by an earlier call, there is nothing left to search for: the file is written anew.
        let unknown = traces.disclosures.is_empty();
        let scrubbed = self.scrub_files(&traces, unknown).await?;
        Ok((outcome, scrubbed))
    }

    /// Writes the database anew, so that no byte is left of what was erased before: for erasures that a reader, or the end of
    /// the process, kept from being finished. What other files hold is not searched: nobody knows the words any more.
    ///
    /// # Errors
    /// The files cannot be written.
    pub async fn finish_erasures(&self) -> Result<Scrubbed, LedgerError> {
        self.scrub_files(&Traces::default(), true).await
    }

    /// The bytes of a notice's disclosures of these digests, beside the notice and beside its reveals.
    async fn traces(&self, target: LeafIndex, digests: &[Hash]) -> Result<Traces, LedgerError> {
        let mut traces = Traces::default();
        let mut snapshot = self.readers.snapshot().await?;
        let mut holders = vec![target.0];
        for index in snapshot.precedents().await? {
            let statement = snapshot.entry(index).await?.as_deref().and_then(read_statement);
            let of_target = statement.as_ref().and_then(Statement::target).is_some_and(|(at, _)| at == target);
            holders.extend(of_target.then_some(index));
        }
        for index in holders {
            for (_, text) in snapshot.disclosures(index).await? {
                if digests.contains(&sha256(text.as_bytes())) {
                    traces.add(&text);
                }
            }
        }
        Ok(traces)
    }

    async fn scrub_files(&self, traces: &Traces, rewrite: bool) -> Result<Scrubbed, LedgerError> {
        let database = self.database.clone();
        let mut rewritten = rewrite;
        loop {
            if self.scrub(rewritten).await? {
                return Ok(Scrubbed::HeldByReader);
            }
            let found = traces.search(&self.dir)?;
            match found {
                None => return Ok(Scrubbed::Clean),
                Some(Trace { file, .. }) if file != database => return Ok(Scrubbed::Remains { file }),
                // Words of an erased value that the database still holds after it was written anew are words of entries and
                // disclosures that nobody erased.
                Some(Trace { is_disclosure: false, .. }) if rewritten => return Ok(Scrubbed::Clean),
                Some(Trace { file, .. }) if rewritten => return Ok(Scrubbed::Remains { file }),
                Some(_) => rewritten = true,
            }
        }
    }
}

/// Something that was to be erased, found.
struct Trace {
    file: PathBuf,
    is_disclosure: bool,
}

impl Traces {
    fn add(&mut self, disclosure: &str) {
        self.disclosures.insert(disclosure.as_bytes().to_vec());
        self.disclosures.extend(base64::decode_url(disclosure).ok());
        if let Ok(opened) = Disclosure::parse(disclosure) {
            let json = to_json(&opened.value);
            let texts = [json.as_str().map(str::to_owned), Some(json.to_string())];
            let values = texts.into_iter().flatten().map(String::into_bytes);
            self.values.extend(values.filter(|value| value.len() >= SHORTEST));
        }
    }

    /// Searches every file below a directory, links not followed; a disclosure found anywhere comes before a value.
    fn search(&self, dir: &Path) -> Result<Option<Trace>, LedgerError> {
        let finders =
            |texts: &BTreeSet<Vec<u8>>| texts.iter().map(|text| Finder::new(text).into_owned()).collect::<Vec<_>>();
        let (disclosures, values) = (finders(&self.disclosures), finders(&self.values));
        let mut value = None;
        for file in files(dir)? {
            let failed = |source| LedgerError::File { path: file.clone(), source };
            let found = search_file(&file, &disclosures, &values).map_err(failed)?;
            if found.0 {
                return Ok(Some(Trace { file, is_disclosure: true }));
            }
            if found.1 && value.is_none() {
                value = Some(Trace { file, is_disclosure: false });
            }
        }
        Ok(value)
    }
}

/// Every regular file below a directory.
fn files(dir: &Path) -> Result<Vec<PathBuf>, LedgerError> {
    let failed = |source| LedgerError::File { path: dir.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            found.extend(files(&entry.path())?);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file holds one of the disclosures, and whether one of the values.
fn search_file(path: &Path, disclosures: &[Finder<'_>], values: &[Finder<'_>]) -> io::Result<(bool, bool)> {
    let longest = disclosures.iter().chain(values).map(|finder| finder.needle().len()).max().unwrap_or(0);
    let mut file = match File::open(path) {
        Ok(file) => file,
        // Another process has removed it meanwhile: then it holds nothing.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((false, false)),
        Err(error) => return Err(error),
    };
    let (mut window, mut kept) = (vec![0; WINDOW + longest], 0);
    let mut found = (false, false);
    loop {
        let read = file.read(&mut window[kept..])?;
        if read == 0 {
            return Ok(found);
        }
        let filled = kept + read;
        found.0 |= disclosures.iter().any(|finder| finder.find(&window[..filled]).is_some());
        found.1 |= values.iter().any(|finder| finder.find(&window[..filled]).is_some());
        // What may be the beginning of something found with the next bytes stays.
        kept = filled.min(longest.saturating_sub(1));
        window.copy_within(filled - kept..filled, 0);
    }
}
