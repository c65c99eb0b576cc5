//! Turns: how many of something one address, and all together, may have under way.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Turns under way, by address.
#[derive(Debug)]
pub(crate) struct Turns {
    most: usize,
    most_per_address: usize,
    under_way: Mutex<UnderWay>,
}

#[derive(Debug, Default)]
struct UnderWay {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why there is no turn now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Everybody together has too many.
    All,
    /// This address has too many.
    Address,
}

/// A turn, over when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Turns>,
    address: Option<IpAddr>,
}

impl Turns {
    /// So many at once, and so many per address.
    pub(crate) fn new(most: usize, most_per_address: usize) -> Arc<Self> {
        Arc::new(Self { most, most_per_address, under_way: Mutex::default() })
    }

    /// Takes a turn for an address; none is counted against nobody.
    pub(crate) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Turn, Denied> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.all >= self.most {
            return Err(Denied::All);
        }
        if let Some(address) = address {
            let of_address = under_way.by_address.entry(address).or_default();
            if *of_address >= self.most_per_address {
                return Err(Denied::Address);
            }
            *of_address += 1;
        }
        under_way.all += 1;
        Ok(Turn { turns: Arc::clone(self), address })
    }

    /// How many are under way.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut under_way = self.turns.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.all -= 1;
        if let Some(address) = self.address
            && let Some(of_address) = under_way.by_address.get_mut(&address)
        {
            *of_address -= 1;
            if *of_address == 0 {
                under_way.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_a_turn_that_ends_is_free_again() {
        let turns = Turns::new(3, 2);
        let (one, other) = (Some(IpAddr::from([192, 0, 2, 1])), Some(IpAddr::from([192, 0, 2, 2])));
        let (first, _second) = (turns.take(one).unwrap(), turns.take(one).unwrap());
        assert_eq!(turns.take(one).err(), Some(Denied::Address));
        let _third = turns.take(other).unwrap();
        assert_eq!(turns.take(None).err(), Some(Denied::All));
        drop(first);
        assert_eq!(turns.under_way(), 2);
        turns.take(one).unwrap();
        assert_eq!(turns.under_way.lock().unwrap().by_address.len(), 2);
    }
}
