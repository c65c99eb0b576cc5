//! What an auditor does with an exported tree, one entry after another; `mingzhang-verify audit` does it on all cores.

use std::fs;
use std::path::Path;

use verifier::audit::Audit;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::LeafIndex;
use verifier::log::policy::Policy;
use verifier::log::tile::{entry_tiles, parse_entry_bundle};

use crate::failure::Failure;

/// Replays the tree.
pub(super) fn audit(tree: &Path, policy: &Policy) -> Result<Audit, Failure> {
    let read = |path: String| fs::read(tree.join(&path)).map_err(|error| Failure::file(&tree.join(path), &error));
    let note = String::from_utf8(read("checkpoint".to_owned())?).map_err(Failure::refused)?;
    let head = SignedCheckpoint::parse(&note).map_err(Failure::refused)?;
    policy.check(&head).map_err(Failure::refused)?;
    let mut audit = Audit::new(&head.checkpoint.origin);
    let (mut bundles, mut tiles) = (Vec::new(), Vec::new());
    for path in entry_tiles(head.checkpoint.size) {
        let bundle = read(path.to_string())?;
        let disclosures =
            fs::read_to_string(tree.join(format!("disclosures/{}", verifier::log::tile::encode_index(path.index()))));
        bundles.push((path.index() * 256, bundle, disclosures.unwrap_or_default()));
    }
    let mut texts: Vec<String> = Vec::new();
    for (first, bundle, disclosures) in &bundles {
        let shown: std::collections::BTreeMap<u64, Vec<String>> = disclosures
            .lines()
            .filter_map(|line| {
                let value: serde_json::Value = serde_json::from_str(line).ok()?;
                let texts = value["disclosures"]
                    .as_array()?
                    .iter()
                    .filter_map(|text| text.as_str().map(str::to_owned))
                    .collect();
                Some((value["index"].as_u64()?, texts))
            })
            .collect();
        for (at, bytes) in parse_entry_bundle(bundle).map_err(Failure::refused)?.into_iter().enumerate() {
            let index = LeafIndex(first + at as u64);
            let none = Vec::new();
            let entry = verifier::audit::ReadEntry::read(index, bytes, shown.get(&index.0).unwrap_or(&none))
                .map_err(Failure::refused)?;
            let target =
                entry.target().and_then(|target| texts.get(usize::try_from(target.0).ok()?)).map(String::as_str);
            if let Some(key) = audit.fold(&entry, target, &mut tiles).map_err(Failure::refused)? {
                entry.verify(&key).map_err(Failure::refused)?;
            }
            texts.push(entry.text);
        }
    }
    audit.check_checkpoint(&head).map_err(Failure::refused)?;
    audit.settle().map_err(Failure::refused)?;
    Ok(audit)
}
