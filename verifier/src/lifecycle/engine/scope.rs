//! Whether a rule applies to a lot.

use alloc::string::{String, ToString as _};

use super::Lot;
use super::lookup::amount_of;
use crate::lifecycle::path::{Path, Ref, Selector};
use crate::lifecycle::rulebook::{Condition, Expected, Given, Price};
use crate::record::json::Value;

impl<'a> Lot<'a> {
    /// Whether a condition holds; where that depends on a member that no notice gives, that member.
    pub(super) fn applies(&self, condition: &Condition) -> Result<bool, String> {
        for (member, codes) in &condition.codes {
            let code = self.newest(|notice| notice.data()?.member(member)?.as_str());
            let code = code.ok_or_else(|| alloc::format!("data.{member}"))?;
            if !codes.iter().any(|known| known == code) {
                return Ok(false);
            }
        }
        if !condition.given.iter().all(|given| self.says(given)) {
            return Ok(false);
        }
        condition.price.as_ref().map_or(Ok(true), |price| self.costs(price))
    }

    fn says(&self, Given { of, what }: &Given) -> bool {
        match what {
            Expected::Given(given) => self.value(of).is_some() == *given,
            Expected::Flag(flag) => self.value(of) == Some(&Value::Bool(*flag)),
            Expected::Text(text) => self.value(of).and_then(Value::as_str) == Some(text),
        }
    }

    fn costs(&self, price: &Price) -> Result<bool, String> {
        let amount = self.value(&price.of).and_then(amount_of).ok_or_else(|| price.of.to_string())?;
        Ok(price.holds(amount))
    }

    /// The newest notice's value there.
    pub(super) fn value(&self, of: &Ref) -> Option<&'a Value> {
        self.newest(|notice| value_in(notice, &of.selector, &of.path))
    }

    fn newest<T>(&self, of: impl Fn(&'a crate::lifecycle::facts::NoticeFacts) -> Option<T>) -> Option<T> {
        self.notices.iter().rev().find_map(|notice| of(notice))
    }
}

/// The first value at a path in a notice, if the selector names the notice.
fn value_in<'a>(
    notice: &'a crate::lifecycle::facts::NoticeFacts,
    selector: &Selector,
    path: &Path,
) -> Option<&'a Value> {
    let data = notice.data()?;
    (notice.stage == selector.stage && selector.matches(Some(data))).then(|| path.values(data).into_iter().next())?
}
