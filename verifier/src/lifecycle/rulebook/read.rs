//! Reading a rulebook: whatever does not fit is refused, with its path.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{
    Basis, Branch, Check, CheckKind, Condition, Decimal, Effective, Expected, FORMAT, Given, MAX_RULES, Price, Rule,
    Rulebook, RulebookError, Status, Text,
};
use crate::lifecycle::path::{InstantRef, Path, Ref, Selector};
use crate::lifecycle::period::{Counting, Unit};
use crate::record::code::{Sector, Stage, is_jurisdiction};
use crate::record::instant::parse_date;
use crate::record::json::{self, Object, Value};

type Read<T> = Result<T, RulebookError>;

/// The longest period that can be asked for.
const MAX_PERIOD: i64 = 10_000;
/// The deepest nesting of checks.
const MAX_NESTING: usize = 4;

/// A value of the rulebook and the way to it.
#[derive(Clone)]
struct At<'v> {
    value: &'v Value,
    path: String,
}

/// An object of the rulebook and the way to it.
struct Members<'v> {
    object: &'v Object,
    path: String,
}

impl Rulebook {
    /// Reads a rulebook file.
    ///
    /// # Errors
    /// The first thing that does not fit, with its path.
    pub fn parse(text: &str) -> Read<Self> {
        let fail = |error: json::JsonError| RulebookError { path: "the file".to_owned(), problem: error.reason };
        Self::from_file(&json::parse(text).map_err(fail)?)
    }

    /// Reads a rulebook file that was read as JSON before.
    ///
    /// # Errors
    /// The first thing that does not fit, with its path.
    pub fn from_file(file: &Value) -> Read<Self> {
        let file = At { value: file, path: String::new() }.object()?;
        file.only(&["format", "jurisdiction", "version", "effective_from", "rules"])?;
        let format = file.required("format")?;
        if format.text()? != FORMAT {
            return Err(format.expected(&format!("`{FORMAT}`")));
        }
        let jurisdiction = file.required("jurisdiction")?;
        if !is_jurisdiction(jurisdiction.text()?) {
            return Err(jurisdiction.expected("a jurisdiction, [a-z0-9-]{1,32}"));
        }
        let effective_from = file.required("effective_from")?.date()?;
        let (jurisdiction, version) = (jurisdiction.text()?, file.required("version")?.text()?);
        Self::from_rules(jurisdiction, version, effective_from, file.required("rules")?.value)
    }

    /// Makes a rulebook of a statement's claims and the `rules` disclosed beside it.
    ///
    /// # Errors
    /// The first rule that does not fit, with its path.
    pub fn from_rules(
        jurisdiction: &str,
        version: &str,
        effective_from: jiff::civil::Date,
        rules: &Value,
    ) -> Read<Self> {
        let at = At { value: rules, path: "rules".to_owned() };
        let items = at.items()?;
        if items.len() > MAX_RULES {
            return Err(at.expected("at most 1000 rules"));
        }
        let rules = items.iter().map(read_rule).collect::<Read<Vec<_>>>()?;
        let mut ids = BTreeSet::new();
        if let Some((n, rule)) = (0..).zip(&rules).find(|(_, rule)| !ids.insert(&rule.id)) {
            let path = format!("rules[{n}].id");
            return Err(RulebookError { path, problem: format!("`{}` occurs twice", rule.id) });
        }
        Ok(Self { jurisdiction: jurisdiction.to_owned(), version: version.to_owned(), effective_from, rules })
    }
}

fn read_rule(at: &At<'_>) -> Read<Rule> {
    let rule = at.clone().object()?;
    rule.only(&["id", "sector", "title", "basis", "status", "effective", "applies", "severity", "check", "branches"])?;
    let id = rule.required("id")?;
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b);
    if !(1..=64).contains(&id.text()?.len()) || !id.text()?.bytes().all(allowed) {
        return Err(id.expected("an id, [a-z0-9.-]{1,64}"));
    }
    let basis = rule.required("basis")?;
    Ok(Rule {
        id: id.text()?.to_owned(),
        sectors: read_sectors(&rule.required("sector")?)?,
        title: rule.required("title")?.in_both_languages()?,
        basis: basis.one_or_more()?.iter().map(read_basis).collect::<Read<_>>()?,
        branches: read_branches(&rule)?,
    })
}

fn read_sectors(at: &At<'_>) -> Read<Vec<Sector>> {
    if at.value.as_str() == Some("all") {
        return Ok(Vec::new());
    }
    let sector = |at: &At<'_>| Sector::parse(at.text()?).ok_or_else(|| at.expected("a sector code, or `all`"));
    at.one_or_more()?.iter().map(sector).collect()
}

fn read_basis(at: &At<'_>) -> Read<Basis> {
    let basis = at.clone().object()?;
    basis.only(&["law", "article"])?;
    let law = basis.required("law")?;
    let law = match law.value {
        Value::String(_) => Text { zh: law.text()?.to_owned(), en: law.text()?.to_owned() },
        _ => law.in_both_languages()?,
    };
    Ok(Basis { law, article: basis.required("article")?.text()?.to_owned() })
}

/// What a rule, a branch or a part says of itself, and what it inherits.
#[derive(Clone, Copy)]
struct Standing {
    status: Option<Status>,
    violates: bool,
    effective: Effective,
}

impl Standing {
    fn read(self, members: &Members<'_>) -> Read<Self> {
        Ok(Self {
            status: read_status(members)?.or(self.status),
            violates: read_severity(members)?.unwrap_or(self.violates),
            effective: read_effective(members)?.unwrap_or(self.effective),
        })
    }

    fn branch(self, members: &Members<'_>, applies: Condition, check: Check) -> Read<Branch> {
        let status = self.status.ok_or_else(|| members.missing("status"))?;
        Ok(Branch { status, violates: self.violates, effective: self.effective, applies, check })
    }
}

/// The variants of a rule: what the rule says of itself holds for each that does not say otherwise.
fn read_branches(rule: &Members<'_>) -> Read<Vec<Branch>> {
    let none = Standing { status: None, violates: true, effective: Effective::default() };
    let (own, applies) = (none.read(rule)?, read_condition(rule)?);
    match (rule.optional("check"), rule.optional("branches")) {
        (Some(check), None) => {
            let check = read_check(&check, own, MAX_NESTING)?;
            Ok(alloc::vec![own.branch(rule, applies, check)?])
        }
        (None, Some(branches)) => {
            let items = branches.some_items()?;
            items.iter().map(|at| read_branch(at, own, &applies, MAX_NESTING)).collect()
        }
        _ => {
            Err(RulebookError { path: rule.path.clone(), problem: "expected either `check` or `branches`".to_owned() })
        }
    }
}

fn read_branch(at: &At<'_>, own: Standing, applies: &Condition, nesting: usize) -> Read<Branch> {
    let branch = at.clone().object()?;
    branch.only(&["applies", "effective", "status", "severity", "check"])?;
    let standing = own.read(&branch)?;
    let check = read_check(&branch.required("check")?, standing, nesting)?;
    standing.branch(&branch, read_condition(&branch)?.and(applies), check)
}

/// A part of `all`: a check, or a check with a standing of its own.
fn read_part(at: &At<'_>, own: Standing, nesting: usize) -> Read<Branch> {
    let part = at.clone().object()?;
    if part.object.has("check") {
        return read_branch(at, own, &Condition::default(), nesting);
    }
    own.branch(&part, Condition::default(), read_check(at, own, nesting)?)
}

impl Condition {
    /// Both conditions.
    fn and(mut self, other: &Self) -> Self {
        self.codes.extend(other.codes.iter().cloned());
        self.given.extend(other.given.iter().cloned());
        self.price = self.price.or_else(|| other.price.clone());
        if self.sectors.is_empty() {
            self.sectors.clone_from(&other.sectors);
        }
        self
    }
}

fn read_status(members: &Members<'_>) -> Read<Option<Status>> {
    let Some(at) = members.optional("status") else { return Ok(None) };
    let all = [Status::Law, Status::Page, Status::Recalled];
    let found = all.into_iter().find(|status| Some(status.code()) == at.value.as_str());
    found.map(Some).ok_or_else(|| at.expected("`L`, `P` or `R`"))
}

fn read_severity(members: &Members<'_>) -> Read<Option<bool>> {
    let Some(at) = members.optional("severity") else { return Ok(None) };
    match at.text()? {
        "violation" => Ok(Some(true)),
        "warning" => Ok(Some(false)),
        _ => Err(at.expected("`violation` or `warning`")),
    }
}

fn read_effective(members: &Members<'_>) -> Read<Option<Effective>> {
    let Some(at) = members.optional("effective") else { return Ok(None) };
    let effective = at.object()?;
    effective.only(&["from", "until"])?;
    let day = |name| effective.optional(name).map(|at| at.date()).transpose();
    Ok(Some(Effective { from: day("from")?, until: day("until")? }))
}

fn read_condition(members: &Members<'_>) -> Read<Condition> {
    let Some(at) = members.optional("applies") else { return Ok(Condition::default()) };
    let applies = at.object()?;
    applies.only(&["sector", "method", "asset_kind", "category", "price", "where"])?;
    let mut condition = Condition::default();
    if let Some(at) = applies.optional("sector") {
        condition.sectors = read_sectors(&at)?;
    }
    for name in ["method", "asset_kind", "category"] {
        if let Some(at) = applies.optional(name) {
            let codes = at.one_or_more()?.iter().map(|at| at.text().map(ToOwned::to_owned)).collect::<Read<_>>()?;
            condition.codes.push((name, codes));
        }
    }
    if let Some(at) = applies.optional("price") {
        condition.price = Some(read_price(at)?);
    }
    if let Some(at) = applies.optional("where") {
        condition.given = at.items()?.iter().map(read_given).collect::<Read<_>>()?;
    }
    Ok(condition)
}

fn read_price(at: At<'_>) -> Read<Price> {
    let price = at.object()?;
    price.only(&["of", "over", "from", "up_to", "below"])?;
    let bound = |name| price.optional(name).map(|at| at.decimal()).transpose();
    Ok(Price {
        of: price.required("of")?.reference()?,
        over: bound("over")?,
        from: bound("from")?,
        up_to: bound("up_to")?,
        below: bound("below")?,
    })
}

fn read_given(at: &At<'_>) -> Read<Given> {
    let given = at.clone().object()?;
    given.only(&["of", "is", "given"])?;
    let what = match (given.optional("is").map(|at| at.value), given.optional("given").map(|at| at.value)) {
        (Some(Value::Bool(flag)), None) => Expected::Flag(*flag),
        (Some(Value::String(text)), None) if !text.is_empty() => Expected::Text(text.clone()),
        (None, Some(Value::Bool(given))) => Expected::Given(*given),
        _ => return Err(at.expected("`is` with a text or a flag, or `given` with a flag")),
    };
    let of = given.required("of")?;
    let of = InstantRef::parse(of.text()?).ok_or_else(|| of.expected("stage.path, or stage.public"))?;
    Ok(Given { of, what })
}

fn read_check(at: &At<'_>, own: Standing, nesting: usize) -> Read<Check> {
    let check = at.clone().object()?;
    let each = match check.optional("each") {
        Some(at) => Some(Stage::parse(at.text()?).ok_or_else(|| at.expected("a stage code"))?),
        None => None,
    };
    let kind = check.required("type")?;
    let kind = match kind.text()? {
        "stage" => read_stage(&check)?,
        "interval" => read_interval(&check)?,
        "order" => {
            check.only(&["type", "each", "first", "then"])?;
            CheckKind::Order { first: check.required("first")?.selector()?, then: check.required("then")?.selector()? }
        }
        "fields" => read_fields(&check)?,
        "count" => read_count(&check)?,
        "equal" => {
            check.only(&["type", "each", "left", "right"])?;
            let right = check.required("right")?.one_or_more()?;
            let right = right.iter().map(At::reference).collect::<Read<_>>()?;
            CheckKind::Equal { left: check.required("left")?.reference()?, right }
        }
        "ratio" => read_ratio(&check)?,
        "restart" => read_restart(&check)?,
        "suspended" => read_suspended(&check)?,
        "reveal" => read_reveal(&check)?,
        "all" if nesting > 0 => {
            check.only(&["type", "checks"])?;
            let checks = check.required("checks")?.some_items()?;
            CheckKind::All(checks.iter().map(|at| read_part(at, own, nesting - 1)).collect::<Read<_>>()?)
        }
        _ => {
            let known =
                "a check: stage, interval, order, fields, count, equal, ratio, restart, suspended, reveal or all";
            return Err(kind.expected(known));
        }
    };
    Ok(Check { each, kind })
}

/// Members that say how a period is counted.
const COUNTED: [&str; 4] = ["unit", "count", "roll", "generous"];

fn read_stage(check: &Members<'_>) -> Read<CheckKind> {
    let stage = check.required("stage")?.selector()?;
    if let Some(once) = check.optional("once") {
        check.only(&["type", "each", "stage", "once", "or_related"])?;
        let once = once.one_or_more()?.iter().map(At::selector).collect::<Read<_>>()?;
        let or_related = check.optional("or_related").map(|at| at.text().map(ToOwned::to_owned)).transpose()?;
        return Ok(CheckKind::Once { stage, once, or_related });
    }
    check.only_counted(&["type", "each", "stage", "after", "max"])?;
    Ok(CheckKind::Within {
        stage,
        after: check.required("after")?.instants()?,
        max: check.required("max")?.period()?,
        counting: read_counting(check)?,
    })
}

fn read_interval(check: &Members<'_>) -> Read<CheckKind> {
    check.only_counted(&["type", "each", "from", "to", "min", "max", "disclosed_within"])?;
    let bound = |name| check.optional(name).map(|at| at.period()).transpose();
    let (min, max) = (bound("min")?, bound("max")?);
    if min.is_none() && max.is_none() {
        return Err(check.missing("min"));
    }
    let (from, to) = (check.required("from")?.instants()?, check.required("to")?.instants()?);
    let disclosed_within = match check.optional("disclosed_within") {
        None => None,
        Some(at) => {
            let within = at.object()?;
            within.only_counted(&["max"])?;
            Some((within.required("max")?.period()?, read_counting(&within)?))
        }
    };
    Ok(CheckKind::Interval { from, to, min, max, counting: read_counting(check)?, disclosed_within })
}

fn read_fields(check: &Members<'_>) -> Read<CheckKind> {
    check.only(&["type", "each", "stage", "members"])?;
    let member = |at: &At<'_>| at.one_or_more()?.iter().map(At::path).collect::<Read<Vec<_>>>();
    let members = check.required("members")?.some_items()?.iter().map(member).collect::<Read<_>>()?;
    Ok(CheckKind::Fields { stage: check.required("stage")?.selector()?, members })
}

fn read_count(check: &Members<'_>) -> Read<CheckKind> {
    check.only(&["type", "each", "of", "min", "max", "ranked", "otherwise", "forbids"])?;
    let bound = |name| check.optional(name).map(|at| at.count()).transpose();
    let (min, max) = (bound("min")?, bound("max")?);
    if min.is_none() && max.is_none() {
        return Err(check.missing("min"));
    }
    let forbids = match check.optional("forbids") {
        Some(at) => at.one_or_more()?.iter().map(At::selector).collect::<Read<_>>()?,
        None => Vec::new(),
    };
    Ok(CheckKind::Count {
        of: check.required("of")?.reference()?,
        min,
        max,
        ranked: check.optional("ranked").map(|at| at.flag()).transpose()?.unwrap_or(false),
        otherwise: check.optional("otherwise").map(|at| at.selector()).transpose()?,
        forbids,
    })
}

fn read_ratio(check: &Members<'_>) -> Read<CheckKind> {
    check.only(&["type", "each", "of", "to", "min", "max", "unless"])?;
    let bound = |name| check.optional(name).map(|at| at.decimal()).transpose();
    let (min, max) = (bound("min")?, bound("max")?);
    if min.is_none() && max.is_none() {
        return Err(check.missing("min"));
    }
    let unless = check.optional("unless").map(|at| at.reference()).transpose()?;
    Ok(CheckKind::Ratio {
        of: check.required("of")?.reference()?,
        to: check.required("to")?.reference()?,
        min,
        max,
        unless,
    })
}

fn read_restart(check: &Members<'_>) -> Read<CheckKind> {
    check.only_counted(&["type", "change", "deadline", "moved", "min", "window", "counts"])?;
    let whole = match check.optional("window") {
        None => false,
        Some(at) => match at.text()? {
            "last" => false,
            "whole" => true,
            _ => return Err(at.expected("`last` or `whole`")),
        },
    };
    let counts = match check.optional("counts") {
        None => None,
        Some(at) => {
            let counts = at.object()?;
            counts.only(&["member", "is"])?;
            Some((counts.required("member")?.path()?, counts.required("is")?.flag()?))
        }
    };
    Ok(CheckKind::Restart {
        change: check.required("change")?.selector()?,
        deadline: check.required("deadline")?.instants()?,
        moved: check.required("moved")?.path()?,
        min: check.required("min")?.period()?,
        counting: read_counting(check)?,
        whole,
        counts,
    })
}

fn read_suspended(check: &Members<'_>) -> Read<CheckKind> {
    check.only(&["type", "by", "since", "until", "stages"])?;
    let stages = check.required("stages")?.one_or_more()?.iter().map(At::selector).collect::<Read<_>>()?;
    Ok(CheckKind::Suspended {
        by: check.required("by")?.selector()?,
        since: check.required("since")?.path()?,
        until: check.required("until")?.path()?,
        stages,
    })
}

fn read_reveal(check: &Members<'_>) -> Read<CheckKind> {
    check.only_counted(&["type", "field", "max"])?;
    Ok(CheckKind::Reveal {
        field: check.optional("field").map(|at| at.text().map(ToOwned::to_owned)).transpose()?,
        max: check.optional("max").map(|at| at.period()).transpose()?.unwrap_or(0),
        counting: read_counting(check)?,
    })
}

fn read_counting(check: &Members<'_>) -> Read<Counting> {
    let choice = |name: &'static str, yes: &str, no: Option<&str>| match check.optional(name) {
        None => Ok(false),
        Some(at) if at.value.as_str() == Some(yes) => Ok(true),
        Some(at) if no.is_some() && at.value.as_str() == no => Ok(false),
        Some(at) => Err(at.expected(&no.map_or_else(|| format!("`{yes}`"), |no| format!("`{yes}` or `{no}`")))),
    };
    let unit = match check.optional("unit") {
        None => Unit::Day,
        Some(at) => Unit::parse(at.text()?).ok_or_else(|| at.expected("`calendar`, `working`, `hour` or `year`"))?,
    };
    Ok(Counting {
        unit,
        inclusive: choice("count", "inclusive", Some("exclusive"))?,
        roll: choice("roll", "next-working-day", Some("none"))?,
        generous: choice("generous", "inclusive", None)?,
    })
}

impl<'v> Members<'v> {
    fn at(&self, name: &str, value: &'v Value) -> At<'v> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        At { value, path }
    }

    fn required(&self, name: &str) -> Read<At<'v>> {
        self.optional(name).ok_or_else(|| self.missing(name))
    }

    fn optional(&self, name: &str) -> Option<At<'v>> {
        self.object.member(name).map(|value| self.at(name, value))
    }

    fn missing(&self, name: &str) -> RulebookError {
        self.at(name, &Value::Null).expected("this member, which is missing")
    }

    fn only(&self, known: &[&str]) -> Read<()> {
        match self.object.iter().find(|(name, _)| !known.contains(name)) {
            Some((name, value)) => {
                Err(self.at(name, value).expected(&format!("no such member; known here: {}", known.join(", "))))
            }
            None => Ok(()),
        }
    }

    fn only_counted(&self, known: &[&str]) -> Read<()> {
        self.only(&[known, &COUNTED].concat())
    }
}

impl<'v> At<'v> {
    fn expected(&self, what: &str) -> RulebookError {
        let path = if self.path.is_empty() { "the file".to_owned() } else { self.path.clone() };
        RulebookError { path, problem: format!("expected {what}") }
    }

    fn object(self) -> Read<Members<'v>> {
        match self.value.as_object() {
            Some(object) => Ok(Members { object, path: self.path }),
            None => Err(self.expected("an object")),
        }
    }

    fn items(&self) -> Read<Vec<At<'v>>> {
        let items = self.value.as_array().ok_or_else(|| self.expected("an array"))?;
        Ok((0..).zip(items).map(|(n, value): (usize, _)| At { value, path: format!("{}[{n}]", self.path) }).collect())
    }

    /// An array that is not empty.
    fn some_items(&self) -> Read<Vec<At<'v>>> {
        let items = self.items()?;
        if items.is_empty() { Err(self.expected("at least one element")) } else { Ok(items) }
    }

    /// An array that is not empty, or a single value that stands for one.
    fn one_or_more(&self) -> Read<Vec<At<'v>>> {
        match self.value {
            Value::Array(items) if items.is_empty() => Err(self.expected("at least one element")),
            Value::Array(_) => self.items(),
            _ => Ok(alloc::vec![self.clone()]),
        }
    }

    fn text(&self) -> Read<&'v str> {
        self.value.as_str().filter(|text| !text.is_empty()).ok_or_else(|| self.expected("a text that is not empty"))
    }

    fn flag(&self) -> Read<bool> {
        if let Value::Bool(flag) = self.value { Ok(*flag) } else { Err(self.expected("true or false")) }
    }

    fn count(&self) -> Read<u64> {
        let count = self.value.as_number().and_then(|n| u64::try_from(n).ok());
        count.ok_or_else(|| self.expected("an integer ≥ 0"))
    }

    fn period(&self) -> Read<u32> {
        let count = self.value.as_number().filter(|n| (0..=MAX_PERIOD).contains(n));
        count.and_then(|n| u32::try_from(n).ok()).ok_or_else(|| self.expected("an integer from 0 to 10000"))
    }

    fn decimal(&self) -> Read<Decimal> {
        Decimal::parse(self.text()?).ok_or_else(|| self.expected("a decimal string"))
    }

    fn date(&self) -> Read<jiff::civil::Date> {
        parse_date(self.text()?).ok_or_else(|| self.expected("a day, YYYY-MM-DD"))
    }

    fn in_both_languages(&self) -> Read<Text> {
        let text = self.clone().object()?;
        text.only(&["zh", "en"])?;
        Ok(Text { zh: text.required("zh")?.text()?.to_owned(), en: text.required("en")?.text()?.to_owned() })
    }

    fn selector(&self) -> Read<Selector> {
        Selector::parse(self.text()?).ok_or_else(|| self.expected("a stage, or stage[member=text]"))
    }

    fn path(&self) -> Read<Path> {
        Path::parse(self.text()?).ok_or_else(|| self.expected("a path, like data.candidates[].rank"))
    }

    fn reference(&self) -> Read<Ref> {
        Ref::parse(self.text()?).ok_or_else(|| self.expected("stage.path, like announcement.bid_deadline"))
    }

    fn instants(&self) -> Read<Vec<InstantRef>> {
        let instant = |at: &At<'_>| {
            let parsed = InstantRef::parse(at.text()?);
            parsed.ok_or_else(|| at.expected("an instant, like contract.public or contract.signed_at"))
        };
        self.one_or_more()?.iter().map(instant).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"{"id":"x.y","sector":"land","title":{"zh":"甲","en":"a"},"basis":{"law":"法","article":"1"},
        "status":"L","check":{"type":"interval","from":"announcement.listing.from","to":"announcement.listing.until",
        "min":10,"unit":"calendar","count":"inclusive"}}"#;

    fn rulebook(rules: &str) -> Read<Rulebook> {
        Rulebook::parse(&format!(
            r#"{{"format":"{FORMAT}","jurisdiction":"xx","version":"1","effective_from":"2000-01-01","rules":[{rules}]}}"#
        ))
    }

    #[test]
    fn reads_a_rule() {
        let rulebook = rulebook(RULE).unwrap();
        assert_eq!(rulebook.rules[0].sectors, [Sector::Land]);
        let branch = &rulebook.rules[0].branches[0];
        assert!(branch.violates);
        let CheckKind::Interval { min: Some(10), max: None, counting, .. } = &branch.check.kind else { panic!() };
        assert!(counting.inclusive && !counting.roll && counting.unit == Unit::Day);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_path() {
        for (from, to, path) in [
            ("\"L\"", "\"X\"", "rules[0].status"),
            ("\"status\":\"L\",", "", "rules[0].status"),
            ("\"land\"", "\"sea\"", "rules[0].sector"),
            ("x.y", "X Y", "rules[0].id"),
            ("announcement.listing.from", "anouncement.listing.from", "rules[0].check.from"),
            ("\"min\":10", "\"mni\":10", "rules[0].check.mni"),
            ("\"min\":10", "\"min\":-1", "rules[0].check.min"),
            ("\"min\":10,", "", "rules[0].check.min"),
            ("calendar", "lunar", "rules[0].check.unit"),
            ("inclusive", "both", "rules[0].check.count"),
            ("interval", "guess", "rules[0].check.type"),
            ("\"en\":\"a\"", "\"en\":\"\"", "rules[0].title.en"),
            ("\"article\":\"1\"", "\"article\":1", "rules[0].basis.article"),
        ] {
            let broken = RULE.replacen(from, to, 1);
            assert_ne!(broken, RULE, "{from}");
            assert_eq!(rulebook(&broken).unwrap_err().path, path, "{from} → {to}");
        }
        assert_eq!(rulebook(&format!("{RULE},{RULE}")).unwrap_err().path, "rules[1].id");
        assert_eq!(Rulebook::parse("{").unwrap_err().path, "the file");
    }

    #[test]
    fn every_truncation_is_refused() {
        let text = format!(
            r#"{{"format":"{FORMAT}","jurisdiction":"xx","version":"1","effective_from":"2000-01-01","rules":[{RULE}]}}"#
        );
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            assert!(Rulebook::parse(&text[..end]).is_err());
        }
    }
}
