//! What pages say: what notices say, in which nothing is markup and nothing unseen; times, codes and standings in words.

use jiff::Timestamp;
use maud::{Markup, html};
use verifier::explain::lifecycle::Named;
use verifier::explain::visible::visible;
use verifier::lifecycle::instant::{Bounded, Grade, Seconds};
use verifier::lifecycle::rulebook::Text;
use verifier::lifecycle::verdict::{LotState, Outcome, StageStatus, Standing};
use verifier::record::code::{Sector, Stage};
use verifier::record::instant::SHANGHAI;

use super::Visit;

/// A line that somebody else wrote: isolated in its direction, with control and format characters shown.
pub(crate) fn said(text: &str) -> Markup {
    html! { bdi { (visible(text)) } }
}

/// The beginning of a text, for a list.
pub(crate) fn clipped(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A text of many lines that somebody else wrote.
pub(crate) fn said_lines(text: &str) -> Markup {
    html! { @for line in text.lines() { p dir="auto" { (visible(line)) } } }
}

/// A hash, a key or another code: in one width, and wrapped wherever it must be.
pub(crate) fn code(text: &str) -> Markup {
    html! { code.hash { (text) } }
}

/// A time of the ledger's clock, in milliseconds since the Unix epoch, to the second.
pub(crate) fn time_ms(ms: u64) -> Markup {
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    moment(at, "%Y-%m-%d %H:%M:%S")
}

/// A time in seconds since the Unix epoch, to the minute.
pub(crate) fn time(at: Seconds) -> Markup {
    moment(Timestamp::from_second(at).unwrap_or_default(), "%Y-%m-%d %H:%M")
}

fn moment(at: Timestamp, format: &str) -> Markup {
    let civil = SHANGHAI.to_datetime(at);
    let machine = civil.strftime("%Y-%m-%dT%H:%M:%S+08:00").to_string();
    html! { time datetime=(machine) { (civil.strftime(format).to_string()) } }
}

/// An end in seconds since the Unix epoch: midnight is the 24:00 of the day before.
pub(crate) fn deadline(at: Seconds) -> Markup {
    let machine = SHANGHAI.to_datetime(Timestamp::from_second(at).unwrap_or_default());
    let machine = machine.strftime("%Y-%m-%dT%H:%M:%S+08:00").to_string();
    html! { time datetime=(machine) { (verifier::explain::lifecycle::moment(at)) } }
}

/// When something became public, and who vouches for that.
pub(crate) fn bounded(visit: &Visit, at: Bounded) -> Markup {
    let grade = named(visit, &at.grade);
    html! {
        @if at.early == at.late { (time(at.late)) } @else { (time(at.early)) " ~ " (time(at.late)) }
        " " span.grade.(grade_class(at.grade)) { (grade) }
    }
}

fn grade_class(grade: Grade) -> &'static str {
    if grade == Grade::Witnessed { "witnessed" } else { "by-word" }
}

/// How long ago, in the greatest unit that fits.
pub(crate) fn age(visit: &Visit, seconds: u64) -> String {
    let (n, zh, en) = match seconds {
        0..=119 => return visit.say("不到 2 分钟", "under 2 min").to_owned(),
        120..=7199 => (seconds / 60, "分钟", "min"),
        7200..=172_799 => (seconds / 3600, "小时", "h"),
        _ => (seconds / 86_400, "天", "days"),
    };
    format!("{n} {}", visit.say(zh, en))
}

/// A number with its thousands apart.
pub(crate) fn number(n: u64) -> String {
    grouped(&n.to_string())
}

/// Digits with the thousands apart.
pub(crate) fn grouped(digits: &str) -> String {
    let mut apart = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

/// A text of the product in the reader's language.
pub(crate) fn pick<'a>(visit: &Visit, text: &'a Text) -> &'a str {
    visit.say(&text.zh, &text.en)
}

/// What something is called in the reader's language.
pub(crate) fn named(visit: &Visit, thing: &impl Named) -> String {
    let Text { zh, en } = thing.name();
    visit.language.pick(&zh, &en).to_owned()
}

/// A sector by its code; one that is not known keeps its code.
pub(crate) fn sector(visit: &Visit, code: &str) -> String {
    Sector::parse(code).map_or_else(|| code.to_owned(), |sector| visit.say(sector.zh(), sector.en()).to_owned())
}

/// A stage by its code; one that is not known keeps its code.
pub(crate) fn stage(visit: &Visit, code: &str) -> String {
    Stage::parse(code).map_or_else(|| code.to_owned(), |stage| visit.say(stage.zh(), stage.en()).to_owned())
}

/// The head of a table: what its columns are called, in Chinese and English.
pub(crate) fn columns(visit: &Visit, names: &[(&str, &str)]) -> Markup {
    html! { thead { tr { @for (zh, en) in names { th scope="col" { (visit.say(zh, en)) } } } } }
}

/// A few words on a colour; the words alone say all.
pub(crate) fn badge(class: &str, words: &str) -> Markup {
    html! { span.badge.(class) { (words) } }
}

/// How a project stands, by its code; not judged yet where there is none.
pub(crate) fn standing(visit: &Visit, code: Option<&str>) -> Markup {
    match code.and_then(Standing::parse) {
        Some(standing) => badge(standing_class(standing), &named(visit, &standing)),
        None => badge("open", visit.say("未评判", "not judged")),
    }
}

/// The class of a standing.
pub(crate) fn standing_class(standing: Standing) -> &'static str {
    match standing {
        Standing::Complete => "ok",
        Standing::InProgress => "wait",
        Standing::Overdue => "due",
        Standing::Violated => "bad",
    }
}

/// The class of an outcome.
pub(crate) fn outcome_class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Met => "ok",
        Outcome::Pending => "wait",
        Outcome::Warning => "note",
        Outcome::NotApplicable | Outcome::Undetermined => "open",
        Outcome::Overdue => "due",
        Outcome::Violated => "bad",
    }
}

/// The class of what became of a stage.
pub(crate) fn stage_class(status: StageStatus) -> &'static str {
    match status {
        StageStatus::OnTime | StageStatus::Disclosed => "ok",
        StageStatus::NotYetDue => "wait",
        StageStatus::Late => "due",
        StageStatus::Missing => "bad",
    }
}

/// The class of a lot's state.
pub(crate) fn state_class(state: LotState) -> &'static str {
    match state {
        LotState::Accepted => "ok",
        LotState::Suspended | LotState::Failed | LotState::Terminated | LotState::Restarted => "note",
        _ => "wait",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_is_neither_markup_nor_unseen() {
        assert_eq!(
            said("<script>alert(1)</script>\u{202E}x").into_string(),
            "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩x</bdi>"
        );
        assert_eq!(said_lines("a\n\u{200B}b").into_string(), "<p dir=\"auto\">a</p><p dir=\"auto\">⟨U+200B⟩b</p>");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    }
}
