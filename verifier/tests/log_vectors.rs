//! The log layer against vectors of other projects; skipped, visibly, where the shared data is absent.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use verifier::log::{
    base64,
    checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint},
    hash::{Hash, LeafHash, RootHash, empty_root, leaf_hash, sha256},
    index::{LeafIndex, TreeSize},
    key::{KeyPreparer, PreparedKey, PublicKey, verify_each},
    note::{KeyKind, Note, VerifierKey, signature_line},
    policy::Policy,
    proof::{check_consistency, check_inclusion},
    tile::{LevelTiles, encode_index},
    tlog_proof::TlogProof,
    tree::Frontier,
};

fn vectors(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/vectors").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is absent", path.display());
    None
}

fn json_files(directory: &Path) -> Vec<(PathBuf, Value)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a readable directory") {
        let path = entry.expect("a readable directory").path();
        if path.is_dir() {
            found.extend(json_files(&path));
        } else {
            let text = fs::read_to_string(&path).expect("a readable file");
            let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            found.push((path, value));
        }
    }
    found
}

/// The hash a vector gives. Some give a few arbitrary bytes, equal or not: those are stood for by their own hash. Empty
/// ones are refused by the type.
fn hash(value: &Value) -> Option<Hash> {
    let bytes = base64::decode(value.as_str().expect("a string")).expect("base64");
    match bytes.len() {
        0 => None,
        32 => Some(Hash(bytes.try_into().expect("32 bytes"))),
        _ => Some(sha256(&bytes)),
    }
}

fn hashes(value: &Value) -> Option<Vec<Hash>> {
    value.as_array().map_or(Some(Vec::new()), |hashes| hashes.iter().map(hash).collect())
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

#[test]
fn inclusion_proofs_hold_exactly_where_the_vectors_say_so() {
    let Some(directory) = vectors("merkle/testdata/inclusion") else { return };
    let files = json_files(&directory);
    for (path, case) in &files {
        let holds = || {
            let (index, size) = (LeafIndex(number(&case["leafIdx"])), TreeSize(number(&case["treeSize"])));
            let (leaf, root) = (LeafHash(hash(&case["leafHash"])?), RootHash(hash(&case["root"])?));
            check_inclusion(leaf, index, size, &hashes(&case["proof"])?, root).ok()
        };
        assert_eq!(holds().is_none(), case["wantErr"] == true, "{}", path.display());
    }
    assert_eq!(files.len(), 98);
}

#[test]
fn consistency_proofs_hold_exactly_where_the_vectors_say_so() {
    let Some(directory) = vectors("merkle/testdata/consistency") else { return };
    let files = json_files(&directory);
    for (path, case) in &files {
        let holds = || {
            let (size1, size2) = (TreeSize(number(&case["size1"])), TreeSize(number(&case["size2"])));
            let (root1, root2) = (RootHash(hash(&case["root1"])?), RootHash(hash(&case["root2"])?));
            check_consistency(size1, root1, size2, root2, &hashes(&case["proof"])?).ok()
        };
        assert_eq!(holds().is_none(), case["wantErr"] == true, "{}", path.display());
    }
    assert_eq!(files.len(), 98);
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
        .collect()
}

#[test]
fn strict_verification_accepts_43_of_the_914_edge_cases_with_and_without_tables() {
    const REFUSED: [&str; 5] =
        ["low_order_A", "low_order_R", "low_order_residue", "non_canonical_A", "non_canonical_R"];
    let Some(path) = vectors("ed25519vectors.json") else { return };
    let cases: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(path).expect("a readable file")).expect("valid JSON");
    let preparer = KeyPreparer::new();
    let mut tables: BTreeMap<[u8; 32], PreparedKey> = BTreeMap::new();
    let (mut accepted, mut in_batch) = (0, Vec::new());
    for case in &cases {
        let text = |member: &str| case[member].as_str().expect("a string");
        let flags = case["flags"].as_array().into_iter().flatten();
        let expected = !flags.into_iter().any(|flag| REFUSED.iter().any(|refused| flag == refused));
        let key = PublicKey::parse(hex(text("key")));
        let (message, signature) = (text("msg").as_bytes().to_vec(), hex(text("sig")));
        let holds = key.as_ref().is_ok_and(|key| key.verify(&message, &signature).is_ok());
        assert_eq!(holds, expected, "case {}", case["number"]);
        if let Ok(key) = key {
            let with_table = tables.entry(*key.as_bytes()).or_insert_with(|| preparer.prepare(&key));
            assert_eq!(with_table.verify(&message, &signature).is_ok(), expected, "case {}", case["number"]);
            let (alone, bare) = (PreparedKey::from(&key), PreparedKey::without_table(&key));
            assert_eq!(alone.verify(&message, &signature).is_ok(), expected, "case {}", case["number"]);
            assert_eq!(bare.verify(&message, &signature).is_ok(), expected, "case {}", case["number"]);
            in_batch.push((with_table.clone(), message, signature, expected));
        }
        accepted += usize::from(holds);
    }
    let jobs: Vec<_> =
        in_batch.iter().map(|(key, message, signature, _)| (key, &message[..], &signature[..])).collect();
    for (answer, (.., expected)) in verify_each(&jobs).iter().zip(&in_batch) {
        assert_eq!(answer.is_ok(), *expected);
    }
    assert_eq!((cases.len(), accepted), (914, 43));
}

#[test]
fn keys_of_living_logs_recompute_their_ids() {
    for text in [
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "transparency.dev/tessera/example+ae330e15+ASf4/L1zE859VqlfQgGzKy34l91Gl8W6wfwp+vKP62DW",
        "vindex.gopherwatch.org+af4f4f3a+AYlEp21ErzmKZa+aqhjC8BQteyEtsVwmLzblkzHxn8et",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ] {
        assert_eq!(VerifierKey::parse(text).map(|key| key.to_string()).as_deref(), Ok(text));
    }
}

#[test]
fn the_note_of_the_specification_verifies() {
    let key =
        VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").expect("a key");
    let line = "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let text = format!("This is an example message.\n\n{line}");
    let note = Note::parse(&text).expect("well-formed");
    let signature = note.signatures_by(&key).next().expect("a line of that key");
    assert_eq!(key.key().verify(note.text().as_bytes(), signature), Ok(()));
    assert_eq!((signature_line(key.name(), key.key_id(), signature).as_str(), note.format()), (line, text));
}

#[test]
fn the_checkpoint_of_a_sigsum_log_verifies() {
    let origin = "sigsum.org/v1/tree/e796172b92befd62d9dc67e41c2f5bc9d3100a3023b20b1ca40288dd1c679e69";
    let root = RootHash(Hash::parse("HA5HAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").expect("a hash"));
    let checkpoint = Checkpoint { origin: origin.into(), size: TreeSize(10), root };
    let key = PublicKey::parse(hex("66e0b858e462a609e66fe71370c816d8846ff103d5499a22a7fec37fdbc424a7")).expect("a key");
    let key = VerifierKey::new(origin, KeyKind::Ed25519, key).expect("a name");
    let line = "gJ2ho0n8F8olcerUF1FFdv235A/5as/coWrpLrtE7ovMeP5whgwouYExowG/lTznxu6OUGjjt5yJQ6bXtTcf718MqAQ=";
    let note = format!("{}\n— {origin} {line}\n", checkpoint.format());
    let signed = SignedCheckpoint::parse(&note).expect("well-formed");
    assert_eq!((&signed.checkpoint, signed.signed_by(&key)), (&checkpoint, Ok(())));
    let larger = SignedCheckpoint::parse(&note.replace("\n10\n", "\n11\n")).expect("well-formed");
    let error = CheckpointError::BadSignature { name: origin.into(), key_id: key.key_id() };
    assert_eq!(larger.signed_by(&key), Err(error));
}

#[test]
fn roots_of_the_reference_leaves_are_reproduced() {
    let leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let roots = BTreeMap::from([
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ]);
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.push(leaf_hash(&hex(leaf)));
        if let Some(root) = roots.get(&frontier.size().0) {
            assert_eq!(frontier.root().0.as_bytes()[..], hex(root));
        }
    }
    let empty = hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(empty_root().0.as_bytes()[..], empty);
    assert_eq!(Frontier::new().root(), empty_root());
}

#[test]
fn tiles_are_named_and_counted_as_specified() {
    assert_eq!(encode_index(1_234_067), "x001/x234/067");
    let tiles = |size, level| LevelTiles::new(TreeSize(size), level);
    assert_eq!(
        [0, 1, 2].map(|level| (tiles(70_000, level).full, tiles(70_000, level).partial)),
        [(273, 112), (1, 17), (0, 1)]
    );
    assert_eq!([0, 1].map(|level| (tiles(256, level).full, tiles(256, level).partial)), [(1, 0), (0, 1)]);
}

#[test]
fn the_receipt_of_an_independent_implementation_is_witnessed_and_stays_so_under_no_change() {
    let Some(directory) = vectors("ledger/good") else { return };
    let read = |name: &str| fs::read_to_string(directory.join(name)).expect("a readable file");
    let text = read("n-1.tlog-proof");
    let policy = Policy::parse(read("policy.txt")).expect("a policy");
    let entry = |proof: &TlogProof| {
        let extra: Value = serde_json::from_slice(proof.extra.as_deref()?).ok()?;
        Some(extra["entry"].as_str()?.as_bytes().to_vec())
    };
    let accepted = |text: &str| {
        let proof = TlogProof::parse(text).ok()?;
        policy.check(&proof.checkpoint).ok()?;
        let Checkpoint { size, root, .. } = proof.checkpoint.checkpoint;
        check_inclusion(leaf_hash(&entry(&proof)?), proof.index, size, &proof.hashes, root).ok()
    };
    assert_eq!(TlogProof::parse(&text).expect("well-formed").format(), text);
    assert!(accepted(&text).is_some());
    // The extra line is checked by what rebuilds the entry; here everything after it.
    let from = text.find("\nindex ").expect("an index line");
    // Cut before a witness's line it is the same receipt with fewer witnesses, of which this policy needs none.
    for at in (from..text.len()).filter(|&at| text.is_char_boundary(at) && !text[at..].starts_with('—')) {
        assert!(accepted(&text[..at]).is_none(), "cut at {at}");
    }
    let known = 1 + text.rfind("\n\n").expect("signature lines");
    for at in from..known {
        let mut changed = text.as_bytes().to_vec();
        changed[at] ^= 1;
        assert!(String::from_utf8(changed).ok().and_then(|changed| accepted(&changed)).is_none(), "byte {at}");
    }
}

#[test]
fn a_checkpoint_of_an_independent_implementation_meets_its_policy() {
    let Some(directory) = vectors("ledger/good") else { return };
    let read = |name: &str| fs::read_to_string(directory.join(name)).expect("a readable file");
    let policy = Policy::parse(read("policy-witnessed.txt")).expect("a policy");
    let note = SignedCheckpoint::parse(&read("tree/checkpoint")).expect("well-formed");
    let witnessed = policy.check(&note).expect("signed and cosigned");
    assert!(policy.has_group("replay") && witnessed.cosigned().satisfies("replay"));
    assert!(witnessed.cosigned().early(Some("replay")) <= witnessed.cosigned().late(Some("replay")));
}
