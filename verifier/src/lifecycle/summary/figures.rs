//! Figures that can be added, taken away again, and kept in few bytes.
//!
//! ```text
//! struct   its fields, one after the other
//! map      count, (key, value)…
//! number   LEB128; of a text the number that its keeper gave it
//! ```

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Counts, Group, Listings, Month, MonthFigures, Periods, ProjectFigures, RemarkFigures, RuleFigures};
use crate::lifecycle::compact::{Reader, Writer};
use crate::lifecycle::verdict::{Outcome, StageStatus, Standing};
use crate::record::code::Sector;

/// What happens to a sum: [`more`] or [`less`].
pub(super) type Change = fn(&mut u64, u64);

pub(super) const fn more(sum: &mut u64, n: u64) {
    *sum = sum.saturating_add(n);
}

pub(super) const fn less(sum: &mut u64, n: u64) {
    *sum = sum.saturating_sub(n);
}

/// Texts that figures name, and numbers for them: whoever keeps figures keeps these, too.
pub trait Names {
    /// The number of a text, a new one if it has none.
    fn number(&mut self, text: &str) -> u64;
    /// The text of a number.
    fn text(&self, number: u64) -> Option<&str>;
}

/// Figures: sums, and what is made of sums.
pub(super) trait Figures: Default {
    /// Changes each sum by the other's.
    fn change(&mut self, other: &Self, by: Change);
    /// Whether every sum is zero.
    fn is_nothing(&self) -> bool;
    fn write(&self, writer: &mut Writer, names: &mut impl Names);
    fn read(reader: &mut Reader<'_>, names: &impl Names) -> Option<Self>;
}

/// What figures are grouped by.
pub(super) trait Key: Ord + Clone {
    fn write(&self, writer: &mut Writer, names: &mut impl Names);
    fn read(reader: &mut Reader<'_>, names: &impl Names) -> Option<Self>;
}

impl Figures for u64 {
    fn change(&mut self, other: &Self, by: Change) {
        by(self, *other);
    }

    fn is_nothing(&self) -> bool {
        *self == 0
    }

    fn write(&self, writer: &mut Writer, _: &mut impl Names) {
        writer.number(*self);
    }

    fn read(reader: &mut Reader<'_>, _: &impl Names) -> Option<Self> {
        reader.number()
    }
}

impl<const N: usize> Figures for [u64; N]
where
    Self: Default,
{
    fn change(&mut self, other: &Self, by: Change) {
        self.iter_mut().zip(other).for_each(|(sum, n)| by(sum, *n));
    }

    fn is_nothing(&self) -> bool {
        self.iter().all(|sum| *sum == 0)
    }

    fn write(&self, writer: &mut Writer, _: &mut impl Names) {
        for sum in self {
            writer.number(*sum);
        }
    }

    fn read(reader: &mut Reader<'_>, _: &impl Names) -> Option<Self> {
        let mut sums = Self::default();
        for sum in &mut sums {
            *sum = reader.number()?;
        }
        Some(sums)
    }
}

impl<K: Key, V: Figures> Figures for BTreeMap<K, V> {
    /// A key of which nothing is left goes, as if it had never been there.
    fn change(&mut self, other: &Self, by: Change) {
        for (key, value) in other {
            match self.get_mut(key) {
                Some(sum) => {
                    sum.change(value, by);
                    if sum.is_nothing() {
                        self.remove(key);
                    }
                }
                None => {
                    let mut sum = V::default();
                    sum.change(value, by);
                    if !sum.is_nothing() {
                        self.insert(key.clone(), sum);
                    }
                }
            }
        }
    }

    fn is_nothing(&self) -> bool {
        self.values().all(Figures::is_nothing)
    }

    fn write(&self, writer: &mut Writer, names: &mut impl Names) {
        writer.number(self.len() as u64);
        for (key, value) in self {
            key.write(writer, names);
            value.write(writer, names);
        }
    }

    fn read(reader: &mut Reader<'_>, names: &impl Names) -> Option<Self> {
        let count = reader.number()?;
        (0..count).map(|_| Some((K::read(reader, names)?, V::read(reader, names)?))).collect()
    }
}

macro_rules! figures {
    ($($type:ty: $($field:ident),+;)+) => { $(
        impl Figures for $type {
            fn change(&mut self, other: &Self, by: Change) {
                $(self.$field.change(&other.$field, by);)+
            }

            fn is_nothing(&self) -> bool {
                true $(&& self.$field.is_nothing())+
            }

            fn write(&self, writer: &mut Writer, names: &mut impl Names) {
                $(self.$field.write(writer, names);)+
            }

            fn read(reader: &mut Reader<'_>, names: &impl Names) -> Option<Self> {
                Some(Self { $($field: Figures::read(reader, names)?),+ })
            }
        }
    )+ };
}

figures! {
    Group: projects, lots, notices, standings, stages, outcomes;
    RuleFigures: outcomes, reasons, periods, counts;
    Periods: measured, below, exact, end_on_day_off, borderline, margins;
    Counts: counted, below, above;
    MonthFigures: notices, on_time, late, missing, violated;
    Listings: listed, with_result, both, without_result, ended, without_listing;
    RemarkFigures: look_alikes, codes, placeholders, not_evidence, reposted, reposts;
}

macro_rules! keys {
    ($($type:ty)+) => { $(
        impl Key for $type {
            fn write(&self, writer: &mut Writer, _: &mut impl Names) {
                writer.number(Self::ALL.iter().position(|one| one == self).unwrap_or_default() as u64);
            }

            fn read(reader: &mut Reader<'_>, _: &impl Names) -> Option<Self> {
                Self::ALL.get(reader.length()?).copied()
            }
        }
    )+ };
}

keys! { Sector Standing StageStatus Outcome }

impl Key for Arc<str> {
    fn write(&self, writer: &mut Writer, names: &mut impl Names) {
        writer.number(names.number(self));
    }

    fn read(reader: &mut Reader<'_>, names: &impl Names) -> Option<Self> {
        names.text(reader.number()?).map(Into::into)
    }
}

impl Key for String {
    fn write(&self, writer: &mut Writer, names: &mut impl Names) {
        writer.number(names.number(self));
    }

    fn read(reader: &mut Reader<'_>, names: &impl Names) -> Option<Self> {
        names.text(reader.number()?).map(Into::into)
    }
}

impl<K: Key> Key for Option<K> {
    fn write(&self, writer: &mut Writer, names: &mut impl Names) {
        writer.0.push(u8::from(self.is_some()));
        if let Some(key) = self {
            key.write(writer, names);
        }
    }

    fn read(reader: &mut Reader<'_>, names: &impl Names) -> Option<Self> {
        if reader.byte()? == 0 { Some(None) } else { K::read(reader, names).map(Some) }
    }
}

impl Key for Month {
    fn write(&self, writer: &mut Writer, _: &mut impl Names) {
        writer.signed(self.0.into());
        writer.signed(self.1.into());
    }

    fn read(reader: &mut Reader<'_>, _: &impl Names) -> Option<Self> {
        Some((reader.signed()?.try_into().ok()?, reader.signed()?.try_into().ok()?))
    }
}

impl ProjectFigures {
    /// In few bytes, for whoever keeps them and the names.
    pub fn to_bytes(&self, names: &mut impl Names) -> Vec<u8> {
        let mut writer = Writer(Vec::with_capacity(256));
        self.sector.write(&mut writer, names);
        self.region.write(&mut writer, names);
        self.unit.write(&mut writer, names);
        self.group.write(&mut writer, names);
        self.rules.write(&mut writer, names);
        self.months.write(&mut writer, names);
        self.listings.write(&mut writer, names);
        self.remarks.write(&mut writer, names);
        writer.0
    }

    /// Reads what [`ProjectFigures::to_bytes`] wrote with the same names; of anything else, nothing.
    pub fn from_bytes(bytes: &[u8], names: &impl Names) -> Option<Self> {
        let mut reader = Reader(bytes);
        let read = &mut reader;
        let figures = Self {
            sector: Key::read(read, names)?,
            region: Key::read(read, names)?,
            unit: Key::read(read, names)?,
            group: Figures::read(read, names)?,
            rules: Figures::read(read, names)?,
            months: Figures::read(read, names)?,
            listings: Figures::read(read, names)?,
            remarks: Figures::read(read, names)?,
        };
        reader.0.is_empty().then_some(figures)
    }
}
