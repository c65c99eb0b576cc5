//! What goes wrong outside: disks that are full or read-only, copies put back, a second writer, a clock set back.
#![allow(missing_docs, clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fixture::{audit, enrol, new_ledger, notice, publisher};
use ledger::{Clock, GuardError, Ledger, LedgerError, LockError, Outcome, SignedStatement};
use verifier::log::index::LeafIndex;
use verifier::record::entry::EntryTime;

/// Where the part of a test that runs in a mount namespace of its own finds its file system.
const PLACE: &str = "LEDGER_TEST_PLACE";

/// Runs an ignored test of this program on a small file system that only it sees.
fn run_on_its_own_file_system(test: &str, kib: u32) {
    let place = tempfile::tempdir().unwrap();
    let namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
        command.env(PLACE, place.path());
        command
    };
    let mount = format!("mount -t tmpfs -o size={kib}k none \"${PLACE}\"");
    if !namespace(&mount).output().is_ok_and(|tried| tried.status.success()) {
        eprintln!("SKIPPED: {test} needs a mount namespace (unshare --user --mount), which this system does not allow");
        return;
    }
    let mut command = namespace(&format!("{mount} && exec \"$0\" --exact {test} --ignored --nocapture"));
    let ran = command.arg(std::env::current_exe().unwrap()).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && said.contains("1 passed"), "{test}\n{said}\n{complained}");
}

fn place() -> Option<PathBuf> {
    std::env::var_os(PLACE).map(PathBuf::from)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// A notice whose text has so many KiB.
fn long_notice(n: usize, kib: usize) -> SignedStatement {
    notice("P", &publisher(10), &format!("X{n}"), &format!("n{n}"), &"t".repeat(kib << 10))
}

async fn record(ledger: &Ledger, statement: SignedStatement) -> LeafIndex {
    match ledger.submit(statement).await.unwrap() {
        Outcome::Recorded(index) => index,
        other => panic!("{other:?}"),
    }
}

/// Everything acknowledged is where it was said to be.
async fn is_all_there(ledger: &Ledger, acknowledged: &[(SignedStatement, LeafIndex)]) {
    for (statement, index) in acknowledged {
        assert_eq!(ledger.submit(statement.clone()).await.unwrap(), Outcome::Existing(*index));
    }
    audit(ledger).await;
}

#[test]
fn a_full_disk_is_said_loses_nothing_and_the_ledger_goes_on() {
    run_on_its_own_file_system("on_a_small_disk", 24 << 10);
}

/// Takes all room that is left but so many KiB.
fn fill(file: &Path, leave: u64) {
    let mut size = 0_u64;
    let mut bytes = Vec::new();
    // By 4 KiB, the pages of this file system.
    while fs::write(file, &bytes).is_ok() {
        size += 1024;
        bytes.resize(usize::try_from(size << 10).unwrap(), 1);
    }
    let free = fs::metadata(file).unwrap().len() >> 10;
    fs::write(file, vec![1; usize::try_from(free.saturating_sub(leave) << 10).unwrap()]).unwrap();
}

#[test]
#[ignore = "runs on a file system of its own, which another test mounts"]
fn on_a_small_disk() {
    let Some(place) = place() else { return };
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let (dir, filler) = (place.join("ledger"), place.join("filler"));
        let mut ledger = new_ledger(&dir).await;
        record(&ledger, enrol("P", &publisher(10), 0)).await;
        let (mut acknowledged, mut went_on, mut n) = (Vec::new(), 0, 0);
        for round in 0..8 {
            fill(&filler, 300 + 36 * round);
            let (failed, error) = loop {
                n += 1;
                let statement = long_notice(n, usize::try_from(round).unwrap() * 7);
                match ledger.submit(statement.clone()).await {
                    Ok(Outcome::Recorded(index)) => acknowledged.push((statement, index)),
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => break (statement, error),
                }
            };
            assert!(error.to_string().contains("full"), "says what is wrong: {error}");
            fs::remove_file(&filler).unwrap();
            let goes_on = matches!(error, LedgerError::NotRecorded(_));
            if goes_on {
                went_on += 1;
            } else {
                assert!(matches!(error, LedgerError::Stopped(_)), "{error:?}");
                ledger.close().await;
                ledger = Ledger::open(&dir).await.unwrap();
            }
            let outcome = ledger.submit(failed.clone()).await.unwrap();
            match outcome {
                Outcome::Recorded(index) => acknowledged.push((failed, index)),
                Outcome::Existing(_) => assert!(!goes_on, "it was said that nothing was recorded"),
                Outcome::Refused(_) => panic!("{outcome:?}"),
            }
            is_all_there(&ledger, &acknowledged).await;
        }
        assert!(went_on > 0, "a full disk alone stops no ledger");
        // Closed while there is no room, too: the next to open it finds all of it.
        fill(&filler, 0);
        ledger.close().await;
        fs::remove_file(&filler).unwrap();
        let ledger = Ledger::open(&dir).await.unwrap();
        is_all_there(&ledger, &acknowledged).await;
        ledger.close().await;
        assert_eq!(ledger::fsck(&dir, &mut |_, _| ()).await.unwrap().findings, []);
    });
}

#[test]
fn a_full_disk_fails_what_was_planned_after_it_too_and_the_ledger_goes_on() {
    run_on_its_own_file_system("on_a_small_disk_with_many_clients", 24 << 10);
}

/// Sends statements until one is not recorded; gives those that were, and the one.
async fn send_until_it_fails(
    ledger: Arc<Ledger>,
    client: usize,
    round: usize,
) -> Vec<(SignedStatement, Option<LeafIndex>)> {
    let mut sent = Vec::new();
    for n in 0.. {
        let text = "t".repeat(client << 4);
        let statement = notice("P", &publisher(10), &format!("X{client}"), &format!("{round}-{client}-{n}"), &text);
        match ledger.submit(statement.clone()).await {
            Ok(Outcome::Recorded(index)) => sent.push((statement, Some(index))),
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert!(matches!(error, LedgerError::NotRecorded(_) | LedgerError::Stopped(_)), "{error:?}");
                assert!(error.to_string().contains("full"), "says what is wrong: {error}");
                sent.push((statement, None));
                break;
            }
        }
    }
    sent
}

#[test]
#[ignore = "runs on a file system of its own, which another test mounts"]
fn on_a_small_disk_with_many_clients() {
    let Some(place) = place() else { return };
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let (dir, filler) = (place.join("ledger"), place.join("filler"));
        let mut ledger = Arc::new(new_ledger(&dir).await);
        record(&ledger, enrol("P", &publisher(10), 0)).await;
        let (mut acknowledged, mut went_on) = (Vec::new(), 0);
        for round in 0..6 {
            fill(&filler, 400 + 100 * u64::try_from(round).unwrap());
            let clients = (0..24).map(|client| tokio::spawn(send_until_it_fails(ledger.clone(), client, round)));
            let mut sent = Vec::new();
            for client in clients.collect::<Vec<_>>() {
                sent.extend(client.await.unwrap());
            }
            fs::remove_file(&filler).unwrap();
            // Until it is opened again, a stopped ledger records nothing.
            if ledger.seal().await.is_ok() {
                went_on += 1;
            } else {
                Arc::into_inner(ledger).unwrap().close().await;
                ledger = Arc::new(Ledger::open(&dir).await.unwrap());
            }
            let again = sent.iter().map(|(statement, _)| statement.clone()).collect();
            let outcomes = ledger.submit_many(again).await.unwrap();
            for ((statement, said), outcome) in sent.into_iter().zip(outcomes) {
                let index = match (said, outcome) {
                    (Some(said), Outcome::Existing(index)) if index == said => index,
                    (None, Outcome::Recorded(index) | Outcome::Existing(index)) => index,
                    (_, other) => panic!("{other:?} after {said:?}"),
                };
                acknowledged.push((statement, index));
            }
        }
        assert!(went_on > 0, "a full disk alone stops no ledger");
        is_all_there(&ledger, &acknowledged).await;
        Arc::into_inner(ledger).unwrap().close().await;
        assert_eq!(ledger::fsck(&dir, &mut |_, _| ()).await.unwrap().findings, []);
    });
}

#[test]
fn a_read_only_database_is_said_and_loses_nothing() {
    run_on_its_own_file_system("on_a_disk_that_becomes_read_only", 16 << 10);
}

fn mount(arguments: &[&str], on: &Path) {
    assert!(Command::new("mount").args(arguments).arg(on).status().unwrap().success(), "{arguments:?}");
}

#[test]
#[ignore = "runs on a file system of its own, which another test mounts"]
fn on_a_disk_that_becomes_read_only() {
    let Some(place) = place() else { return };
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let dir = place.join("ledger");
        let ledger = new_ledger(&dir).await;
        record(&ledger, enrol("P", &publisher(10), 0)).await;
        let first = long_notice(1, 1);
        let mut acknowledged = vec![(first.clone(), record(&ledger, first).await)];
        ledger.close().await;

        // The database alone: the lock can be taken, the file cannot be written.
        let database = dir.join("ledger.db");
        mount(&["--bind", database.to_str().unwrap()], &database);
        mount(&["-o", "remount,bind,ro"], &database);
        let said = match Ledger::open(&dir).await {
            Err(error) => error.to_string(),
            Ok(ledger) => {
                let said = ledger.submit(long_notice(2, 1)).await.unwrap_err().to_string();
                ledger.close().await;
                said
            }
        };
        assert!(said.contains("readonly") || said.contains("read-only"), "says what is wrong: {said}");
        assert!(Command::new("umount").arg(&database).status().unwrap().success());

        // The whole disk.
        mount(&["-o", "remount,ro"], &place);
        let said = Ledger::open(&dir).await.err().unwrap().to_string();
        assert!(said.contains("Read-only"), "says what is wrong: {said}");
        mount(&["-o", "remount,rw"], &place);

        let ledger = Ledger::open(&dir).await.unwrap();
        is_all_there(&ledger, &acknowledged).await;
        let second = long_notice(2, 1);
        acknowledged.push((second.clone(), record(&ledger, second).await));
        is_all_there(&ledger, &acknowledged).await;
        ledger.close().await;
    });
}

/// A ledger with a publisher and one notice, closed.
async fn closed_ledger(dir: &Path) {
    let ledger = new_ledger(dir).await;
    record(&ledger, enrol("P", &publisher(10), 0)).await;
    record(&ledger, long_notice(0, 1)).await;
    ledger.close().await;
}

/// Opens a ledger, records a notice and closes it.
async fn append(dir: &Path, n: usize) {
    let ledger = Ledger::open(dir).await.unwrap();
    record(&ledger, long_notice(n, 1)).await;
    ledger.close().await;
}

async fn refused(dir: &Path) -> GuardError {
    match Ledger::open(dir).await.err() {
        Some(LedgerError::Guard(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_ledger_under_the_newer_guard_does_not_sign_and_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    closed_ledger(dir.path()).await;
    let older = fs::read(dir.path().join("ledger.db")).unwrap();
    append(dir.path(), 1).await;
    let newest = fs::read(dir.path().join("ledger.db")).unwrap();
    fs::write(dir.path().join("ledger.db"), older).unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(error, GuardError::Older { ledger: 6, guard: 8 }), "{error:?}");
    let said = error.to_string();
    for part in ["6 entries", "8 were already published", "Bring back the newest ledger.db", "begin a successor"] {
        assert!(said.contains(part), "`{part}` is missing: {said}");
    }
    // Refusing has changed nothing: the newest file back, and it goes on.
    fs::write(dir.path().join("ledger.db"), newest).unwrap();
    append(dir.path(), 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_commit_and_guard_is_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    closed_ledger(dir.path()).await;
    let (guard, database) = (dir.path().join("guard.db"), dir.path().join("ledger.db"));
    let (guard_before, ledger_before) = (fs::read(&guard).unwrap(), fs::read(&database).unwrap());
    append(dir.path(), 1).await;
    fs::write(&guard, guard_before).unwrap();
    let ledger = Ledger::open(dir.path()).await.unwrap();
    audit(&ledger).await;
    ledger.close().await;
    // Opening has told the guard.
    fs::write(&database, ledger_before).unwrap();
    assert!(matches!(refused(dir.path()).await, GuardError::Older { ledger: 6, guard: 8 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_history_does_not_go_on_whatever_its_length() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    closed_ledger(&one).await;
    copy(&one, &two);
    append(&one, 1).await;
    append(&two, 2).await;
    fs::copy(one.join("guard.db"), two.join("guard.db")).unwrap();
    let error = refused(&two).await;
    assert!(matches!(error, GuardError::Forked { size: 8, found: Some(_), .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("8 entries") && said.contains("keep both files as evidence"), "{said}");

    // Longer than what was published, but not its continuation.
    let (three, four) = (dir.path().join("three"), dir.path().join("four"));
    copy(&one, &three);
    append(&three, 3).await;
    copy(&one, &four);
    append(&four, 4).await;
    append(&four, 5).await;
    fs::copy(three.join("guard.db"), four.join("guard.db")).unwrap();
    assert!(matches!(refused(&four).await, GuardError::Forked { size: 10, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_guard_or_with_an_empty_or_a_strange_one_the_ledger_does_not_sign() {
    let dir = tempfile::tempdir().unwrap();
    let (mine, other) = (dir.path().join("mine"), dir.path().join("other"));
    closed_ledger(&mine).await;
    closed_ledger(&other).await;
    // Each on a copy of its own: a refused opening leaves the guard's WAL, which belongs to that very file.
    let case = |name: &str| {
        let case = dir.path().join(name);
        copy(&mine, &case);
        let guard = case.join("guard.db");
        (case, guard)
    };
    let (gone, guard) = case("gone");
    fs::remove_file(&guard).unwrap();
    assert!(matches!(refused(&gone).await, GuardError::Missing));
    assert!(!guard.exists(), "opening makes no new guard");
    let (empty, guard) = case("empty");
    fs::write(&guard, b"").unwrap();
    assert!(matches!(refused(&empty).await, GuardError::Missing));
    let (damaged, guard) = case("damaged");
    fs::write(&guard, [7; 8192]).unwrap();
    let error = refused(&damaged).await;
    assert!(matches!(error, GuardError::Database(_)), "{error:?}");
    let (strange, guard) = case("strange");
    fs::copy(other.join("guard.db"), &guard).unwrap();
    let error = refused(&strange).await;
    assert!(matches!(error, GuardError::Forked { .. }), "same origin, another history: {error:?}");
    append(&mine, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_learns_who_the_first_is() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(dir.path()).await;
    match Ledger::open(dir.path()).await.err() {
        Some(LedgerError::Lock(LockError::Held { holder, .. })) => assert_eq!(holder, std::process::id().to_string()),
        other => panic!("{other:?}"),
    }
    record(&ledger, enrol("P", &publisher(10), 0)).await;
    ledger.close().await;
    append(dir.path(), 1).await;
}

/// A clock that is set by hand.
struct HandClock(AtomicU64);

impl Clock for HandClock {
    fn now(&self) -> EntryTime {
        EntryTime(self.0.load(Ordering::Relaxed))
    }
}

async fn times(ledger: &Ledger) -> Vec<u64> {
    let recorded = ledger.entries(LeafIndex(0)).await.unwrap();
    let time = |entry: &str| verifier::record::entry::Entry::parse(entry).unwrap().time.0;
    recorded.iter().map(|one| time(&one.entry)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_does_not_set_the_ledger_back() {
    const LATER: u64 = 4_000_000_000_000;
    let dir = tempfile::tempdir().unwrap();
    new_ledger(dir.path()).await.close().await;
    let clock = Arc::new(HandClock(AtomicU64::new(LATER)));
    let ledger = Ledger::open_with_clock(dir.path(), clock.clone()).await.unwrap();
    record(&ledger, enrol("P", &publisher(10), 0)).await;
    clock.0.store(1_000, Ordering::Relaxed);
    record(&ledger, long_notice(1, 1)).await;
    ledger.close().await;
    // The newest time is remembered, too.
    let ledger = Ledger::open_with_clock(dir.path(), clock.clone()).await.unwrap();
    record(&ledger, long_notice(2, 1)).await;
    clock.0.store(LATER + 5, Ordering::Relaxed);
    record(&ledger, long_notice(3, 1)).await;
    let times = times(&ledger).await;
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times[2..], [LATER, LATER, LATER, LATER, LATER, LATER, LATER + 5, LATER + 5]);
    audit(&ledger).await;
    ledger.close().await;
}
