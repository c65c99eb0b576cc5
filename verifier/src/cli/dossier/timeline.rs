//! The entries of a dossier's subject in order, and what became of what they disclose.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use verifier::dossier::{Dossier, Recorded};
use verifier::log::hash::Hash;
use verifier::log::index::LeafIndex;
use verifier::record::notice::Digest;
use verifier::record::statement::{AuthorityChange, Content, Statement};

use super::super::clock::{format_entry_time, format_seconds};
use super::super::lang::Lang;
use super::super::message::{Message, kind_code, kind_name};
use super::super::report::Report;

/// What later entries of the subject say about one digest of an earlier notice.
#[derive(Default)]
struct Fate<'a> {
    revealed: Option<(LeafIndex, &'a Recorded)>,
    erased: Option<Erasure<'a>>,
}

#[derive(Clone, Copy)]
struct Erasure<'a> {
    index: LeafIndex,
    by: &'a str,
    ground: &'a str,
    reason: &'a str,
}

type Fates<'a> = BTreeMap<(u64, Hash), Fate<'a>>;

/// Says every entry, and gives them as facts.
pub(super) fn tell(dossier: &Dossier, lang: Lang, report: &mut Report) {
    let fates = fates(dossier);
    let mut entries = Vec::new();
    for (number, (index, recorded)) in (1..).zip(dossier.own_entries()) {
        let mut facts = tell_entry(number, dossier, index, recorded, lang, report);
        if let Some(Content::Notice(notice)) = recorded.statement.as_ref().map(|statement| &statement.content) {
            let disclosures = notice.digests.iter().map(|digest| {
                let fate = fates.get(&(index.0, digest.hash));
                tell_disclosure(digest, recorded, fate, lang, report)
            });
            facts["disclosures"] = disclosures.collect();
        }
        entries.push(facts);
    }
    if !entries.is_empty() {
        report.say(String::new());
    }
    report.fact("entries", entries);
}

fn fates(dossier: &Dossier) -> Fates<'_> {
    let mut fates = Fates::new();
    for (index, recorded) in dossier.own_entries() {
        let Some(statement) = &recorded.statement else { continue };
        match &statement.content {
            Content::Reveal { target, digests } => {
                for digest in digests {
                    fates.entry((target.0, *digest)).or_default().revealed = Some((index, recorded));
                }
            }
            Content::Erasure { target, digests, ground, reason } => {
                let erasure = Erasure { index, by: statement.iss.as_str(), ground, reason };
                for digest in digests {
                    fates.entry((target.0, *digest)).or_default().erased.get_or_insert(erasure);
                }
            }
            _ => {}
        }
    }
    fates
}

fn tell_entry(
    number: u64,
    dossier: &Dossier,
    index: LeafIndex,
    recorded: &Recorded,
    lang: Lang,
    report: &mut Report,
) -> Value {
    let statement = recorded.statement.as_ref();
    let kind = statement.map_or("genesis", |statement| kind_code(statement.kind()));
    let notice = statement.and_then(Statement::notice);
    report.say(String::new());
    report.say(match notice {
        Some(notice) => Message::Notice { number, stage: notice.stage, title: &notice.title }.text(lang),
        None => Message::Other { number, kind: kind_name(kind, lang), what: &what_of(statement, lang) }.text(lang),
    });
    let iss = statement.map(|statement| &statement.iss);
    let name = iss.and_then(|iss| dossier.registry.as_ref()?.name(iss, index));
    if let Some(iss) = iss {
        report.say(Message::By { name, iss: iss.as_str() }.text(lang));
    }
    let recorded_at = format_entry_time(recorded.time);
    let (after, by) = (recorded.public.after.map(format_seconds), recorded.public.by.map(format_seconds));
    report.say(
        Message::Public { index: index.0, recorded: &recorded_at, after: after.as_deref(), by: by.as_deref() }
            .text(lang),
    );
    let witnessed = after.is_some() && by.is_some();
    json!({
        "index": index.0, "seq": recorded.seq, "kind": kind, "time_ms": recorded.time.0,
        "public_after": recorded.public.after, "public_by": recorded.public.by,
        "time_grade": if witnessed { "witnessed" } else { "recorded" },
        "stage": notice.map(|notice| notice.stage.code()), "title": notice.map(|notice| notice.title.as_str()),
        "notice_id": notice.and(statement).map(|statement| statement.jti.as_str()),
        "publisher": iss.map(|iss| json!({ "id": iss.as_str(), "name": name })),
        "target": statement.and_then(|statement| statement.target()).map(|(target, _)| target.0),
        "disclosures": [],
    })
}

/// What an entry that is no notice is about, in a few words.
fn what_of(statement: Option<&Statement>, lang: Lang) -> String {
    match statement.map(|statement| &statement.content) {
        Some(Content::Reveal { target, .. } | Content::Erasure { target, .. }) => {
            Message::OfEntry { index: target.0 }.text(lang)
        }
        Some(Content::Authority { change, .. }) => match change {
            AuthorityChange::Grant { name, .. } => Message::Grants { name }.text(lang),
            AuthorityChange::Revoke { .. } => Message::Revokes.text(lang),
            AuthorityChange::LogKey { .. } => Message::NextLogKey.text(lang),
            AuthorityChange::RootKey { .. } => Message::NextRootKey.text(lang),
        },
        Some(Content::Rulebook { version, effective_from, .. }) => format!("{version} ({effective_from})"),
        Some(Content::Calendar { year, .. }) => year.to_string(),
        Some(Content::Notice(_)) | None => String::new(),
    }
}

/// Says what became of one digest, unless it is simply shown.
fn tell_disclosure(
    digest: &Digest,
    recorded: &Recorded,
    fate: Option<&Fate<'_>>,
    lang: Lang,
    report: &mut Report,
) -> Value {
    let sealed = recorded.sealed().iter().find(|sealed| sealed.digest == digest.hash);
    let shown = recorded.shown.values.get(&digest.hash);
    let revealed = fate.and_then(|fate| fate.revealed);
    let erased = fate.and_then(|fate| fate.erased);
    let shown_later = revealed.and_then(|(_, reveal)| reveal.shown.values.get(&digest.hash));
    let name = shown.or(shown_later).map(|disclosure| disclosure.name.as_str());
    let name = name.or(sealed.map(|sealed| sealed.field.member())).or(digest.only_name());
    let place = if digest.holder.is_empty() { String::new() } else { digest.place() };
    let path = Message::Field { place: &place, name }.text(lang);
    let status = match (erased, revealed, sealed) {
        (Some(_), ..) => "erased",
        (None, Some(_), _) => "revealed",
        (None, None, Some(_)) => "sealed",
        (None, None, None) => "shown",
    };
    if let Some(Erasure { index, by, ground, reason }) = erased {
        report.say(Message::Erased { path: &path, index: index.0, by, ground, reason }.text(lang));
    } else if let Some((index, _)) = revealed {
        report.say(Message::Revealed { path: &path, index: index.0 }.text(lang));
    } else if let Some(sealed) = sealed {
        report.say(Message::Sealed { path: &path, until: &sealed.until }.text(lang));
    }
    json!({
        "digest": verifier::log::base64::encode_url(&digest.hash.0), "name": name, "status": status,
        "place": place,
        "until": sealed.map(|sealed| sealed.until.as_str()), "revealed_by": revealed.map(|(index, _)| index.0),
        "erased_by": erased.map(|erasure| erasure.index.0), "ground": erased.map(|erasure| erasure.ground),
        "reason": erased.map(|erasure| erasure.reason),
    })
}
