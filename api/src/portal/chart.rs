//! Charts as SVG that fits any width: each bar says in words what it shows, and a table beside has the same numbers, as links.

use maud::{Markup, html};
use verifier::inspection::charts::{Bar, Part};

use super::Visit;
use super::text::{number, pick, said};

/// The height of a chart of columns, in pixels, and of the line of names under it.
const HEIGHT: u64 = 180;
const NAMES: u64 = 24;
/// The most names under columns: they must not meet on a narrow screen.
const MOST_NAMES: usize = 5;

/// Each bar cut into its parts, all of one length; the number behind it is their sum.
pub(crate) fn bars(visit: &Visit, title: &str, parts: &[Part], bars: &[Bar]) -> Markup {
    html! {
        figure.chart {
            figcaption { b { (title) } (legend(visit, parts)) }
            ul.bars {
                @for bar in bars {
                    li { span.name { (said(pick(visit, &bar.name))) } (drawn(visit, bar, parts)) span.sum { (number(bar.numbers.iter().sum())) } }
                }
            }
        }
    }
}

fn legend(visit: &Visit, parts: &[Part]) -> Markup {
    html! {
        @if parts.len() > 1 {
            span.key {
                @for part in parts {
                    span { svg width="12" height="12" aria-hidden="true" { rect.(part.class) width="12" height="12" rx="2" {} } " " (visit.say(part.zh, part.en)) }
                }
            }
        }
    }
}

fn drawn(visit: &Visit, bar: &Bar, parts: &[Part]) -> Markup {
    let total: u64 = bar.numbers.iter().sum();
    let mut begun = 0;
    let pieces: Vec<(&str, u64, u64)> = bar
        .numbers
        .iter()
        .zip(parts)
        .map(|(n, part)| {
            begun += n;
            (part.class, begun - n, *n)
        })
        .collect();
    html! {
        svg width="100%" height="20" role="img" {
            title { (in_words(visit, pick(visit, &bar.name), parts, &bar.numbers)) }
            rect.ground width="100%" height="20" rx="2" {}
            @for (class, from, n) in pieces.into_iter().filter(|(.., n)| *n > 0) {
                rect.(class) x=(percent(from, total)) width=(percent(n, total)) height="20" {}
            }
        }
    }
}

/// What a bar or a column shows: `武昌区：按时 12，迟公开 3`.
fn in_words(visit: &Visit, name: &str, parts: &[Part], numbers: &[u64]) -> String {
    let parts = parts.iter().zip(numbers).map(|(part, n)| format!("{} {n}", visit.say(part.zh, part.en)));
    let parts: Vec<String> = parts.collect();
    format!("{name}{}{}", visit.say("：", ": "), parts.join(visit.say("，", ", ")))
}

/// Columns of parts, all to one scale.
pub(crate) fn columns(visit: &Visit, id: &str, title: &str, parts: &[Part], columns: &[(String, Vec<u64>)]) -> Markup {
    let sum = |numbers: &[u64]| numbers.iter().sum::<u64>();
    let most = columns.iter().map(|(_, numbers)| sum(numbers)).max().unwrap_or(0);
    let described: Vec<String> = columns.iter().map(|(name, numbers)| in_words(visit, name, parts, numbers)).collect();
    let every = columns.len().div_ceil(MOST_NAMES).max(1);
    let (title_id, description_id) = (format!("{id}-title"), format!("{id}-description"));
    html! {
        figure.chart {
            figcaption { b { (title) } (legend(visit, parts)) }
            svg.columns width="100%" height=(HEIGHT + NAMES) role="img" aria-labelledby=(format!("{title_id} {description_id}")) {
                title id=(title_id) { (title) }
                desc id=(description_id) { (described.join(visit.say("；", "; "))) }
                @for value in [most, most / 2].into_iter().filter(|value| *value > 0) {
                    @let y = HEIGHT - scaled(value, most);
                    line x1="0" x2="100%" y1=(y) y2=(y) {}
                    text x="2" y=(y + 13) { (number(value)) }
                }
                @for (at, (name, numbers)) in columns.iter().enumerate() {
                    (column(at, columns.len(), most, numbers, parts))
                    @if at % every == 0 {
                        text.name x=(percent(at as u64 * 2 + 1, columns.len() as u64 * 2)) y=(HEIGHT + 17) { (name) }
                    }
                }
                line x1="0" x2="100%" y1=(HEIGHT) y2=(HEIGHT) {}
            }
        }
    }
}

fn column(at: usize, of: usize, most: u64, numbers: &[u64], parts: &[Part]) -> Markup {
    // A tenth of its place is left free on both sides.
    let (x, width) = (percent(at as u64 * 10 + 1, of as u64 * 10), percent(8, of as u64 * 10));
    let mut begun = 0;
    let mut pieces = Vec::with_capacity(parts.len());
    for (n, part) in numbers.iter().zip(parts) {
        let from = scaled(begun, most);
        begun += n;
        pieces.push((part.class, from, scaled(begun, most)));
    }
    html! {
        @for (class, from, to) in pieces.into_iter().filter(|(_, from, to)| to > from) {
            rect.(class) x=(x) width=(width) y=(HEIGHT - to) height=(to - from) {}
        }
    }
}

/// A part of the chart's height, less a line for its greatest number.
fn scaled(n: u64, of: u64) -> u64 {
    let scaled = u128::from(n) * u128::from(HEIGHT - 8) / u128::from(of.max(1));
    u64::try_from(scaled).unwrap_or(HEIGHT)
}

/// So much of the width, to a hundredth of a percent.
fn percent(n: u64, of: u64) -> String {
    let hundredths = u128::from(n) * 10_000 / u128::from(of.max(1));
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}
