//! Plots as inline SVG: bars of parts, and columns by month. Every number in them stands in a table too.

use std::fmt::Write as _;

use verifier::inspection::charts::{Bar, Part};

use super::html::{both, escaped};

const WIDTH: u64 = 760;
const NAME: u64 = 210;
const ROW: u64 = 26;
/// Room for the number behind a bar.
const BEHIND: u64 = 64;

/// Each bar cut into its parts, all of one length; the number behind it is their sum.
pub(super) fn bars(title: (&str, &str), parts: &[Part], bars: &[Bar]) -> String {
    let mut svg = String::new();
    let height = bars.len() as u64 * ROW + 4;
    let _ = write!(svg, "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">{}", svg_title(title));
    for (at, bar) in bars.iter().enumerate() {
        push_bar(&mut svg, at as u64 * ROW + 2, bar, parts);
    }
    svg.push_str("</svg>");
    figure(title, parts, &svg)
}

fn push_bar(svg: &mut String, y: u64, bar: &Bar, parts: &[Part]) {
    let total: u64 = bar.numbers.iter().sum();
    let length = WIDTH - NAME - BEHIND;
    let (middle, height) = (y + ROW / 2 + 2, ROW - 8);
    for (class, name) in [("zh", &bar.name.zh), ("en", &bar.name.en)] {
        let name = fitting(name);
        let _ = write!(svg, "<text class=\"{class} n\" x=\"{}\" y=\"{middle}\">{}</text>", NAME - 10, escaped(&name));
    }
    let mut begun = 0;
    for (number, part) in bar.numbers.iter().zip(parts) {
        let (from, to) = (scaled(begun, total, length), scaled(begun + number, total, length));
        begun += number;
        if to == from {
            continue;
        }
        let (x, width) = (NAME + from, to - from);
        let _ = write!(
            svg,
            "<rect class=\"{}\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{height}\"/>",
            part.class,
            y + 2
        );
        if width > 9 * number.to_string().len() as u64 + 6 {
            let _ = write!(svg, "<text class=\"i\" x=\"{}\" y=\"{middle}\">{number}</text>", x + width / 2);
        }
    }
    if total == 0 {
        let _ =
            write!(svg, "<line class=\"g\" x1=\"{NAME}\" y1=\"{middle}\" x2=\"{}\" y2=\"{middle}\"/>", NAME + length);
    }
    let _ = write!(svg, "<text class=\"t\" x=\"{}\" y=\"{middle}\">{total}</text>", NAME + length + 8);
}

/// Columns of parts, one for each month, all to one scale.
pub(super) fn columns(title: (&str, &str), parts: &[Part], columns: &[(String, Vec<u64>)]) -> String {
    const HEIGHT: u64 = 170;
    const LEFT: u64 = 46;
    let most = columns.iter().map(|(_, numbers)| numbers.iter().sum::<u64>()).max().unwrap_or(0);
    let step = (WIDTH - LEFT) / (columns.len() as u64).max(1);
    let width = (step * 7 / 10).clamp(2, 40);
    let mut svg = String::new();
    let _ = write!(svg, "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\">{}", HEIGHT + 40, svg_title(title));
    for (share, value) in [(0, 0), (1, most / 2), (2, most)] {
        let y = HEIGHT + 12 - scaled(value, most, HEIGHT);
        if share == 1 && most < 2 {
            continue;
        }
        let _ = write!(svg, "<line class=\"g\" x1=\"{LEFT}\" y1=\"{y}\" x2=\"{WIDTH}\" y2=\"{y}\"/>");
        let _ = write!(svg, "<text class=\"n\" x=\"{}\" y=\"{}\">{value}</text>", LEFT - 6, y + 4);
    }
    // Names of months stand apart far enough to be read.
    let every = 60 / step.max(1) + 1;
    for (at, (name, numbers)) in (0..).zip(columns) {
        let x = LEFT + at * step + (step - width) / 2;
        let mut begun = 0;
        for (number, part) in numbers.iter().zip(parts) {
            let (from, to) = (scaled(begun, most, HEIGHT), scaled(begun + number, most, HEIGHT));
            begun += number;
            if to > from {
                let (y, height) = (HEIGHT + 12 - to, to - from);
                let _ = write!(
                    svg,
                    "<rect class=\"{}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>",
                    part.class
                );
            }
        }
        if at % every == 0 {
            let (x, y) = (x + width / 2, HEIGHT + 30);
            let _ = write!(svg, "<text class=\"m\" x=\"{x}\" y=\"{y}\">{name}</text>");
        }
    }
    svg.push_str("</svg>");
    figure(title, parts, &svg)
}

fn figure((zh, en): (&str, &str), parts: &[Part], svg: &str) -> String {
    let key: String = parts
        .iter()
        .map(|part| format!("<span class=\"k\"><i class=\"{}\"></i>{}</span>", part.class, both(part.zh, part.en)))
        .collect();
    format!("<figure><figcaption><b>{}</b>{key}</figcaption>{svg}</figure>", both(zh, en))
}

fn svg_title((zh, en): (&str, &str)) -> String {
    format!("<title>{} / {}</title>", escaped(zh), escaped(en))
}

fn scaled(number: u64, of: u64, length: u64) -> u64 {
    let scaled = u128::from(number) * u128::from(length) / u128::from(of.max(1));
    u64::try_from(scaled).unwrap_or(length)
}

/// As much of a name as has room, a Chinese character counting twice.
fn fitting(name: &str) -> String {
    let mut room: usize = 30;
    let mut text = String::new();
    for c in name.chars() {
        let width = if c >= '\u{2e80}' { 2 } else { 1 };
        if width > room {
            return text + "…";
        }
        room -= width;
        text.push(c);
    }
    text
}
