//! A lot's lifecycle, drawn: a row for each stage in lawful order, along it what was disclosed and what is due, and across all
//! rows the suspensions that objections caused. Whatever is drawn is said in words below it.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use verifier::lifecycle::instant::{DAY, Seconds, day_of, start_of};
use verifier::lifecycle::verdict::{Arithmetic, LotVerdict, StageRow, StageStatus, Standing};
use verifier::record::instant::SHANGHAI;

use super::Visit;
use super::text::{named, stage_class};

/// The drawing, in its own units: its width, where its rows begin, their height, what is above and below them.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 18.0;
const ROW: f64 = 32.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 34.0;
/// Ticks along the axis, at most.
const MOST_TICKS: i32 = 9;

/// A suspension: since when, until when if it has ended, and whether something went on meanwhile.
pub(super) struct Suspension {
    pub(super) since: Seconds,
    pub(super) until: Option<Seconds>,
    pub(super) breached: bool,
}

/// The suspensions that objections caused in a lot.
pub(super) fn suspensions(lot: &LotVerdict<'_>) -> Vec<Suspension> {
    let findings = lot.outcomes.iter().flat_map(|outcome| &outcome.findings);
    let suspensions = findings.filter_map(|finding| match &finding.arithmetic {
        Some(Arithmetic::Suspended { since, until, went_on }) => Some(Suspension {
            since: since.at.early,
            until: until.as_ref().map(|until| until.at.late),
            breached: went_on.is_some(),
        }),
        _ => None,
    });
    suspensions.collect()
}

/// When each notice of a lot became public, for the rows.
pub(super) type When<'a> = &'a dyn Fn(u64) -> Option<Seconds>;

/// Seconds along the width.
struct Axis {
    from: Seconds,
    until: Seconds,
}

impl Axis {
    /// From the first to the last thing drawn, with some air.
    fn of(instants: impl Iterator<Item = Seconds> + Clone) -> Option<Self> {
        let (from, until) = (instants.clone().min()?, instants.max()?);
        let air = ((until - from) / 40).max(DAY);
        Some(Self { from: from - air, until: until + air })
    }

    #[allow(clippy::cast_precision_loss)] // seconds of a few decades
    fn x(&self, at: Seconds) -> f64 {
        let part = (at - self.from) as f64 / (self.until - self.from) as f64;
        LEFT + part.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    /// Firsts of months, few enough to be told apart.
    fn ticks(&self) -> Vec<Date> {
        let (first, last) = (day_of(self.from), day_of(self.until));
        let months = i32::from(last.year() - first.year()) * 12 + i32::from(last.month() - first.month()) + 1;
        let step = [1, 2, 3, 6, 12, 24, 60, 120].into_iter().find(|step| months / step <= MOST_TICKS).unwrap_or(240);
        let begin = i32::from(first.year()) * 12 + i32::from(first.month()) - 1;
        let month =
            |n: i32| Date::new(i16::try_from(n.div_euclid(12)).ok()?, i8::try_from(n.rem_euclid(12)).ok()? + 1, 1).ok();
        let all = (begin..=begin + months).filter(|n| n % step == 0).filter_map(month);
        all.filter(|day| (self.from..=self.until).contains(&start_of(*day))).collect()
    }
}

/// The drawing of a lot; nothing if there is nothing to be drawn.
pub(super) fn draw(visit: &Visit, lot: &LotVerdict<'_>, as_of: Seconds, when: When<'_>, name: &str) -> Markup {
    let suspensions = suspensions(lot);
    let is_open = lot.standing != Standing::Complete;
    let notices = lot.stages.iter().flat_map(|row| row.notices.iter().filter_map(|index| when(*index)));
    let dues = lot.stages.iter().flat_map(|row| row.due.into_iter().chain(row.next));
    let spans = suspensions.iter().flat_map(|one| [one.since, one.until.unwrap_or(as_of)]);
    let instants: Vec<Seconds> = notices.chain(dues).chain(spans).chain(is_open.then_some(as_of)).collect();
    let Some(axis) = Axis::of(instants.iter().copied()) else { return html! {} };
    #[allow(clippy::cast_precision_loss)] // nineteen stages
    let height = TOP + ROW * lot.stages.len() as f64 + BOTTOM;
    let floor = height - BOTTOM;
    let title = visit
        .say("按时间画出的各环节；下面的清单说的是同样的事", "The stages along time; the list below says the same");
    html! {
        div.scroll.drawing tabindex="0" role="group" aria-label=(name) {
            svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(title) class="timeline" {
                @for day in axis.ticks() { (tick(&axis, day, floor)) }
                @for one in &suspensions { (band(visit, &axis, one, as_of, floor)) }
                @if is_open {
                    line class="now" x1=(px(axis.x(as_of))) x2=(px(axis.x(as_of))) y1=(px(TOP - 8.0)) y2=(px(floor)) {
                        title { (visit.say("账本头的时间", "the head's time")) " " (day_of(as_of).to_string()) }
                    }
                }
                @for (at, row) in lot.stages.iter().enumerate() { (stage(visit, &axis, row, at, when)) }
            }
        }
        (legend(visit, !suspensions.is_empty(), is_open))
    }
}

fn px(n: f64) -> String {
    format!("{n:.1}")
}

fn tick(axis: &Axis, day: Date, floor: f64) -> Markup {
    let x = axis.x(start_of(day));
    html! {
        line class="tick" x1=(px(x)) x2=(px(x)) y1=(px(TOP - 8.0)) y2=(px(floor + 5.0)) {}
        text class="axis" x=(px(x)) y=(px(floor + 20.0)) text-anchor="middle" { (day.strftime("%Y-%m").to_string()) }
    }
}

/// An open objection: a band across all stages.
fn band(visit: &Visit, axis: &Axis, one: &Suspension, as_of: Seconds, floor: f64) -> Markup {
    let (from, to) = (axis.x(one.since), axis.x(one.until.unwrap_or(as_of)));
    let title = match (one.until, one.breached) {
        (None, _) => visit.say("异议未答复，程序应暂停", "an objection is open: the procedure must pause"),
        (Some(_), true) => visit.say("异议答复前进行了下一环节", "it went on while an objection was open"),
        (Some(_), false) => visit.say("异议期间暂停", "paused while an objection was open"),
    };
    html! {
        rect.pause.breached[one.breached] x=(px(from)) y=(px(TOP - 6.0)) width=(px((to - from).max(3.0))) height=(px(floor - TOP + 6.0)) { title { (title) } }
    }
}

#[allow(clippy::cast_precision_loss)] // nineteen stages
fn stage(visit: &Visit, axis: &Axis, row: &StageRow, at: usize, when: When<'_>) -> Markup {
    let y = TOP + ROW * (at as f64 + 0.5);
    let name = visit.say(row.stage.zh(), row.stage.en());
    let due = row.due.or(row.next);
    let shown: Vec<(u64, Seconds)> = row.notices.iter().filter_map(|index| Some((*index, when(*index)?))).collect();
    let first = shown.first().map(|(_, at)| *at);
    html! {
        line class="row" x1=(px(LEFT)) x2=(px(WIDTH - RIGHT)) y1=(px(y)) y2=(px(y)) {}
        text class="stage" x=(px(LEFT - 12.0)) y=(px(y + 4.5)) text-anchor="end" { (name) }
        g class=(stage_class(row.status)) {
            @if let (Some(first), Some(due)) = (first, row.due) {
                line class="span" x1=(px(axis.x(first))) x2=(px(axis.x(due))) y1=(px(y)) y2=(px(y)) {}
            }
            @if let Some(due) = due {
                path class="deadline" d=(format!("M{0} {1}v14", px(axis.x(due)), px(y - 7.0))) {
                    title { (name) " · " (visit.say("最迟", "by")) " " (verifier::explain::lifecycle::moment(due)) }
                }
                @if row.status == StageStatus::Missing {
                    path class="missing" d=(format!("M{0} {1}l10 10m0 -10l-10 10", px(axis.x(due) - 5.0), px(y - 5.0))) {
                        title { (name) " · " (named(visit, &row.status)) }
                    }
                }
            }
            @for (index, at) in shown {
                circle cx=(px(axis.x(at))) cy=(px(y)) r="6" { title { (name) " · " (minute(at)) " · #" (index) } }
            }
        }
    }
}

fn minute(at: Seconds) -> String {
    SHANGHAI.to_datetime(Timestamp::from_second(at).unwrap_or_default()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What the signs mean.
fn legend(visit: &Visit, has_suspensions: bool, is_open: bool) -> Markup {
    let sign = |class: &'static str, shape: Markup, words: &str| {
        html! { li { svg viewBox="0 0 20 14" width="20" height="14" aria-hidden="true" class="timeline" { g class=(class) { (shape) } } " " (words) } }
    };
    html! {
        ul.legend {
            (sign("ok", html! { circle cx="10" cy="7" r="6" {} }, visit.say("公开", "disclosed")))
            (sign("due", html! { circle cx="10" cy="7" r="6" {} }, visit.say("迟公开", "late")))
            (sign("wait", html! { path class="deadline" d="M10 0v14" {} }, visit.say("期限", "deadline")))
            (sign("bad", html! { path class="missing" d="M5 2l10 10m0 -10l-10 10" {} }, visit.say("逾期缺失", "missing")))
            @if has_suspensions { (sign("", html! { rect class="pause" x="2" y="0" width="16" height="14" {} }, visit.say("异议期间暂停", "paused by an objection"))) }
            @if is_open { (sign("", html! { line class="now" x1="10" x2="10" y1="0" y2="14" {} }, visit.say("账本头的时间", "the head's time"))) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(from: &str, until: &str) -> Axis {
        let at = |day: &str| start_of(day.parse().unwrap());
        Axis { from: at(from), until: at(until) }
    }

    #[test]
    fn an_axis_has_few_ticks_and_keeps_its_ends() {
        for (from, until) in [("2026-01-05", "2026-02-20"), ("2025-11-18", "2026-11-26"), ("2011-03-01", "2026-11-26")]
        {
            let axis = axis(from, until);
            let ticks = axis.ticks();
            assert!((1..=10).contains(&ticks.len()), "{from} to {until}: {ticks:?}");
            let ends = [axis.x(axis.from), axis.x(axis.until), axis.x(axis.from - DAY)];
            assert!(ends.iter().zip([LEFT, WIDTH - RIGHT, LEFT]).all(|(x, end)| (x - end).abs() < 0.01));
        }
    }
}
