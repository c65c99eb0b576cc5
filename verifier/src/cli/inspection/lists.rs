//! What one project adds to the lists of a report: each row with the law, the arithmetic and the entries it rests on.

use verifier::explain::label;
use verifier::explain::lifecycle::{self as words, Named as _};
use verifier::explain::place::place;
use verifier::explain::remark::about as explained;
use verifier::inspection::table::{named, optional};
use verifier::inspection::{Cell, Column, Row, Spec};
use verifier::lifecycle::chronicle::Profile;
use verifier::lifecycle::facts::{NoticeFacts, Project};
use verifier::lifecycle::remark::{About, Empty, Remark, empty_members};
use verifier::lifecycle::rulebook::Text;
use verifier::lifecycle::summary::{Listing, reposted};
use verifier::lifecycle::verdict::{Finding, Lifecycle, LotVerdict, Outcome, RuleOutcome, StageStatus};
use verifier::record::code::Stage;

/// The lists, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Projects,
    Violations,
    Overdue,
    Unmatched,
    Reposted,
    Placeholders,
    LookAlikes,
    Codes,
}

impl List {
    pub(super) const ALL: [Self; 8] = [
        Self::Projects,
        Self::Violations,
        Self::Overdue,
        Self::Unmatched,
        Self::Reposted,
        Self::Placeholders,
        Self::LookAlikes,
        Self::Codes,
    ];

    pub(super) const fn spec(self) -> &'static Spec {
        match self {
            Self::Projects => &PROJECTS,
            Self::Violations => &VIOLATIONS,
            Self::Overdue => &OVERDUE,
            Self::Unmatched => &UNMATCHED,
            Self::Reposted => &REPOSTED,
            Self::Placeholders => &PLACEHOLDERS,
            Self::LookAlikes => &LOOK_ALIKES,
            Self::Codes => &CODES,
        }
    }
}

macro_rules! spec {
    ($name:ident, $key:literal, $title_zh:literal, $title_en:literal; $($column:literal $zh:literal $en:literal),+ $(,)?) => {
        const $name: Spec = Spec {
            key: $key, zh: $title_zh, en: $title_en,
            columns: &[
                Column { key: "project", zh: "项目编号", en: "project" },
                Column { key: "name", zh: "项目名称", en: "name" },
                Column { key: "sector", zh: "类别", en: "sector" },
                Column { key: "district", zh: "地区", en: "district" },
                Column { key: "unit", zh: "责任单位", en: "responsible unit" },
                $(Column { key: $column, zh: $zh, en: $en }),+
            ],
        };
    };
}

spec!(PROJECTS, "projects", "项目（标段）一览", "Projects, lot by lot"; "lot" "标段" "lot", "state" "阶段" "state", "standing" "结论" "standing",
    "notices" "公告数" "notices", "on_time" "按时环节" "stages on time", "late" "迟公开环节" "late stages",
    "missing" "逾期缺失环节" "missing stages", "violated" "违反规则数" "rules violated", "undetermined" "无法判定规则数" "rules undetermined",
    "next_due" "下一期限" "next due");
spec!(VIOLATIONS, "violations", "违反规则", "Rules violated"; "lot" "标段" "lot", "rule" "规则" "rule", "title" "规则内容" "what it asks",
    "basis" "依据" "basis", "arithmetic" "计算" "arithmetic", "entries" "证据条目" "entries");
spec!(OVERDUE, "overdue", "逾期未公开", "Overdue disclosures"; "lot" "标段" "lot", "stage" "环节" "stage", "rule" "规则" "rule",
    "title" "规则内容" "what it asks", "basis" "依据" "basis", "due" "最迟" "due", "arithmetic" "计算" "arithmetic", "entries" "证据条目" "entries");
spec!(UNMATCHED, "unmatched", "有公告无结果、有结果无公告", "Listings without result, results without listing"; "kind" "情形" "kind",
    "notice" "公告标题" "notice", "public" "公开时间" "public", "entries" "证据条目" "entries");
spec!(REPOSTED, "reposted", "重复发布的公告", "Notices posted again"; "lot" "标段" "lot", "stage" "环节" "stage", "notice" "公告标题" "notice",
    "times" "次数" "times", "entries" "证据条目" "entries");
spec!(PLACEHOLDERS, "placeholders", "占位内容与不足为证的时间", "Placeholders and instants that are no evidence"; "stage" "环节" "stage",
    "kind" "情形" "kind", "member" "字段" "member", "path" "字段路径" "path", "entries" "证据条目" "entries");
spec!(LOOK_ALIKES, "look_alikes", "形近字符", "Look-alike characters"; "stage" "环节" "stage", "path" "字段路径" "path", "value" "内容" "value",
    "characters" "码位" "code points", "entries" "证据条目" "entries");
spec!(CODES, "codes", "校验不符的代码", "Codes whose check does not hold"; "stage" "环节" "stage", "path" "字段路径" "path", "value" "内容" "value",
    "problem" "问题" "problem", "entries" "证据条目" "entries");

/// Gives every row of a project.
pub(super) fn rows(profile: &Profile, project: &Project, verdict: &Lifecycle<'_>, push: &mut impl FnMut(List, Row)) {
    let begin = || begin(profile);
    for lot in &verdict.lots {
        push(List::Projects, [begin(), of_lot(project, lot)].concat());
        for outcome in &lot.outcomes {
            let broken = outcome.findings.iter().filter(|finding| finding.outcome == Outcome::Violated);
            broken.for_each(|finding| push(List::Violations, [begin(), violation(lot, outcome, finding)].concat()));
            let absent = outcome.findings.iter().filter(|finding| finding.outcome == Outcome::Overdue);
            absent.for_each(|finding| push(List::Overdue, [begin(), overdue(lot, outcome, finding)].concat()));
        }
    }
    if let Some(row) = Listing::of(project).and_then(|listing| unmatched(&listing)) {
        push(List::Unmatched, [begin(), row].concat());
    }
    for group in reposted(project) {
        push(List::Reposted, [begin(), reposts(&group)].concat());
    }
    for notice in &project.notices {
        for (path, empty) in empty_members(notice) {
            push(List::Placeholders, [begin(), placeholder(notice, &path, empty)].concat());
        }
        for remark in &notice.remarks {
            let (list, row) = remarked(notice, remark);
            push(list, [begin(), row].concat());
        }
    }
}

fn begin(profile: &Profile) -> Row {
    let sector = profile.sector;
    let region = profile.region.as_deref();
    vec![
        Cell::Text(profile.id.clone()),
        Cell::Text(profile.name.clone()),
        named(sector.code(), sector.zh(), sector.en()),
        region.map_or(Cell::Nothing, |code| Cell::Named(code.to_owned(), place(region))),
        Cell::Text(profile.unit.as_ref().to_owned()),
    ]
}

fn of_lot(project: &Project, lot: &LotVerdict<'_>) -> Row {
    let stages = |status| lot.stages.iter().filter(|row| row.status == status).count() as u64;
    let rules = |outcome| lot.outcomes.iter().filter(|found| found.outcome == outcome).count() as u64;
    let own = project.notices.iter().filter(|notice| notice.lot().is_none_or(|id| Some(id) == lot.id.as_deref()));
    vec![
        optional(lot.id.as_deref()),
        Cell::Named(lot.state.code().to_owned(), lot.state.name()),
        Cell::Named(lot.standing.code().to_owned(), lot.standing.name()),
        Cell::Number(own.count() as u64),
        Cell::Number(stages(StageStatus::OnTime)),
        Cell::Number(stages(StageStatus::Late)),
        Cell::Number(stages(StageStatus::Missing)),
        Cell::Number(rules(Outcome::Violated)),
        Cell::Number(rules(Outcome::Undetermined)),
        lot.next.as_ref().map_or(Cell::Nothing, |next| Cell::Moment(next.due)),
    ]
}

fn stage_cell(stage: Stage) -> Cell {
    named(stage.code(), stage.zh(), stage.en())
}

/// The rule, what it asks, and where the law says so.
fn of_rule(outcome: &RuleOutcome<'_>) -> Row {
    let rule = outcome.rule;
    vec![Cell::Text(rule.id.clone()), Cell::Words(rule.title.clone()), Cell::Words(words::basis(&rule.basis))]
}

/// The arithmetic, and the reason if there is one.
fn computed(finding: &Finding) -> Cell {
    let arithmetic = finding.arithmetic.as_ref().map(words::arithmetic);
    let reason = finding.reason.as_ref().map(words::reason);
    match (arithmetic, reason) {
        (Some(one), Some(two)) => {
            Cell::Words(Text { zh: format!("{}；{}", one.zh, two.zh), en: format!("{}; {}", one.en, two.en) })
        }
        (one, two) => one.or(two).map_or(Cell::Nothing, Cell::Words),
    }
}

fn violation(lot: &LotVerdict<'_>, outcome: &RuleOutcome<'_>, finding: &Finding) -> Row {
    let end = vec![computed(finding), Cell::Entries(finding.entries.clone())];
    [vec![optional(lot.id.as_deref())], of_rule(outcome), end].concat()
}

fn overdue(lot: &LotVerdict<'_>, outcome: &RuleOutcome<'_>, finding: &Finding) -> Row {
    let begin = vec![optional(lot.id.as_deref()), finding.stage.map_or(Cell::Nothing, stage_cell)];
    let due = finding.due.map_or(Cell::Nothing, Cell::Moment);
    [begin, of_rule(outcome), vec![due, computed(finding), Cell::Entries(finding.entries.clone())]].concat()
}

fn title(notice: &NoticeFacts) -> Cell {
    Cell::Text(notice.text_of("title").unwrap_or_default().to_owned())
}

fn unmatched(listing: &Listing<'_>) -> Option<Row> {
    let (kind, notice) = match (listing.listed, listing.result) {
        (Some(listed), _) if listing.is_without_result() => {
            (named("no-result", "有公告无结果", "listing without result"), listed)
        }
        (_, Some(result)) if listing.is_without_listing() => {
            (named("no-listing", "有结果无公告", "result without listing"), result)
        }
        _ => return None,
    };
    Some(vec![kind, title(notice), Cell::Moment(notice.public.late), Cell::Entries(vec![notice.index])])
}

fn reposts(group: &[&NoticeFacts]) -> Row {
    let Some(first) = group.first() else { return Row::new() };
    let entries = group.iter().map(|notice| notice.index).collect();
    vec![
        optional(first.lot()),
        stage_cell(first.stage),
        title(first),
        Cell::Number(group.len() as u64),
        Cell::Entries(entries),
    ]
}

fn placeholder(notice: &NoticeFacts, path: &str, empty: Empty) -> Row {
    let kind = match empty {
        Empty::Placeholder => named(empty.code(), "占位内容", "placeholder"),
        Empty::NotEvidence => named(empty.code(), "与公告发布同一分钟", "in the notice's own publication minute"),
    };
    let member = Cell::Words(label::path(path));
    vec![stage_cell(notice.stage), kind, member, Cell::Text(path.to_owned()), Cell::Entries(vec![notice.index])]
}

fn remarked(notice: &NoticeFacts, remark: &Remark) -> (List, Row) {
    let (list, what) = match &remark.about {
        About::LookAlikes(found) => {
            let points =
                found.iter().map(|one| format!("#{} U+{:04X} {}", one.at + 1, u32::from(one.found), one.deceit.code()));
            (List::LookAlikes, Cell::Text(points.collect::<Vec<_>>().join("; ")))
        }
        about => (List::Codes, Cell::Words(explained(about))),
    };
    let value = Cell::Text(remark.value.clone());
    let entries = Cell::Entries(vec![notice.index]);
    (list, vec![stage_cell(notice.stage), Cell::Text(remark.path.clone()), value, what, entries])
}
