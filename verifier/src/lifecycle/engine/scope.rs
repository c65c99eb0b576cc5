//! Whether a rule applies to a lot.

use alloc::string::{String, ToString as _};

use super::Lot;
use super::lookup::amount_of;
use crate::lifecycle::facts::NoticeFacts;
use crate::lifecycle::path::{InstantRef, Ref, Selector};
use crate::lifecycle::rulebook::{Condition, Expected, Given, Price};
use crate::record::json::Value;

impl<'a> Lot<'a> {
    /// Whether a condition holds; where that depends on a member that no notice gives, that member.
    pub(super) fn applies(&self, condition: &Condition) -> Result<bool, String> {
        let sector = self.notices.first().map(|notice| notice.sector);
        if !condition.sectors.is_empty() && !sector.is_some_and(|sector| condition.sectors.contains(&sector)) {
            return Ok(false);
        }
        for (member, codes) in &condition.codes {
            let code = self.newest(|notice| notice.data()?.member(member)?.as_str());
            let code = code.ok_or_else(|| alloc::format!("data.{member}"))?;
            if !codes.iter().any(|known| known == code) {
                return Ok(false);
            }
        }
        if !condition.given.iter().all(|given| self.holds(given)) {
            return Ok(false);
        }
        condition.price.as_ref().map_or(Ok(true), |price| self.costs(price))
    }

    fn holds(&self, Given { of, what }: &Given) -> bool {
        let value = match of {
            InstantRef::Public(selector) => {
                let there = self.notices.iter().any(|notice| self.names(selector, notice));
                return *what == Expected::Given(there);
            }
            InstantRef::Said(said) => self.value(said),
        };
        match what {
            Expected::Given(given) => value.is_some() == *given,
            Expected::Flag(flag) => value == Some(&Value::Bool(*flag)),
            Expected::Text(text) => value.and_then(Value::as_str) == Some(text),
        }
    }

    fn costs(&self, price: &Price) -> Result<bool, String> {
        let amount = self.value(&price.of).and_then(amount_of).ok_or_else(|| price.of.to_string())?;
        Ok(price.holds(amount))
    }

    /// The newest notice's value there.
    fn value(&self, of: &Ref) -> Option<&'a Value> {
        let named = |notice: &&&NoticeFacts| self.names(&of.selector, notice);
        self.notices.iter().rev().filter(named).find_map(|notice| of.path.values(notice.data()?).into_iter().next())
    }

    fn newest<T>(&self, of: impl Fn(&'a NoticeFacts) -> Option<T>) -> Option<T> {
        self.notices.iter().rev().find_map(|notice| of(notice))
    }

    /// Whether a selector names a notice.
    pub(super) fn names(&self, selector: &Selector, notice: &NoticeFacts) -> bool {
        notice.stage == selector.stage && selector.matches(|member| self.says(notice, member))
    }

    /// The text of a member of a notice's `data`, for a filter.
    fn says<'n>(&self, notice: &'n NoticeFacts, member: &str) -> Option<&'n str> {
        let data = notice.data()?;
        if member == "about.stage" {
            let about = data.member("about")?.as_str()?;
            return self.notices.iter().find(|other| other.id == about).map(|other| other.stage.code());
        }
        match data.member(member)? {
            Value::String(text) => Some(text),
            Value::Bool(flag) => Some(if *flag { "true" } else { "false" }),
            _ => None,
        }
    }
}
