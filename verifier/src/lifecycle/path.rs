//! How a rule names what stands in notices.
//!
//! ```text
//! SELECTOR   performance   approval[item!=service-guide]       notices of a stage, by members of their `data`
//!            objection[about.stage=candidates]                 … by the stage of the notice they are about
//! PATH       candidates[].rank   payments[-1].due_on   parties[role=buyer].name
//! REF        announcement.bid_deadline                         SELECTOR "." PATH within `data`
//! INSTANT    contract.public                                   when a notice became public, or a REF
//! ```
//!
//! `[]` is every element, `[0]` the first, `[-1]` the last, `[member=text]` those that say so.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::record::code::Stage;
use crate::record::json::{Object, Value};

/// The longest path or selector, in bytes.
const MAX_TEXT: usize = 200;

/// Notices of a stage, by what their `data` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The stage.
    pub stage: Stage,
    /// What its `data` must say.
    pub filter: Vec<Filter>,
}

/// What a member of `data` must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The member; `about.stage` is the stage of the notice that `about` names.
    pub member: String,
    /// A text, or `true` or `false`.
    pub value: String,
    /// Whether it must say so, or must not.
    pub equals: bool,
}

/// A way into an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Every,
    At(i32),
    Where(String, String),
}

/// A value in the `data` of notices of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// Which notices.
    pub selector: Selector,
    /// Where in their `data`.
    pub path: Path,
}

/// An instant that a rule counts from or to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstantRef {
    /// When the first of these notices became public.
    Public(Selector),
    /// What a notice says.
    Said(Ref),
}

impl Selector {
    /// Every notice of a stage.
    pub const fn of(stage: Stage) -> Self {
        Self { stage, filter: Vec::new() }
    }

    /// Reads a selector.
    pub fn parse(text: &str) -> Option<Self> {
        let (selector, rest) = Self::split(text)?;
        rest.is_empty().then_some(selector)
    }

    /// Reads a selector and gives what follows it.
    fn split(text: &str) -> Option<(Self, &str)> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let stage = Stage::parse(&text[..end])?;
        let (mut rest, mut filter) = (&text[end..], Vec::new());
        while let Some(inside) = rest.strip_prefix('[') {
            let (condition, after) = inside.split_once(']')?;
            filter.push(Filter::parse(condition)?);
            rest = after;
        }
        Some((Self { stage, filter }, rest))
    }

    /// Whether a notice says what the filter asks for; `says` gives the text of a member of its `data`.
    pub fn matches<'t>(&self, says: impl Fn(&str) -> Option<&'t str>) -> bool {
        self.filter.iter().all(|filter| (says(&filter.member) == Some(filter.value.as_str())) == filter.equals)
    }
}

impl Filter {
    fn parse(condition: &str) -> Option<Self> {
        let (member, value) = condition.split_once('=')?;
        let (member, equals) = member.strip_suffix('!').map_or((member, true), |member| (member, false));
        let given = !member.is_empty() && !value.is_empty();
        given.then(|| Self { member: member.to_owned(), value: value.to_owned(), equals })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stage.code())?;
        let sign = |equals| if equals { "=" } else { "!=" };
        self.filter
            .iter()
            .try_for_each(|filter| write!(f, "[{}{}{}]", filter.member, sign(filter.equals), filter.value))
    }
}

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_TEXT {
            return None;
        }
        let mut steps = Vec::new();
        for part in text.split('.') {
            let end = part.find('[').unwrap_or(part.len());
            let name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            if end == 0 || !part[..end].bytes().all(name) {
                return None;
            }
            steps.push(Step::Member(part[..end].to_owned()));
            let mut rest = &part[end..];
            while !rest.is_empty() {
                let (inside, after) = rest.strip_prefix('[')?.split_once(']')?;
                steps.push(Step::parse(inside)?);
                rest = after;
            }
        }
        Some(Self { steps, text: text.to_owned() })
    }

    /// The path as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The last member's name.
    pub fn last(&self) -> &str {
        let members =
            self.steps.iter().rev().find_map(|step| if let Step::Member(name) = step { Some(name) } else { None });
        members.map_or("", String::as_str)
    }

    /// The path without its last member; nothing if there is only one.
    pub fn parent(&self) -> Option<Self> {
        Self::parse(self.text.rsplit_once('.')?.0)
    }

    /// Every value the path leads to, in order.
    pub fn values<'v>(&self, root: &'v Object) -> Vec<&'v Value> {
        let mut steps = self.steps.iter();
        let Some(Step::Member(first)) = steps.next() else { return Vec::new() };
        let mut found: Vec<&Value> = root.member(first).into_iter().collect();
        for step in steps {
            found = found.into_iter().flat_map(|value| step.values(value)).collect();
        }
        found
    }

    /// The objects in which the path's last member stands or would stand: one for each element on the way.
    pub fn holders<'v>(&self, root: &'v Object) -> Vec<&'v Object> {
        match self.parent() {
            Some(parent) => parent.values(root).into_iter().filter_map(Value::as_object).collect(),
            None => alloc::vec![root],
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Step {
    fn parse(inside: &str) -> Option<Self> {
        if inside.is_empty() {
            return Some(Self::Every);
        }
        if let Some((member, value)) = inside.split_once('=') {
            return (!member.is_empty() && !value.is_empty()).then(|| Self::Where(member.to_owned(), value.to_owned()));
        }
        inside.parse().ok().map(Self::At)
    }

    fn values<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let items = || value.as_array().unwrap_or_default();
        match self {
            Self::Member(name) => value.as_object().and_then(|object| object.member(name)).into_iter().collect(),
            Self::Every => items().iter().collect(),
            Self::At(at) => {
                let from_end = || items().len().checked_sub(usize::try_from(at.unsigned_abs()).ok()?);
                let at = if *at < 0 { from_end() } else { usize::try_from(*at).ok() };
                at.and_then(|at| items().get(at)).into_iter().collect()
            }
            Self::Where(member, text) => {
                let says = |item: &&Value| {
                    item.as_object().and_then(|object| object.member(member)?.as_str()) == Some(text.as_str())
                };
                items().iter().filter(says).collect()
            }
        }
    }
}

impl Ref {
    /// Reads a reference.
    pub fn parse(text: &str) -> Option<Self> {
        let (selector, rest) = Selector::split(text)?;
        Some(Self { selector, path: Path::parse(rest.strip_prefix('.')?)? })
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.selector, self.path)
    }
}

impl InstantRef {
    /// Reads an instant.
    pub fn parse(text: &str) -> Option<Self> {
        let (selector, rest) = Selector::split(text)?;
        match rest.strip_prefix('.')? {
            "public" => Some(Self::Public(selector)),
            path => Some(Self::Said(Ref { selector, path: Path::parse(path)? })),
        }
    }

    /// Whose instant it is.
    pub const fn selector(&self) -> &Selector {
        match self {
            Self::Public(selector) | Self::Said(Ref { selector, .. }) => selector,
        }
    }
}

impl fmt::Display for InstantRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(selector) => write!(f, "{selector}.public"),
            Self::Said(said) => said.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::json::parse_object;

    #[test]
    fn reads_what_it_writes() {
        for text in [
            "contract.public",
            "performance[event=payment].on",
            "objection[about.stage=award][item!=x].public",
            "candidates.publicity.until",
            "contract.payments[-1].due_on",
        ] {
            assert_eq!(InstantRef::parse(text).map(|parsed| alloc::format!("{parsed}")).as_deref(), Some(text));
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in
            ["", "contract", "contrakt.public", "contract.", "contract.a..b", "contract[event].on", "contract[=x].on"]
        {
            assert_eq!(InstantRef::parse(text), None, "{text}");
        }
        for text in ["", ".", "a.[0]", "a[", "a[x", "a]b", "A", "a b", "a[1.5]"] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
    }

    #[test]
    fn finds_elements_and_the_objects_that_lack_one() {
        let data = parse_object(r#"{"a":[{"n":1,"r":"x"},{"r":"y"},{"n":3,"r":"x"}],"b":{"c":5}}"#).unwrap();
        let numbers = |path: &str| {
            Path::parse(path).unwrap().values(&data).into_iter().filter_map(Value::as_number).collect::<Vec<_>>()
        };
        assert_eq!(numbers("a[].n"), [1, 3]);
        assert_eq!(
            (numbers("a[0].n"), numbers("a[-1].n"), numbers("a[-4].n"), numbers("a[9].n")),
            (alloc::vec![1], alloc::vec![3], alloc::vec![], alloc::vec![])
        );
        assert_eq!(numbers("a[r=x].n"), [1, 3]);
        assert_eq!(numbers("b.c"), [5]);
        assert_eq!(Path::parse("a[].n").unwrap().holders(&data).len(), 3);
    }
}
