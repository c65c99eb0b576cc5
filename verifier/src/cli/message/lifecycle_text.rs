//! What is said of a lifecycle, one line after another.

use super::super::lang::Lang;
use super::Message;

impl Message<'_> {
    pub(super) fn lifecycle(self, lang: Lang) -> String {
        match self {
            Self::AsOfTooLate { asked, head } => say!(
                lang,
                "--as-of {asked} 晚于账本头的时间 {head}；其后的事说不了",
                "--as-of {asked} is after the head's time {head}; of what came later nothing can be said"
            ),
            Self::Lifecycle { as_of, versions: [] } => say!(
                lang,
                "全流程  账本没有记录规则，不作判断（截至 {as_of}）",
                "Lifecycle the ledger records no rulebook, so the lifecycle is not judged (as of {as_of})"
            ),
            Self::Lifecycle { as_of, versions } => {
                let versions = versions_text(versions, lang);
                say!(lang, "全流程  截至 {as_of}，按{versions}", "Lifecycle as of {as_of}, by {versions}")
            }
            Self::UnreadableRulebook { index, error } => say!(
                lang,
                "        第 {index} 条的规则读不了，不据以判断：{error}",
                "         the rulebook of entry {index} cannot be read and does not count: {error}"
            ),
            Self::Lot { id, state, standing, restarts_as } => lot(id, state, standing, restarts_as, lang),
            Self::NextDue { due, rule, stage: Some(stage) } => {
                say!(
                    lang,
                    "    下一步：{stage}，最迟 {due}（{rule}）",
                    "    Next: {stage}, at the latest {due} ({rule})"
                )
            }
            Self::NextDue { due, rule, stage: None } => {
                say!(lang, "    下一步：最迟 {due}（{rule}）", "    Next: at the latest {due} ({rule})")
            }
            Self::StageColumns => {
                say!(lang, "环节|公开情况|公开时间|期限与备注", "stage|disclosure|public since|deadline, remarks")
            }
            Self::RulesMet { met, pending: 0, all } => {
                say!(lang, "    规则：适用 {all} 条，符合 {met} 条", "    Rules: {all} apply, {met} are met")
            }
            Self::RulesMet { met, pending, all } => say!(
                lang,
                "    规则：适用 {all} 条，符合 {met} 条，未到期 {pending} 条",
                "    Rules: {all} apply, {met} are met, {pending} not yet due"
            ),
            Self::RuleOutcome { outcome, title } => say!(lang, "    【{outcome}】{title}", "    [{outcome}] {title}"),
            Self::RuleBasis { rule, basis } => say!(lang, "      依据：{basis}（{rule}）", "      by {basis} ({rule})"),
            Self::Finding { text, entries } => {
                let list: Vec<String> = entries.iter().map(ToString::to_string).collect();
                let list = list.join(if lang == Lang::Zh { "、" } else { ", " });
                let entries = if entries.len() == 1 { "entry" } else { "entries" };
                say!(lang, "{text}（第 {list} 条）", "{text} ({entries} {list})")
            }
            Self::MarkElsewhere => say!(lang, "见关联项目", "see the related project"),
            Self::MarkNotices { count } => say!(lang, "共 {count} 份", "{count} notices"),
            Self::MarkSealed => say!(lang, "有内容密封", "sealed in part"),
            Self::MarkRevealed => say!(lang, "密封内容已启封", "its seal is opened"),
            Self::MarkErased => say!(lang, "有内容依法删除", "lawfully erased in part"),
            Self::Latest { due } => say!(lang, "最迟 {due}", "by {due}"),
            Self::NextLatest { due } => say!(lang, "下一份最迟 {due}", "the next by {due}"),
            Self::Standing { standing } => say!(lang, "全流程：{standing}。", " Lifecycle: {standing}."),
            other => other.audit(lang),
        }
    }
}

fn lot(id: Option<&str>, state: &str, standing: &str, restarts_as: Option<&str>, lang: Lang) -> String {
    let name = match (id, lang) {
        (Some(id), Lang::Zh) => format!("标段 {id}"),
        (Some(id), Lang::En) => format!("Lot {id}"),
        (None, Lang::Zh) => "项目".to_owned(),
        (None, Lang::En) => "Project".to_owned(),
    };
    let onward = match (restarts_as, lang) {
        (Some(project), Lang::Zh) => format!("，转为 {project}"),
        (Some(project), Lang::En) => format!(", goes on as {project}"),
        (None, _) => String::new(),
    };
    say!(lang, "  {name}：{standing}（{state}{onward}）", "  {name}: {standing} ({state}{onward})")
}

fn versions_text(versions: &[(&str, bool)], lang: Lang) -> String {
    let one = |(version, shipped): &(&str, bool)| match (shipped, lang) {
        (true, Lang::Zh) => format!("规则 {version}（即本程序所附）"),
        (false, Lang::Zh) => format!("规则 {version}（与本程序所附不同）"),
        (true, Lang::En) => format!("rulebook {version} (the one this program was shipped with)"),
        (false, Lang::En) => format!("rulebook {version} (not the one this program was shipped with)"),
    };
    versions.iter().map(one).collect::<Vec<_>>().join(if lang == Lang::Zh { "、" } else { ", " })
}
