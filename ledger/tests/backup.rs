//! A copy made while the ledger is written is a ledger to read and to check, and signs nothing.
#![allow(missing_docs, clippy::unwrap_used)]

mod fixture;

use std::fs;

use fixture::{audit, enrol, erasure, new_ledger, notice, publisher};
use ledger::{GuardError, Ledger, LedgerError, Outcome, Reader, backup, fsck};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_beside_the_writer_is_whole_and_holds_neither_keys_nor_guard_nor_what_was_erased() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ledger = new_ledger(dir.path()).await;
    let key = publisher(10);
    ledger.submit(enrol("P", &key, 0)).await.unwrap();
    fs::create_dir(dir.path().join("attachments")).unwrap();
    fs::write(dir.path().join("attachments/ab"), "an attachment").unwrap();
    // Deleted, but not scrubbed: in the ledger's own files the bytes are still there.
    let shown = notice("P", &key, "E", "e", "somebody's words");
    let Outcome::Recorded(target) = ledger.submit(shown.clone()).await.unwrap() else { panic!("refused") };
    ledger.submit(erasure("E", target, &shown.disclosures, "erase")).await.unwrap();
    let writing = async {
        for n in 0..60 {
            ledger.submit(notice("P", &key, &format!("X{n}"), &format!("n{n}"), "text")).await.unwrap();
        }
    };
    let copying = async {
        let mut copies = Vec::new();
        for n in 0..3 {
            let mut told = Vec::new();
            let copy = out.path().join(n.to_string());
            let head = backup(dir.path(), &copy, &mut |done, of| told.push((done, of))).await.unwrap();
            let size = head.checkpoint.size.0;
            assert_eq!(told.last(), Some(&(size, size)));
            copies.push((copy, head));
        }
        copies
    };
    let ((), copies) = tokio::join!(writing, copying);
    for (copy, head) in copies {
        let mut names: Vec<_> = fs::read_dir(&copy).unwrap().map(|file| file.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["attachments", "ledger.db"]);
        assert_eq!(fs::read_to_string(copy.join("attachments/ab")).unwrap(), "an attachment");
        let bytes = fs::read(copy.join("ledger.db")).unwrap();
        let erased = shown.disclosures[0].as_bytes();
        assert!(!bytes.windows(erased.len()).any(|window| window == erased));
        assert_eq!(fsck(&copy, &mut |_, _| ()).await.unwrap().findings, []);
        let reader = Reader::open(&copy).await.unwrap();
        assert_eq!(audit(&reader).await.size(), head.checkpoint.size);
        assert_eq!(reader.head().await.unwrap(), head);
        reader.close().await;
        let opened = Ledger::open(&copy).await.err();
        assert!(matches!(opened, Some(LedgerError::Guard(GuardError::Missing))), "{opened:?}");
    }
    ledger.close().await;
}

#[tokio::test]
async fn a_backup_goes_only_where_nothing_is() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let refused = backup(dir.path(), &out.path().join("x"), &mut |_, _| ()).await.err();
    assert!(matches!(refused, Some(LedgerError::NoLedger { .. })), "{refused:?}");
    assert!(!out.path().join("x").exists());
    new_ledger(dir.path()).await.close().await;
    fs::write(out.path().join("letter"), "something").unwrap();
    let refused = backup(dir.path(), out.path(), &mut |_, _| ()).await.err();
    assert!(matches!(refused, Some(LedgerError::NotEmpty { .. })), "{refused:?}");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
}
