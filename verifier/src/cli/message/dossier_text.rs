//! What is said of dossiers, one line after another.

use verifier::dossier::Wholeness;
use verifier::record::code::Stage;

use super::super::lang::Lang;
use super::{Message, stage_name};

impl Message<'_> {
    pub(super) fn head(self, lang: Lang) -> String {
        match self {
            Self::Stale { age, limit, time, clock } => {
                let (age, limit, clock) = (format_age(age, lang), format_age(limit, lang), clock.name(lang));
                say!(
                    lang,
                    "已陈旧：账本头停在 {time}（{clock}），距今 {age}，超过 {limit}；其后的公告这里看不到。",
                    "STALE: the head is of {time} ({clock}), {age} ago, more than {limit}; what was recorded since is not here."
                )
            }
            Self::AsOf { time, clock, size } => {
                let clock = clock.name(lang);
                say!(lang, "截至    {time}，{clock}，共 {size} 条", "As of    {time}, {clock}, {size} entries")
            }
            Self::Ledger { origin, root_kid: Some(kid) } => {
                say!(lang, "账本    {origin}，根密钥 {kid}", "Ledger   {origin}, root key {kid}")
            }
            Self::Ledger { origin, root_kid: None } => {
                say!(lang, "账本    {origin}（未附根密钥）", "Ledger   {origin} (its root key is not shown)")
            }
            Self::Whole { wholeness } => whole(wholeness, lang),
            Self::Absent { subject } => {
                say!(lang, "主体    {subject}：账本中没有", "Subject  {subject}: not in the ledger")
            }
            Self::Present { subject, count, tally } => {
                let tally = tally_text(tally, lang);
                say!(lang, "主体    {subject}：共 {count} 条{tally}", "Subject  {subject}: {count} entries{tally}")
            }
            Self::NotShown { subject, count, tally } => {
                let tally = tally_text(tally, lang);
                say!(
                    lang,
                    "主体    {subject}：账本中共 {count} 条{tally}；此处未附内容",
                    "Subject  {subject}: the ledger holds {count} entries{tally}; they are not shown here"
                )
            }
            other => other.dossier(lang),
        }
    }

    fn dossier(self, lang: Lang) -> String {
        match self {
            Self::OtherProject { expected, found } => {
                say!(
                    lang,
                    "要核验的是 {expected}，文件说的是 {found}",
                    "asked for {expected}, the file is about {found}"
                )
            }
            Self::DossierFork { size } => say!(
                lang,
                "账本分叉：该案卷的账本头与你自己审计过的同为 {size} 条，根哈希却不同",
                "a fork: the dossier's head of {size} entries has another root than the ledger you audited"
            ),
            Self::DossierHolds { count } => {
                say!(lang, "{count} 条全部在此，均未改动。", "All {count} entries are here and unaltered.")
            }
            Self::AbsenceHolds => say!(lang, "账本中没有该主体。", "The ledger does not hold this subject."),
            Self::CountHolds => say!(
                lang,
                "账本对该主体的计数属实；内容未附，不能说“完整”。",
                "These are the ledger's counts for the subject; the entries are not here, so nothing is said about them."
            ),
            other => other.absence(lang),
        }
    }

    fn absence(self, lang: Lang) -> String {
        match self {
            Self::NotAProject { subject } => say!(
                lang,
                "文件说的是 {subject}，不是项目；环节只属于项目",
                "the file is about {subject}, which is no project; stages are of projects"
            ),
            Self::UnknownStage { typed } => {
                let stages: Vec<_> = Stage::ALL.iter().map(|stage| named(*stage, lang)).collect();
                match lang {
                    Lang::Zh => format!("没有“{typed}”这个环节；有：{}", stages.join("、")),
                    Lang::En => format!("`{typed}` is no stage; these are: {}", stages.join(", ")),
                }
            }
            Self::StageCount { stage, count: 0 } => {
                let stage = named(stage, lang);
                say!(lang, "环节    {stage}：没有公告", "Stage    {stage}: no notice")
            }
            Self::StageCount { stage, count } => {
                let stage = named(stage, lang);
                say!(lang, "环节    {stage}：{count} 份公告", "Stage    {stage}: notices {count}")
            }
            Self::StageAbsent { stage, project, time, clock } => {
                let (stage, clock) = (named(stage, lang), clock.name(lang));
                say!(
                    lang,
                    "截至 {time}（{clock}），{project} 没有公示过{stage}。",
                    "As of {time} ({clock}), {project} had not disclosed {stage}."
                )
            }
            Self::StageDisclosed { stage, project, count } => {
                let (stage, notices) = (named(stage, lang), if count == 1 { "notice" } else { "notices" });
                match lang {
                    Lang::Zh => format!("{project} 公示过{stage}：环节计数中有 {count} 份该环节的公告"),
                    Lang::En => {
                        format!("{project} disclosed {stage}: the tally holds {count} {notices} of that stage")
                    }
                }
            }
            other => other.timeline(lang),
        }
    }

    fn timeline(self, lang: Lang) -> String {
        match self {
            Self::Notice { number, stage, title } => {
                let stage = stage_name(stage, lang);
                say!(lang, "{number}. 【{stage}】{title}", "{number}. [{stage}] {title}")
            }
            Self::Other { number, kind, what: "" } => say!(lang, "{number}. {kind}", "{number}. {kind}"),
            Self::Other { number, kind, what } => say!(lang, "{number}. {kind}：{what}", "{number}. {kind}: {what}"),
            Self::OfEntry { index } => say!(lang, "针对第 {index} 条", "of entry {index}"),
            Self::Grants { name } => say!(lang, "授权 {name}", "grants {name}"),
            Self::Revokes => say!(lang, "撤销授权", "revokes"),
            Self::NextLogKey => say!(lang, "更换账本密钥", "names the next log key"),
            Self::NextRootKey => say!(lang, "更换根密钥", "names the next root key"),
            Self::By { name: Some(name), iss } => say!(lang, "   发布：{name}（{iss}）", "   by {name} ({iss})"),
            Self::By { name: None, iss } => say!(lang, "   发布：{iss}", "   by {iss}"),
            Self::Public { index, recorded, after: Some(after), by: Some(by) } => say!(
                lang,
                "   第 {index} 条：于 {after} 至 {by} 之间公开（见证人作证）；账本记为 {recorded}",
                "   entry {index}: became public between {after} and {by} (witnessed); recorded {recorded}"
            ),
            Self::Public { index, recorded, after: None, by: Some(by) } => say!(
                lang,
                "   第 {index} 条：{recorded} 收录（以账本自己的时钟为准）；至迟 {by} 已公开（见证人作证）",
                "   entry {index}: recorded {recorded} by the ledger's clock; public by {by} (witnessed)"
            ),
            Self::Public { index, recorded, after: Some(after), by: None } => say!(
                lang,
                "   第 {index} 条：{recorded} 收录（以账本自己的时钟为准）；不早于 {after}（见证人作证）",
                "   entry {index}: recorded {recorded} by the ledger's clock; not before {after} (witnessed)"
            ),
            Self::Public { index, recorded, after: None, by: None } => say!(
                lang,
                "   第 {index} 条：{recorded} 收录（以账本自己的时钟为准）",
                "   entry {index}: recorded {recorded} by the ledger's clock"
            ),
            Self::Field { place: "", name: Some(name) } => name.to_owned(),
            Self::Field { place, name: Some(name) } => format!("{place}.{name}"),
            Self::Field { place: "", name: None } => say!(lang, "一项披露内容", "a disclosure"),
            Self::Field { place, name: None } => say!(lang, "{place} 的一项披露内容", "a disclosure of {place}"),
            Self::Sealed { path, until } => {
                let until = until_name(until, lang);
                say!(lang, "   密封：{path}，至{until}", "   sealed: {path}, until {until}")
            }
            Self::Revealed { path, index } => {
                say!(lang, "   已启封：{path}（第 {index} 条）", "   revealed: {path} (entry {index})")
            }
            Self::Erased { path, index, by, ground, reason } => say!(
                lang,
                "   依法删除：{path}（第 {index} 条，{by}；依据：{ground}；理由：{reason}）",
                "   lawfully erased: {path} (entry {index}, by {by}; ground: {ground}; reason: {reason})"
            ),
            other => other.lifecycle(lang),
        }
    }
}

fn whole(wholeness: Wholeness, lang: Lang) -> String {
    match wholeness {
        Wholeness::ReplayGroup => {
            say!(lang, "完整性  由重放见证人组（replay）作证", "Whole    vouched for by the replay group")
        }
        Wholeness::OwnAudit => say!(lang, "完整性  由你自己的审计作证", "Whole    vouched for by your own audit"),
        Wholeness::LedgerWord => say!(lang, "完整性  只有账本自己的说法", "Whole    by the ledger's word only"),
    }
}

/// A stage with its code, by which it is asked for.
fn named(stage: Stage, lang: Lang) -> String {
    match (stage.code() == stage_name(stage, lang), lang) {
        (true, _) => stage.code().to_owned(),
        (false, Lang::Zh) => format!("{}（{}）", stage_name(stage, lang), stage.code()),
        (false, Lang::En) => format!("{} ({})", stage.code(), stage_name(stage, lang)),
    }
}

fn until_name(until: &str, lang: Lang) -> String {
    Stage::parse(until).map_or_else(|| until.to_owned(), |stage| stage_name(stage, lang).to_owned())
}

fn tally_text(tally: &[(Stage, u64)], lang: Lang) -> String {
    let mut tally = tally.to_vec();
    tally.sort_by_key(|(stage, _)| Stage::ALL.iter().position(|known| known == stage));
    let counts: Vec<String> = tally.iter().map(|(stage, n)| format!("{} {n}", stage_name(*stage, lang))).collect();
    match (counts.is_empty(), lang) {
        (true, _) => String::new(),
        (false, Lang::Zh) => format!("（{}）", counts.join("，")),
        (false, Lang::En) => format!(" ({})", counts.join(", ")),
    }
}

fn format_age(seconds: u64, lang: Lang) -> String {
    let (number, zh, en) = match seconds {
        0..=119 => (seconds, "秒", "seconds"),
        120..=7_199 => (seconds / 60, "分钟", "minutes"),
        7_200..=172_799 => (seconds / 3_600, "小时", "hours"),
        _ => (seconds / 86_400, "天", "days"),
    };
    say!(lang, "{number} {zh}", "{number} {en}")
}
