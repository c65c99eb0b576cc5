//! What the charts of figures show: the parts of their bars, and which rows of the tables they draw.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::explain::place::place;
use crate::lifecycle::rulebook::Text;
use crate::lifecycle::summary::{MARGINS, MonthFigures, Summary};
use crate::lifecycle::verdict::{Outcome, StageStatus, Standing};

/// The name of a part and the class that colours it: `ok`, `wait`, `note`, `open`, `due`, `bad`.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its Chinese name.
    pub zh: &'static str,
    /// Its English name.
    pub en: &'static str,
    /// Its class.
    pub class: &'static str,
}

/// A bar: its name, and a number for each part.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it is of.
    pub name: Text,
    /// The numbers.
    pub numbers: Vec<u64>,
}

/// How projects stand.
pub const STANDINGS: [Part; 4] = [
    Part { zh: "完整", en: "complete", class: "ok" },
    Part { zh: "进行中", en: "in progress", class: "wait" },
    Part { zh: "逾期", en: "overdue", class: "due" },
    Part { zh: "违规", en: "violated", class: "bad" },
];
/// What became of stages that are due.
pub const STAGES: [Part; 3] = [
    Part { zh: "按时", en: "on time", class: "ok" },
    Part { zh: "迟公开", en: "late", class: "due" },
    Part { zh: "逾期缺失", en: "missing", class: "bad" },
];
/// What became of rules.
pub const OUTCOMES: [Part; 6] = [
    Part { zh: "符合", en: "met", class: "ok" },
    Part { zh: "未到期", en: "pending", class: "wait" },
    Part { zh: "提示", en: "warning", class: "note" },
    Part { zh: "无法判定", en: "undetermined", class: "open" },
    Part { zh: "逾期", en: "overdue", class: "due" },
    Part { zh: "违反", en: "violated", class: "bad" },
];
/// Notices alone.
pub const NOTICES: [Part; 1] = [Part { zh: "公告", en: "notices", class: "note" }];
/// Periods by their margin over the lawful minimum.
pub const PERIODS: [Part; 3] = [
    Part { zh: "不足", en: "too short", class: "bad" },
    Part { zh: "恰好", en: "exactly so long", class: "due" },
    Part { zh: "有余", en: "longer", class: "ok" },
];
/// What became of listings and results.
pub const LISTINGS: [Part; 4] = [
    Part { zh: "公告与结果皆有", en: "listing and result", class: "ok" },
    Part { zh: "已终止", en: "ended", class: "wait" },
    Part { zh: "有公告无结果", en: "listing without result", class: "due" },
    Part { zh: "有结果无公告", en: "result without listing", class: "bad" },
];

/// Projects by sector and standing.
pub fn sectors(summary: &Summary) -> Vec<Bar> {
    let bars = summary.sectors.iter().map(|(sector, group)| Bar {
        name: Text { zh: sector.zh().to_owned(), en: sector.en().to_owned() },
        numbers: Standing::ALL.iter().map(|one| group.standing(*one)).collect(),
    });
    bars.collect()
}

/// Stages due by district, those with most first.
pub fn districts(summary: &Summary, most: usize) -> Vec<Bar> {
    let mut districts: Vec<_> = summary.districts.iter().filter(|(_, group)| group.due_stages() > 0).collect();
    districts.sort_by_key(|(_, group)| Reverse(group.due_stages()));
    let bars = districts.into_iter().take(most).map(|(code, group)| Bar {
        name: place(code.as_deref()),
        numbers: [StageStatus::OnTime, StageStatus::Late, StageStatus::Missing].map(|one| group.stage(one)).to_vec(),
    });
    bars.collect()
}

/// The rules that asked most often, by what became of them.
pub fn rules(summary: &Summary, most: usize) -> Vec<Bar> {
    let outcomes =
        [Outcome::Met, Outcome::Pending, Outcome::Warning, Outcome::Undetermined, Outcome::Overdue, Outcome::Violated];
    let bars = summary.rules.iter().map(|(id, figures)| Bar {
        name: Text { zh: id.clone(), en: id.clone() },
        numbers: outcomes.map(|outcome| figures.outcome(outcome)).to_vec(),
    });
    let mut bars: Vec<Bar> = bars.filter(|bar| bar.numbers.iter().any(|number| *number > 0)).collect();
    bars.sort_by_key(|bar| Reverse(bar.numbers.iter().sum::<u64>()));
    bars.truncate(most);
    bars
}

/// Listings and results by sector.
pub fn listings(summary: &Summary) -> Vec<Bar> {
    let bars = summary.listings.iter().map(|(sector, listings)| Bar {
        name: Text { zh: sector.zh().to_owned(), en: sector.en().to_owned() },
        numbers: alloc::vec![listings.both, listings.ended, listings.without_result, listings.without_listing],
    });
    bars.collect()
}

/// Periods of all rules by classes of margins, each class as the part it belongs to.
pub fn margins(summary: &Summary) -> Vec<Vec<u64>> {
    let all = MARGINS.len() + 1;
    let exact = MARGINS.partition_point(|begin| *begin <= 0);
    let classes = (0..all).map(|class| {
        let number = summary.rules.values().map(|figures| figures.periods.margins[class]).sum();
        let part = usize::from(class >= exact) + usize::from(class > exact);
        let mut numbers = alloc::vec![0; PERIODS.len()];
        numbers[part] = number;
        numbers
    });
    classes.collect()
}

/// The last months, every one of them, up to the last of which anything is known.
pub fn months(summary: &Summary, most: i32) -> Vec<(String, MonthFigures)> {
    let number = |(year, month): &(i16, i8)| i32::from(*year) * 12 + i32::from(*month) - 1;
    let Some((first, last)) =
        summary.months.keys().next().map(number).zip(summary.months.keys().next_back().map(number))
    else {
        return Vec::new();
    };
    let known: BTreeMap<i32, MonthFigures> =
        summary.months.iter().map(|(month, figures)| (number(month), *figures)).collect();
    let shown = first.max(last - most + 1)..=last;
    let name = |at: i32| format!("{:04}-{:02}", at.div_euclid(12), at.rem_euclid(12) + 1);
    shown.map(|at| (name(at), known.get(&at).copied().unwrap_or_default())).collect()
}
