//! Places in a log, as a set of bits: partition and offset.

use exactly_model::Effect;
use std::collections::BTreeMap;

/// Bits that are always there, in words of 32: a trial of one message may have
/// left many records in its log.
pub(crate) const WORDS_MIN: usize = 4_096;

/// A place in a log.
pub(crate) type Place = (u32, i64);

/// Where an effect stands, if it says so.
pub(crate) fn place(effect: &Effect) -> Option<Place> {
    Some((effect.partition?, effect.position?))
}

/// A set of the places between the first and the last one of each partition.
/// The bits are lent: the judge has one buffer for everything.
pub(crate) struct Places<'b> {
    /// First offset and number of its bit, by partition.
    partitions: BTreeMap<u32, (i64, u64)>,
    bits: &'b mut [u32],
}

impl<'b> Places<'b> {
    /// Room for the places of `effects`; an error names what is missing.
    pub(crate) fn of(effects: &[Effect], bits: &'b mut [u32]) -> Result<Self, &'static str> {
        let mut ends: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
        for effect in effects {
            let (partition, offset) =
                place(effect).ok_or("partition and position of all effects")?;
            let (first, last) = ends.entry(partition).or_insert((offset, offset));
            *first = offset.min(*first);
            *last = offset.max(*last);
        }
        let room = bits.len() as u64 * u64::from(u32::BITS);
        let mut taken = 0_u64;
        let mut partitions = BTreeMap::new();
        for (partition, (first, last)) in ends {
            partitions.insert(partition, (first, taken));
            taken = taken.saturating_add(last.abs_diff(first)).saturating_add(1);
        }
        if taken > room {
            return Err("positions that stand close enough together to be compared");
        }
        Ok(Self { partitions, bits })
    }

    pub(crate) fn clear(&mut self) {
        self.bits.fill(0);
    }

    /// Adds a place; whether it is new.
    pub(crate) fn insert(&mut self, place: Place) -> bool {
        let Some((word, bit)) = self.bit(place) else {
            return true;
        };
        let new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        new
    }

    pub(crate) fn contains(&self, place: Place) -> bool {
        self.bit(place)
            .is_some_and(|(word, bit)| self.bits[word] & bit != 0)
    }

    fn bit(&self, (partition, offset): Place) -> Option<(usize, u32)> {
        let (first, base) = self.partitions.get(&partition)?;
        let bit = base
            + offset
                .checked_sub(*first)
                .and_then(|n| u64::try_from(n).ok())?;
        let word = usize::try_from(bit / u64::from(u32::BITS)).ok()?;
        (word < self.bits.len()).then_some((word, 1 << (bit % u64::from(u32::BITS))))
    }
}
