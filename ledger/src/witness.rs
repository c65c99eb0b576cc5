//! A witness's memory: the newest checkpoint it cosigned of every log, in a file of its own, and the key that cosigns.
//!
//! ```text
//! check   a request against what was cosigned last      the protocol's rules, in the verifier
//! sign    the checkpoint, with the time
//! store   it in place of the last, if that is still the one it was checked against
//! answer  only once that is on the disk
//! ```
//!
//! The three steps are one for everyone else: a request waits for the one before it, and the file itself refuses to go back.
//! Killed in between, a witness has either answered nothing and stored nothing, or stored what it may answer again; it can
//! never be led to cosign two checkpoints of which neither continues the other. That rests on this file: a witness whose
//! file is lost, or was replaced by an older copy, must not go on under the same key.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};
use tokio::sync::Mutex;
use verifier::log::add_checkpoint::AddCheckpoint;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::cosignature::cosignatures;
use verifier::log::note::VerifierKey;
use verifier::log::witness::{WitnessRefusal, check};

use crate::clock::Clock;
use crate::lock::{LockError, WriterLock};
use crate::signer::{PrivateKey, SignerError, WitnessSigner};
use crate::store::row_id;

/// A witness's private key, in its directory.
pub const WITNESS_KEY: &str = "witness.key";
/// A witness's memory, in its directory.
pub const WITNESS_DATABASE: &str = "witness.db";
/// How far this machine's clock may stand behind the last cosignature, in seconds: it is then told that time again. Further
/// back it is wrong, and nothing is cosigned.
const CLOCK_SLACK: u64 = 300;

/// What a witness is.
#[derive(Debug, Clone)]
pub struct WitnessOptions {
    /// Its name, as a URL without scheme; none: the one it was first started with, or one made of its key.
    pub name: Option<String>,
    /// The keys of the logs it cosigns for; a log may have several.
    pub logs: Vec<VerifierKey>,
    /// Whether it cosigns only what it has replayed; fixed for its key for ever.
    pub replay: bool,
}

/// Why a witness cannot work. Never the fault of a request.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Its file failed.
    #[error("the witness's database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// Its key cannot be read, or its name cannot stand in a signature line.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// Another process is this witness.
    #[error("the witness in {dir} is running as process {holder} already: stop that one first")]
    Running {
        /// The directory.
        dir: PathBuf,
        /// The id of the process.
        holder: String,
    },
    /// The directory, or its lock, cannot be made.
    #[error("{path}: {source}")]
    File {
        /// The directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Key and memory are not both there.
    #[error(
        "{dir} has {found} but no {missing}: bring it back as it was last; a witness that has lost its memory or its key must \
         not go on under the same name, begin another one in an empty directory"
    )]
    Lost {
        /// The directory.
        dir: PathBuf,
        /// The file that is there.
        found: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// Started as another witness than it is.
    #[error("the witness in {dir} is {expected}, not {found}: start it as what it is, or make another one elsewhere")]
    Other {
        /// The directory.
        dir: PathBuf,
        /// What it is.
        expected: String,
        /// What it was started as.
        found: String,
    },
    /// What the file holds is not what was written.
    #[error("{dir} holds a {WITNESS_DATABASE} that is damaged ({what}): bring it back as it was last")]
    Damaged {
        /// The directory.
        dir: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The clock stands before the last cosignature.
    #[error(
        "this machine's clock stands at {now}, but the last cosignature is of {last} (seconds since 1970): set it right"
    )]
    Clock {
        /// The clock, in seconds since the Unix epoch.
        now: u64,
        /// The last cosignature's time.
        last: u64,
    },
}

/// Why a checkpoint was not cosigned.
#[derive(Debug, thiserror::Error)]
pub enum NotCosigned {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] WitnessRefusal),
    /// It could not be.
    #[error(transparent)]
    Failed(#[from] WitnessError),
}

impl From<sqlx::Error> for NotCosigned {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// The newest checkpoint cosigned of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// It, with the log's signature and this witness's.
    pub note: SignedCheckpoint,
    /// When, in seconds since the Unix epoch.
    pub time: u64,
}

/// A witness: its key, its memory, its clock. The only process of its directory.
pub struct Witness {
    signer: WitnessSigner,
    memory: Mutex<SqliteConnection>,
    logs: Vec<VerifierKey>,
    clock: Arc<dyn Clock>,
    dir: PathBuf,
    _lock: WriterLock,
}

const TABLES: [&str; 4] = [
    "CREATE TABLE witness (
        one    INTEGER PRIMARY KEY CHECK (one = 1), -- there is one row
        vkey   TEXT NOT NULL,                       -- its verifier key
        replay INTEGER NOT NULL                     -- whether it cosigns only what it has replayed
    ) STRICT",
    "CREATE TABLE cosigned (
        origin TEXT PRIMARY KEY, -- the log
        size   INTEGER NOT NULL, -- entries of the newest checkpoint cosigned
        root   BLOB NOT NULL,    -- its root hash
        time   INTEGER NOT NULL, -- when, in seconds since the Unix epoch
        note   TEXT NOT NULL,    -- the checkpoint with the log's signature and the cosignature
        CHECK (size >= 0 AND length(root) = 32)
    ) STRICT",
    "CREATE TRIGGER a_witness_never_goes_back BEFORE UPDATE ON cosigned
     WHEN NEW.origin <> OLD.origin OR NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
         OR NEW.time < OLD.time
     BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END",
    "CREATE TRIGGER a_witness_never_forgets BEFORE DELETE ON cosigned
     BEGIN SELECT RAISE(ABORT, 'a witness never forgets'); END",
];

impl Witness {
    /// Opens the witness of a directory; makes it, with a new key, if the directory holds none.
    ///
    /// # Errors
    /// [`WitnessError`]; among them that it is running already, or was started as something else before.
    pub async fn open(dir: &Path, options: WitnessOptions, clock: Arc<dyn Clock>) -> Result<Self, WitnessError> {
        std::fs::create_dir_all(dir).map_err(|source| WitnessError::File { path: dir.to_owned(), source })?;
        let lock = WriterLock::take(dir).map_err(|error| match error {
            LockError::Held { dir, holder } => WitnessError::Running { dir, holder },
            LockError::File { dir: path, source } => WitnessError::File { path, source },
        })?;
        let (key, database) = (dir.join(WITNESS_KEY), dir.join(WITNESS_DATABASE));
        let lost = |found, missing| Err(WitnessError::Lost { dir: dir.to_owned(), found, missing });
        let (signer, memory) = match (key.exists(), database.exists()) {
            (true, true) => known(dir, &options).await?,
            (false, false) => begin(&key, &database, &options).await?,
            (true, false) => return lost(WITNESS_KEY, WITNESS_DATABASE),
            (false, true) => return lost(WITNESS_DATABASE, WITNESS_KEY),
        };
        Ok(Self { signer, memory: Mutex::new(memory), logs: options.logs, clock, dir: dir.to_owned(), _lock: lock })
    }

    /// Its verifier key, for policies.
    pub fn vkey(&self) -> &VerifierKey {
        self.signer.vkey()
    }

    /// The keys of the logs it cosigns for.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The newest checkpoint it cosigned of a log.
    ///
    /// # Errors
    /// The file failed.
    pub async fn latest(&self, origin: &str) -> Result<Option<Cosigned>, WitnessError> {
        self.read(&mut *self.memory.lock().await, origin).await
    }

    /// Checks a request without cosigning; what was cosigned of its log before, if it passes.
    ///
    /// # Errors
    /// [`NotCosigned`].
    pub async fn check(&self, request: &AddCheckpoint) -> Result<Option<Cosigned>, NotCosigned> {
        let latest = self.latest(&request.checkpoint.checkpoint.origin).await?;
        check(request, &self.logs, latest.as_ref().map(|latest| &latest.note.checkpoint))?;
        Ok(latest)
    }

    /// Cosigns a checkpoint that continues what was cosigned before, and makes it the newest; the signature line, with its
    /// newline, once all of that is on the disk.
    ///
    /// # Errors
    /// [`NotCosigned`]; then nothing has changed, or the file failed and nobody knows the signature.
    pub async fn cosign(&self, request: &AddCheckpoint) -> Result<String, NotCosigned> {
        let mut memory = self.memory.lock().await;
        let latest = self.read(&mut memory, &request.checkpoint.checkpoint.origin).await?;
        check(request, &self.logs, latest.as_ref().map(|latest| &latest.note.checkpoint))?;
        let time = self.time_after(latest.as_ref().map_or(0, |latest| latest.time))?;
        let line = self.signer.cosign(&request.checkpoint, time);
        let note = self.published(&request.checkpoint, &line)?;
        store(&mut memory, latest.as_ref(), &Cosigned { note, time }).await?;
        Ok(line)
    }

    /// Now, in seconds since the Unix epoch, but never before the last cosignature of the log.
    fn time_after(&self, last: u64) -> Result<u64, WitnessError> {
        let now = self.clock.now().0 / 1000;
        if now + CLOCK_SLACK < last { Err(WitnessError::Clock { now, last }) } else { Ok(now.max(last)) }
    }

    /// What monitors are shown: the checkpoint, the signatures of the log's trusted keys, and this witness's.
    fn published(&self, note: &SignedCheckpoint, line: &str) -> Result<SignedCheckpoint, WitnessError> {
        let mut text = format!("{}\n", note.body());
        for signature in note.note.signatures() {
            if self.logs.iter().any(|key| signature.name == key.name() && signature.key_id == key.key_id()) {
                text += &signature.format();
            }
        }
        let note = SignedCheckpoint::parse(&(text + line)).map_err(|_| self.damaged("a note that was just made"))?;
        // What leaves is checked as a reader would, whatever memory or hardware did to the key.
        let verified = cosignatures(&note, self.vkey()).is_ok_and(|times| times.len() == 1);
        if verified { Ok(note) } else { Err(self.damaged("the key signs what does not verify")) }
    }

    async fn read(&self, memory: &mut SqliteConnection, origin: &str) -> Result<Option<Cosigned>, WitnessError> {
        let query = sqlx::query("SELECT note, time FROM cosigned WHERE origin = ?").bind(origin);
        let Some(row) = query.fetch_optional(memory).await? else { return Ok(None) };
        let (note, time): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let note = SignedCheckpoint::parse(&note).map_err(|_| self.damaged("a note"))?;
        let ours = cosignatures(&note, self.vkey()).is_ok_and(|times| !times.is_empty());
        if note.checkpoint.origin != origin || !ours {
            return Err(self.damaged("a note that this witness did not cosign"));
        }
        Ok(Some(Cosigned { note, time: u64::try_from(time).map_err(|_| self.damaged("a time"))? }))
    }

    fn damaged(&self, what: &'static str) -> WitnessError {
        WitnessError::Damaged { dir: self.dir.clone(), what }
    }

    /// Closes the file.
    ///
    /// # Errors
    /// The file failed.
    pub async fn close(self) -> Result<(), WitnessError> {
        Ok(self.memory.into_inner().close().await?)
    }
}

async fn open_file(path: &Path, create: bool) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        .disable_statement_logging()
        .connect()
        .await
}

/// A new witness: the key is on the disk before the memory, so that what was cosigned always has its key.
async fn begin(
    key_file: &Path,
    database: &Path,
    options: &WitnessOptions,
) -> Result<(WitnessSigner, SqliteConnection), WitnessError> {
    let key = PrivateKey::generate()?;
    let name = options.name.clone().unwrap_or_else(|| format!("witness/{}", &key.jwk().kid_text()[..8]));
    key.write(key_file)?;
    let signer = WitnessSigner::new(&name, key)?;
    let mut memory = open_file(database, true).await?;
    let mut transaction = memory.begin().await?;
    for table in TABLES {
        sqlx::query(table).execute(&mut *transaction).await?;
    }
    let row = sqlx::query("INSERT INTO witness (one, vkey, replay) VALUES (1, ?, ?)");
    row.bind(signer.vkey().to_string()).bind(options.replay).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok((signer, memory))
}

/// The witness that is there, if it is what it is started as.
async fn known(dir: &Path, options: &WitnessOptions) -> Result<(WitnessSigner, SqliteConnection), WitnessError> {
    let damaged = |what| WitnessError::Damaged { dir: dir.to_owned(), what };
    let mut memory = open_file(&dir.join(WITNESS_DATABASE), false).await?;
    let row: SqliteRow = sqlx::query("SELECT vkey, replay FROM witness").fetch_one(&mut memory).await?;
    let (vkey, replay): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
    let vkey = VerifierKey::parse(&vkey).map_err(|_| damaged("its verifier key"))?;
    let signer = WitnessSigner::new(vkey.name(), PrivateKey::read(&dir.join(WITNESS_KEY))?)?;
    let other = |expected: String, found: String| WitnessError::Other { dir: dir.to_owned(), expected, found };
    if *signer.vkey() != vkey {
        return Err(other(vkey.to_string(), signer.vkey().to_string()));
    }
    let kind = |replay: bool| if replay { "a replay witness" } else { "a plain witness" }.to_owned();
    if replay != options.replay {
        return Err(other(kind(replay), kind(options.replay)));
    }
    match &options.name {
        Some(name) if name != vkey.name() => Err(other(vkey.name().to_owned(), name.clone())),
        _ => Ok((signer, memory)),
    }
}

/// Puts the newer checkpoint in the place of the one it was checked against, in one transaction.
async fn store(memory: &mut SqliteConnection, from: Option<&Cosigned>, to: &Cosigned) -> Result<(), NotCosigned> {
    let (new, note) = (&to.note.checkpoint, to.note.format());
    let query = match from {
        None => sqlx::query(
            "INSERT INTO cosigned (size, root, time, note, origin) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        ),
        Some(_) => sqlx::query(
            "UPDATE cosigned SET size = ?, root = ?, time = ?, note = ? WHERE origin = ? AND size = ? AND root = ?",
        ),
    };
    let mut query =
        query.bind(row_id(new.size.0)).bind(new.root.0.0.to_vec()).bind(row_id(to.time)).bind(note).bind(&new.origin);
    if let Some(Cosigned { note, .. }) = from {
        query = query.bind(row_id(note.checkpoint.size.0)).bind(note.checkpoint.root.0.0.to_vec());
    }
    if query.execute(memory).await?.rows_affected() == 1 {
        return Ok(());
    }
    // Only a process that ignored the lock can have come between; whoever asks again is told from where.
    let latest = from.map_or(verifier::log::index::TreeSize(0), |from| from.note.checkpoint.size);
    Err(WitnessRefusal::NotLatest { old: latest, latest }.into())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use verifier::evidence::path::{consistency_path, of_leaves};
    use verifier::log::checkpoint::Checkpoint;
    use verifier::log::hash::{Hash, leaf_hash};
    use verifier::log::index::TreeSize;
    use verifier::log::tree::root_of;
    use verifier::record::entry::EntryTime;

    use super::*;
    use crate::signer::LogSigner;

    const ORIGIN: &str = "example.com/log";

    struct Hands(AtomicU64);

    impl Clock for Hands {
        fn now(&self) -> EntryTime {
            EntryTime(self.0.load(Ordering::SeqCst) * 1000)
        }
    }

    fn log() -> LogSigner {
        LogSigner::new(ORIGIN, PrivateKey::from_seed(&[7; 32])).expect("a name")
    }

    fn options() -> WitnessOptions {
        WitnessOptions { name: Some("w1.example".to_owned()), logs: vec![log().vkey().clone()], replay: false }
    }

    fn leaves(salt: u8, count: usize) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&[salt, u8::try_from(n).expect("few")]).0).collect()
    }

    /// The proof from the first `old` of these leaves; nothing where none is needed.
    fn proof(leaves: &[Hash], old: usize) -> Vec<Hash> {
        let (old, size) = (TreeSize(old as u64), TreeSize(leaves.len() as u64));
        let mut path = consistency_path(old, size, of_leaves(leaves)).unwrap_or_default();
        // RFC 9162 leaves out the hash that the reader has.
        if old.0.is_power_of_two() && !path.is_empty() {
            path.remove(0);
        }
        path
    }

    /// What the log of this salt asks for; logs of different salts share no entry.
    fn request(salt: u8, old: usize, size: usize) -> AddCheckpoint {
        let leaves = leaves(salt, size);
        let root = root_of(leaves.iter().copied());
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: TreeSize(size as u64), root };
        let proof = proof(&leaves, old);
        AddCheckpoint { old: TreeSize(old as u64), proof, checkpoint: log().sign(&checkpoint) }
    }

    async fn open(dir: &Path, now: u64) -> (Witness, Arc<Hands>) {
        let clock = Arc::new(Hands(AtomicU64::new(now)));
        (Witness::open(dir, options(), clock.clone()).await.expect("a witness"), clock)
    }

    #[tokio::test]
    async fn what_was_cosigned_is_remembered_by_the_next_process() {
        let dir = tempfile::tempdir().expect("a directory");
        let (witness, _) = open(dir.path(), 1000).await;
        let vkey = witness.vkey().clone();
        witness.cosign(&request(1, 0, 3)).await.expect("the first");
        let line = witness.cosign(&request(1, 3, 5)).await.expect("the second");
        witness.close().await.expect("closed");
        let (witness, _) = open(dir.path(), 2000).await;
        assert_eq!(witness.vkey(), &vkey);
        let latest = witness.latest(ORIGIN).await.expect("read").expect("cosigned");
        assert_eq!((latest.note.checkpoint.size, latest.time), (TreeSize(5), 1000));
        assert!(latest.note.format().ends_with(&line));
        assert_eq!(cosignatures(&latest.note, &vkey), Ok(vec![1000]));
        let refused = witness.cosign(&request(1, 3, 6)).await;
        let latest = TreeSize(5);
        assert!(
            matches!(&refused, Err(NotCosigned::Refused(WitnessRefusal::NotLatest { latest: found, .. })) if *found == latest),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn of_two_histories_one_is_cosigned_whoever_asks_first_and_however_many_at_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let (witness, _) = open(dir.path(), 1000).await;
        let witness = Arc::new(witness);
        let mut asked = Vec::new();
        for salt in 0..16 {
            let witness = witness.clone();
            asked.push(tokio::spawn(async move { witness.cosign(&request(salt % 2, 0, 3)).await.map(|_| salt % 2) }));
        }
        let mut won = Vec::new();
        for one in asked {
            won.extend(one.await.expect("no panic"));
        }
        assert_eq!(won.len(), 1, "the second finds the size of the first");
        let (mine, other) = (won[0], 1 - won[0]);
        assert!(witness.cosign(&request(mine, 3, 7)).await.is_ok());
        assert!(matches!(
            witness.cosign(&request(other, 7, 9)).await,
            Err(NotCosigned::Refused(WitnessRefusal::Inconsistent(_)))
        ));
        assert!(matches!(
            witness.cosign(&request(other, 7, 7)).await,
            Err(NotCosigned::Refused(WitnessRefusal::Forked { .. }))
        ));
    }

    #[tokio::test]
    async fn the_time_never_goes_back_and_a_wrong_clock_cosigns_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let (witness, clock) = open(dir.path(), 1000).await;
        witness.cosign(&request(1, 0, 3)).await.expect("cosigned");
        clock.0.store(1000 - CLOCK_SLACK, Ordering::SeqCst);
        witness.cosign(&request(1, 3, 4)).await.expect("cosigned");
        assert_eq!(witness.latest(ORIGIN).await.expect("read").expect("cosigned").time, 1000);
        clock.0.store(999 - CLOCK_SLACK, Ordering::SeqCst);
        let refused = witness.cosign(&request(1, 4, 5)).await;
        assert!(matches!(refused, Err(NotCosigned::Failed(WitnessError::Clock { last: 1000, .. }))), "{refused:?}");
        assert_eq!(witness.latest(ORIGIN).await.expect("read").expect("cosigned").note.checkpoint.size, TreeSize(4));
    }

    #[tokio::test]
    async fn the_file_itself_refuses_to_go_back_or_to_forget() {
        let dir = tempfile::tempdir().expect("a directory");
        let (witness, _) = open(dir.path(), 1000).await;
        witness.cosign(&request(1, 0, 3)).await.expect("cosigned");
        let mut memory = witness.memory.lock().await;
        for sql in [
            "UPDATE cosigned SET size = 2",
            "UPDATE cosigned SET root = zeroblob(32)",
            "UPDATE cosigned SET time = 999",
            "DELETE FROM cosigned",
        ] {
            assert!(sqlx::query(sql).execute(&mut *memory).await.is_err(), "{sql}");
        }
    }

    #[tokio::test]
    async fn a_witness_is_started_only_as_what_it_is() {
        let dir = tempfile::tempdir().expect("a directory");
        let (witness, clock) = open(dir.path(), 1000).await;
        let again = Witness::open(dir.path(), options(), clock.clone()).await;
        assert!(matches!(again, Err(WitnessError::Running { .. })));
        witness.close().await.expect("closed");
        let replay = WitnessOptions { replay: true, ..options() };
        let renamed = WitnessOptions { name: Some("w2.example".to_owned()), ..options() };
        for options in [replay, renamed] {
            let opened = Witness::open(dir.path(), options, clock.clone()).await;
            assert!(matches!(opened, Err(WitnessError::Other { .. })));
        }
        assert!(Witness::open(dir.path(), WitnessOptions { name: None, ..options() }, clock.clone()).await.is_ok());
        for gone in [WITNESS_DATABASE, WITNESS_KEY] {
            let (from, aside) = (dir.path().join(gone), dir.path().join("aside"));
            std::fs::rename(&from, &aside).expect("moved");
            let opened = Witness::open(dir.path(), options(), clock.clone()).await;
            assert!(matches!(opened, Err(WitnessError::Lost { missing, .. }) if missing == gone));
            std::fs::rename(&aside, &from).expect("moved back");
        }
    }
}
