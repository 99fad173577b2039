//! A sorted set of row numbers: four bytes an entry, a page of it is a slice.

/// Memberships, in the order in which users or groups were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IndexSet(Vec<u32>);

impl IndexSet {
    /// False when it was there before.
    pub(crate) fn insert(&mut self, index: usize) -> bool {
        let Ok(index) = u32::try_from(index) else { return false };
        if self.0.last().is_none_or(|last| *last < index) {
            self.0.push(index);
            return true;
        }
        match self.0.binary_search(&index) {
            Ok(_) => false,
            Err(place) => {
                self.0.insert(place, index);
                true
            }
        }
    }

    /// False when it was not there.
    pub(crate) fn remove(&mut self, index: usize) -> bool {
        let place = u32::try_from(index).ok().and_then(|index| self.0.binary_search(&index).ok());
        place.map(|place| self.0.remove(place)).is_some()
    }

    pub(crate) fn contains(&self, index: usize) -> bool {
        u32::try_from(index).is_ok_and(|index| self.0.binary_search(&index).is_ok())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().map(|index| *index as usize)
    }

    /// The entries that are not below `index`.
    pub(crate) fn from(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let start = self.0.partition_point(|entry| (*entry as usize) < index);
        self.0.iter().skip(start).map(|index| *index as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_forgets_doubles() {
        let mut set = IndexSet::default();
        assert!([5, 1, 9, 3].into_iter().all(|index| set.insert(index)));
        assert!(!set.insert(3));
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 3, 5, 9]);
        assert_eq!(set.from(4).collect::<Vec<_>>(), [5, 9]);
        assert!(set.remove(5) && !set.remove(5) && !set.contains(5));
        assert_eq!(set.len(), 3);
    }
}
