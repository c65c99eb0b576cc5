//! Verdicts on a lifecycle in words: outcomes, reasons and their arithmetic, in Chinese and English.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::label;
use crate::lifecycle::instant::{Bounded, DAY, Grade, Seconds, day_ending, day_of, start_of};
use crate::lifecycle::period::{Counting, Unit};
use crate::lifecycle::rulebook::{Basis, Decimal, Status, Text};
use crate::lifecycle::verdict::{Arithmetic, LotState, Outcome, Reason, StageStatus, Standing, Used};

/// Both texts.
fn text(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

/// Something with a name in both languages.
pub trait Named {
    /// Its name.
    fn name(&self) -> Text;
}

macro_rules! named {
    ($type:ty: $($variant:path => $zh:literal $en:literal),+ $(,)?) => {
        impl Named for $type {
            fn name(&self) -> Text {
                match self { $($variant { .. } => text($zh, $en)),+ }
            }
        }
    };
}

named!(Outcome: Outcome::NotApplicable => "不适用" "not applicable", Outcome::Met => "符合" "met", Outcome::Pending => "未到期" "pending",
    Outcome::Warning => "提示" "warning", Outcome::Undetermined => "无法判定" "undetermined",
    Outcome::Overdue => "逾期未公开" "overdue", Outcome::Violated => "违反" "violated");
named!(LotState: LotState::Planned => "已计划" "planned", LotState::Announced => "已公告" "announced",
    LotState::Prequalified => "已资格审查" "prequalified", LotState::Opened => "已开标" "opened",
    LotState::Candidates => "候选人已公示" "candidates public", LotState::Awarded => "已定标（成交）" "awarded",
    LotState::Contracted => "已订立合同" "contracted", LotState::Performed => "履约中" "being performed",
    LotState::Accepted => "已验收办结" "accepted", LotState::Suspended => "已中止" "suspended", LotState::Failed => "流标" "failed",
    LotState::Terminated => "已终止" "terminated", LotState::Restarted => "重新交易" "restarted", LotState::Other => "其他" "other");
named!(Standing: Standing::Complete => "完整公开" "complete", Standing::InProgress => "进行中" "in progress",
    Standing::Overdue => "逾期未公开" "overdue", Standing::Violated => "违反规则" "violated");
named!(StageStatus: StageStatus::OnTime => "按时公开" "on time", StageStatus::Disclosed => "已公开" "disclosed",
    StageStatus::NotYetDue => "未到期" "not yet due", StageStatus::Late => "迟公开" "late", StageStatus::Missing => "逾期缺失" "missing");
named!(Grade: Grade::Said => "发布主体所述" "said by the publisher", Grade::Witnessed => "见证时间" "witnessed",
    Grade::Recorded => "账本时间" "recorded by the ledger", Grade::Claimed => "自称时间" "claimed by the publisher");
named!(Status: Status::Law => "法条原文已核" "read in the law", Status::Page => "官方或二手页面" "read in a page",
    Status::Recalled => "待律师确认" "unconfirmed");
named!(Unit: Unit::Day => "日" "days", Unit::WorkingDay => "个工作日" "working days", Unit::Hour => "小时" "h", Unit::Year => "年" "years");

/// Where the law says so: the law's name and its article.
pub fn basis(basis: &[Basis]) -> Text {
    let all: Vec<Text> = basis.iter().map(place).collect();
    let join = |of: fn(&Text) -> &str, between: &str| all.iter().map(of).collect::<Vec<_>>().join(between);
    text(join(|one| &one.zh, "；"), join(|one| &one.en, "; "))
}

/// One place in the law: an article by its number, another part by its name.
fn place(basis: &Basis) -> Text {
    let (zh, en, article) = (&basis.law.zh, &basis.law.en, &basis.article);
    if article.starts_with(|c: char| c.is_ascii_digit()) {
        return text(format!("{zh}第{}条", article.replace(", ", "、")), format!("{en}, art. {article}"));
    }
    text(format!("{zh}，“{article}”部分"), format!("{en}, part “{article}”"))
}

/// Why an outcome is what it is.
pub fn reason(reason: &Reason) -> Text {
    let named = |name: &str| label::instant(name);
    match reason {
        Reason::Borderline => text("仅按较宽的算法才足够", "enough only under the more generous counting"),
        Reason::NotAsData => text("只见于正文，未作为数据给出", "not given as data, only in the text"),
        Reason::Imported => text("早于账本的事，账本不足为证", "older than the ledger, which therefore cannot tell"),
        Reason::Unconfirmed => text("规则待律师确认，只作提示", "the rule is unconfirmed: a warning only"),
        Reason::Advisory => text("该规则只作提示", "the rule is a warning only"),
        Reason::CalendarChanged => {
            text("所涉日子的日历事后有改动", "a calendar was changed after the days it is about")
        }
        Reason::Bounds => {
            text("结论取决于见证时间界限内的确切时刻", "it depends on where within its bounds an instant lies")
        }
        Reason::Grade(grade) => {
            let grade = grade.name();
            text(format!("时间只是{}，没有见证", grade.zh), format!("the time is only {}, not witnessed", grade.en))
        }
        Reason::UnknownYear(year) => {
            text(format!("账本没有 {year} 年的日历"), format!("no calendar of {year} is recorded"))
        }
        Reason::NotEvidence(name) => {
            let name = named(name);
            text(
                format!("{}与公告发布同一分钟，不足为证", name.zh),
                format!("not evidence: {} equals the notice's own publication minute", name.en),
            )
        }
        Reason::NotGiven(name) => {
            let name = named(name);
            text(format!("公告未给出{}", name.zh), format!("no notice gives {}", name.en))
        }
        Reason::Sealed(name) => {
            let name = named(name);
            text(format!("{}尚在密封", name.zh), format!("{} is sealed", name.en))
        }
        Reason::Erased(name) => {
            let name = named(name);
            text(format!("{}已依法删除", name.zh), format!("{} was lawfully erased", name.en))
        }
        Reason::Placeholder(name) => {
            let name = named(name);
            text(format!("{}是占位内容", name.zh), format!("{} is a placeholder", name.en))
        }
        Reason::NoStage(stage) => text(format!("没有{}公告", stage.zh()), format!("there is no {} notice", stage.en())),
        Reason::Scope(name) => {
            let name = named(name);
            text(
                format!("公告未给出{}，不知规则是否适用", name.zh),
                format!("no notice gives {}, on which it depends whether the rule applies", name.en),
            )
        }
        Reason::Terminated => text("标段已终止", "the lot was terminated"),
        Reason::OtherProject => text("可能在另一项目下公开", "it may be disclosed under another project"),
    }
}

/// The name of a reason, by its stable code, for figures; one that is not known keeps its code.
pub fn reason_name(code: &str) -> Text {
    let (zh, en) = match code {
        "borderline" => ("临界", "borderline"),
        "not-as-data" => ("未作为数据给出", "not as data"),
        "imported" => ("早于账本", "older than the ledger"),
        "unconfirmed" => ("规则待确认", "rule unconfirmed"),
        "advisory" => ("只作提示", "advisory"),
        "calendar-changed" => ("日历事后改动", "calendar changed"),
        "bounds" => ("界限内不定", "within bounds"),
        "recorded" => ("只有账本时间", "by the ledger's clock only"),
        "claimed" => ("只有自称时间", "by the publisher's word only"),
        "unknown-year" => ("年份无日历", "year without calendar"),
        "not-evidence" => ("不足为证", "not evidence"),
        "not-given" => ("未给出", "not given"),
        "sealed" => ("尚在密封", "sealed"),
        "erased" => ("已依法删除", "erased"),
        "placeholder" => ("占位内容", "placeholder"),
        "no-stage" => ("缺相应公告", "stage absent"),
        "scope" => ("适用与否不明", "scope unknown"),
        "terminated" => ("已终止", "terminated"),
        "other-project" => ("或在另一项目", "other project"),
        code => (code, code),
    };
    text(zh, en)
}

/// The arithmetic of an outcome, for a person to follow.
pub fn arithmetic(arithmetic: &Arithmetic) -> Text {
    match arithmetic {
        Arithmetic::Period { from, to, counting, measured, min, max, ends_on_working_day, deadline } => {
            let ends = span(from, to);
            let in_time = deadline.map(|deadline| to.at.late <= deadline);
            let (length, bounds) = (length(*measured, *counting), bounds(*measured, *counting, *min, *max, in_time));
            let day = match ends_on_working_day {
                Some(true) => text("；截止日为工作日", "; its last day is a working day"),
                Some(false) => text("；截止日为非工作日", "; its last day is not a working day"),
                None => Text::default(),
            };
            // On which day something ends matters to what must be long enough.
            let day = if min.is_some() { day } else { Text::default() };
            let latest = deadline.map_or_else(Text::default, |at| {
                let at = moment(at);
                text(format!("；最迟 {at}"), format!("; at the latest {at}"))
            });
            text(
                format!("{} = {}{}{}{}", ends.zh, length.zh, bounds.zh, latest.zh, day.zh),
                format!("{} = {}{}{}{}", ends.en, length.en, bounds.en, latest.en, day.en),
            )
        }
        Arithmetic::Due { from, what, counting, disclosed_within, due } => {
            due_text(from.as_ref(), what, *counting, *disclosed_within, *due)
        }
        Arithmetic::Order { first, then } => {
            let (first, then) = (used(first), used(then));
            text(format!("先 {}，后 {}", first.zh, then.zh), format!("first {}, then {}", first.en, then.en))
        }
        Arithmetic::Fields { asked, missing, placeholders } => fields(*asked, missing, placeholders),
        Arithmetic::Count { of, found, min, max, ranked } => {
            let of = label::instant(of);
            let bounds: String = [min.map(|min| format!(" ≥ {min}")), max.map(|max| format!(" ≤ {max}"))]
                .into_iter()
                .flatten()
                .collect();
            let ranks = match ranked {
                Some(false) => text("；名次不是 1、2、3……", "; the ranks are not 1, 2, 3, …"),
                _ => Text::default(),
            };
            text(
                format!("{} = {found}；应{bounds}{}", of.zh, ranks.zh),
                format!("{} = {found}; must be{bounds}{}", of.en, ranks.en),
            )
        }
        Arithmetic::Equal { left, left_value, right, right_value } => {
            let (left, right, sign) = (both(left), both(right), if left_value == right_value { '=' } else { '≠' });
            text(
                format!("{} {left_value} {sign} {} {right_value}", left.zh, right.zh),
                format!("{} {left_value} {sign} {} {right_value}", left.en, right.en),
            )
        }
        Arithmetic::Ratio { of, amount, to, whole, min, max } => ratio(of, *amount, to, *whole, *min, *max),
        Arithmetic::Restart { change, deadline, moved, min, counting, earliest } => {
            let (change, deadline) = (used(change), used(deadline));
            let moved = moved.as_ref().map_or_else(
                || text("未延期", "not moved"),
                |to| {
                    let to = when_used(to);
                    text(format!("延至 {to}"), format!("moved to {to}"))
                },
            );
            let (left, earliest) = (length(times_ten(*min, *counting), *counting), moment_of_day(*earliest, *counting));
            text(
                format!("{}，{}；应余 {}，最早可截止 {earliest}；{}", change.zh, deadline.zh, left.zh, moved.zh),
                format!(
                    "{}, {}; {} must be left, the earliest lawful deadline is {earliest}; {}",
                    change.en, deadline.en, left.en, moved.en
                ),
            )
        }
        Arithmetic::Suspended { since, until, went_on } => {
            let since = used(since);
            let until = until.as_ref().map_or_else(|| text("至今未答复", "still open"), used);
            let went_on = went_on.as_ref().map_or_else(
                || text("其间没有进行下一环节", "nothing went on meanwhile"),
                |used_| {
                    let went_on = used(used_);
                    text(format!("其间 {}", went_on.zh), format!("meanwhile {}", went_on.en))
                },
            );
            text(
                format!("{}，{}；{}", since.zh, until.zh, went_on.zh),
                format!("{}, {}; {}", since.en, until.en, went_on.en),
            )
        }
    }
}

fn due_text(
    from: Option<&Used>,
    what: &str,
    counting: Option<(Counting, u32)>,
    disclosed_within: Option<(Counting, u32)>,
    due: Seconds,
) -> Text {
    let latest = moment(due);
    let from =
        from.map(used).map_or_else(Text::default, |from| text(format!("{}；", from.zh), format!("{}; ", from.en)));
    let within =
        |period: Option<(Counting, u32)>| period.map(|(counting, count)| length(times_ten(count, counting), counting));
    let (own, verb) = awaited(what);
    let due = match (within(counting), within(disclosed_within)) {
        (None, _) => {
            text(format!("{}应已{}", own.zh, verb.zh), format!("{} should have been {} by then", own.en, verb.en))
        }
        (Some(within), None) => text(
            format!("{}应在 {}内{}，最迟 {latest}", own.zh, within.zh, verb.zh),
            format!("{} is to be {} within {}, at the latest {latest}", own.en, verb.en, within.en),
        ),
        (Some(_), Some(known)) if counting.is_some_and(|(_, count)| count == 0) => text(
            format!("{}应不晚于此，并在其后 {}内公开，最迟 {latest}", own.zh, known.zh),
            format!("{} is due by then and to be public within {} of that, at the latest {latest}", own.en, known.en),
        ),
        (Some(within), Some(known)) => text(
            format!("{}应在 {}内，并在其后 {}内公开，最迟 {latest}", own.zh, within.zh, known.zh),
            format!(
                "{} is due within {} and to be public within {} of that, at the latest {latest}",
                own.en, within.en, known.en
            ),
        ),
    };
    text(format!("{}{}", from.zh, due.zh), format!("{}{}", from.en, due.en))
}

/// What is awaited, and what is to become of it: a stage is disclosed, a sealed value revealed, an event stated.
fn awaited(what: &str) -> (Text, Text) {
    let disclosed = text("公开", "public");
    match what.strip_suffix(".public") {
        Some(stage) => (label::instant(stage), disclosed),
        None if what.starts_with("data.") => (label::instant(what), text("启封", "revealed")),
        None => (label::instant(what), disclosed),
    }
}

fn fields(asked: usize, missing: &[String], placeholders: &[String]) -> Text {
    let list = |names: &[String]| {
        let names: Vec<Text> = names.iter().map(|name| label::path(name)).collect();
        let of = |pick: fn(&Text) -> &str| names.iter().map(pick).collect::<Vec<_>>();
        text(of(|name| &name.zh).join("、"), of(|name| &name.en).join("; "))
    };
    let (mut zh, mut en) = (format!("应有 {asked} 项"), format!("{asked} members asked for"));
    if asked == 1 {
        (zh, en) = ("应有一项".into(), "one member asked for".into());
    }
    if missing.is_empty() && placeholders.is_empty() {
        zh.push_str("，齐全");
        en.push_str(", all given");
    }
    if !missing.is_empty() {
        let names = list(missing);
        zh += &format!("；缺：{}", names.zh);
        en += &format!("; missing: {}", names.en);
    }
    if !placeholders.is_empty() {
        let names = list(placeholders);
        zh += &format!("；占位：{}", names.zh);
        en += &format!("; placeholders: {}", names.en);
    }
    text(zh, en)
}

fn ratio(of: &str, amount: Decimal, to: &str, whole: Decimal, min: Option<Decimal>, max: Option<Decimal>) -> Text {
    let (of, to) = (both(of), both(to));
    let percent = if whole.0 == 0 {
        String::new()
    } else {
        format!("{}%", Decimal(amount.0.saturating_mul(100) / (whole.0 / 1_000_000).max(1)))
    };
    let bound = |sign: &str, part: Decimal| format!(" {sign} {}%", Decimal(part.0.saturating_mul(100)));
    let bounds: String =
        [min.map(|min| bound("≥", min)), max.map(|max| bound("≤", max))].into_iter().flatten().collect();
    text(
        format!("{} {amount} ÷ {} {whole} = {percent}；应{bounds}", of.zh, to.zh),
        format!("{} {amount} ÷ {} {whole} = {percent}; must be{bounds}", of.en, to.en),
    )
}

/// The name of a reference with its stage, for values that several stages have.
fn both(name: &str) -> Text {
    let stage = name.split(['.', '[']).next().and_then(crate::record::code::Stage::parse);
    let own = label::instant(name);
    stage.map_or_else(
        || own.clone(),
        |stage| text(format!("{}·{}", stage.zh(), own.zh), format!("{}, {}", stage.en(), own.en)),
    )
}

/// `公示 2025-06-12 19:30 → 2025-06-16 07:00`: a period of its own has one name, other ends have one each.
fn span(from: &Used, to: &Used) -> Text {
    let same = from.name.strip_suffix(".from").filter(|own| to.name.strip_suffix(".until") == Some(own));
    let (begin, end) = (when_used(from), when_used(to));
    if let Some(own) = same {
        let own = label::instant(own);
        return text(format!("{} {begin} → {end}", own.zh), format!("{} {begin} → {end}", own.en));
    }
    let (from, to) = (label::instant(&from.name), label::instant(&to.name));
    text(format!("{} {begin} → {} {end}", from.zh, to.zh), format!("{} {begin} → {} {end}", from.en, to.en))
}

fn used(used: &Used) -> Text {
    let (name, at) = (label::instant(&used.name), when_used(used));
    text(format!("{} {at}", name.zh), format!("{} {at}", name.en))
}

/// Tenths of hours are measured; a rule's own numbers are whole.
fn times_ten(count: u32, counting: Counting) -> i64 {
    i64::from(count) * if counting.unit == Unit::Hour { 10 } else { 1 }
}

/// `83.5 小时`, `20 个工作日`.
fn length(measured: i64, counting: Counting) -> Text {
    let unit = counting.unit.name();
    let number = match counting.unit {
        Unit::Hour if measured % 10 != 0 => format!("{}.{}", measured / 10, (measured % 10).abs()),
        Unit::Hour => (measured / 10).to_string(),
        _ => measured.to_string(),
    };
    let zh = if counting.unit == Unit::Hour { "h".into() } else { unit.zh };
    let inclusive = matches!(counting.unit, Unit::Day | Unit::WorkingDay) && counting.inclusive;
    let (first_zh, first_en) = if inclusive { ("（含首日）", " (first day included)") } else { ("", "") };
    text(format!("{number} {zh}{first_zh}"), format!("{number} {}{first_en}", unit.en))
}

/// `≥ 72 h`, `≤ 3 日`; what is longer and still in time was given until the next working day, what is not longer in whole years
/// may be too late.
fn bounds(measured: i64, counting: Counting, min: Option<u32>, max: Option<u32>, in_time: Option<bool>) -> Text {
    let mut text = Text::default();
    let mut push = |sign: &str, bound: u32| {
        let unit = counting.unit.name();
        let zh = if counting.unit == Unit::Hour { "h" } else { &unit.zh };
        text.zh += &format!(" {sign} {bound} {zh}");
        text.en += &format!(" {sign} {bound} {}", unit.en);
    };
    if let Some(min) = min {
        push(if measured >= times_ten(min, counting) { "≥" } else { "<" }, min);
    }
    if let Some(max) = max {
        let within = measured <= times_ten(max, counting);
        push(if in_time.unwrap_or(within) { "≤" } else { ">" }, max);
        match in_time {
            Some(true) if !within => {
                text.zh.push_str("（末日非工作日，顺延）");
                text.en.push_str(" (the last day is no working day: until the next)");
            }
            Some(false) if within => {
                text.zh.push_str("（已过末日）");
                text.en.push_str(" (after its last day)");
            }
            _ => {}
        }
    }
    text
}

/// An instant with its bounds: a day, a minute, or from one to the other.
pub fn when(at: Bounded) -> String {
    if at.early == start_of(day_of(at.early)) && at.late == at.early + DAY - 1 {
        return day_of(at.early).to_string();
    }
    let (early, late) = (minute(day_of(at.early), at.early), minute(day_of(at.late), at.late));
    if early == late { early } else { format!("{early} ~ {late}") }
}

/// A deadline or another end: midnight is the 24:00 of the day before.
pub fn moment(at: Seconds) -> String {
    minute(day_ending(at), at)
}

/// A minute of Asia/Shanghai, counted from the begin of a day.
fn minute(day: jiff::civil::Date, at: Seconds) -> String {
    let seconds = at.saturating_sub(start_of(day));
    format!("{day} {:02}:{:02}", seconds / 3600, seconds / 60 % 60)
}

/// An instant under its name: what ends, ends at 24:00.
fn when_used(used: &Used) -> String {
    let is_end = used.name.rsplit_once('.').is_some_and(|(_, last)| last == "until");
    if is_end && used.at.early == used.at.late { moment(used.at.early) } else { when(used.at) }
}

/// The day an instant lies in, unless hours are counted.
fn moment_of_day(at: Seconds, counting: Counting) -> String {
    if counting.unit == Unit::Hour { moment(at) } else { day_of(at).to_string() }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn said(name: &str, at: Seconds) -> Used {
        Used { name: name.into(), at: Bounded::exact(at, Grade::Said), notice: 0 }
    }

    #[test]
    fn the_arithmetic_of_a_publicity() {
        let begin = start_of(date(2025, 6, 12)) + 19 * 3600 + 1800;
        let end = start_of(date(2025, 6, 16)) + 7 * 3600;
        let period = Arithmetic::Period {
            from: said("candidates.publicity.from", begin),
            to: said("candidates.publicity.until", end),
            counting: Counting { unit: Unit::Hour, inclusive: false, roll: true, generous: false },
            measured: 835,
            min: Some(72),
            max: None,
            ends_on_working_day: Some(true),
            deadline: None,
        };
        let told = arithmetic(&period);
        assert_eq!(told.zh, "公示 2025-06-12 19:30 → 2025-06-16 07:00 = 83.5 h ≥ 72 h；截止日为工作日");
        assert_eq!(
            told.en,
            "publicity 2025-06-12 19:30 → 2025-06-16 07:00 = 83.5 h ≥ 72 h; its last day is a working day"
        );
    }

    #[test]
    fn a_day_is_a_day_and_midnight_its_end() {
        let day = start_of(date(2026, 3, 6));
        assert_eq!(when(Bounded { early: day, late: day + DAY - 1, grade: Grade::Said }), "2026-03-06");
        assert_eq!(moment(day + DAY), "2026-03-06 24:00");
        assert_eq!(
            when(Bounded { early: day + 60, late: day + 200, grade: Grade::Witnessed }),
            "2026-03-06 00:01 ~ 2026-03-06 00:03"
        );
    }
}
