//! [`Layout`]: which bucket of a shard a leaf belongs to, and the 48 bits that stand for it there.
//!
//! A *place* is the keyed hash of a leaf, without the bits that choose its shard, aligned to the
//! top of a word. The first `prefix_bits` of it, the *prefix* `p`, are a number below `2^P`. Of
//! `m` buckets it belongs to number `p * m >> P`. The bits behind the point of that product, down
//! to the one that still tells two prefixes apart, are its *tag*.
//!
//! ```text
//! p * m        |  bucket  |  tag  |  g bits, where 2^g <= m  |
//!                         P       g                          0
//! slot         |  tag  |  index  |
//!             48       b         0
//! ```
//!
//! Two prefixes differ by at least `m >= 2^g` in the product, so bucket and tag determine the
//! prefix. A shard that grows therefore needs no leaf: it computes the prefix from the bucket and
//! the tag, and the new bucket from the prefix.

/// The bits of a slot.
pub(crate) const SLOT_BITS: u32 = 48;

/// The bits of a place: those that do not choose the shard.
pub(crate) const PLACE_BITS: u32 = 56;

/// The fewest bits of an index, and of a tag.
const MIN_INDEX_BITS: u32 = 8;
const MIN_TAG_BITS: u32 = 4;

/// The most bits of an index: 2^42 leaves are 140 TB of them.
pub(crate) const MAX_INDEX_BITS: u32 = 42;

/// The most buckets of a shard.
const MAX_BUCKETS: u32 = 1 << 31;

/// How the slots of a shard are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// `m`; 0 in a shard so small that it has none.
    pub(crate) buckets: u32,
    /// `b`.
    pub(crate) index_bits: u32,
    /// `P`.
    pub(crate) prefix_bits: u32,
}

impl Layout {
    /// The layout of a shard without buckets.
    pub(crate) const NONE: Self = Self {
        buckets: 0,
        index_bits: MIN_INDEX_BITS,
        prefix_bits: PLACE_BITS,
    };

    /// The layout with so many buckets, or as many as the bits of this one's prefixes can tell
    /// apart. `index` and those up to half as much again fit into a slot.
    pub(crate) fn with(self, buckets: u32, index: u64) -> Self {
        let most = 1
            << self
                .prefix_bits
                .saturating_sub(MIN_TAG_BITS)
                .min(MAX_BUCKETS.ilog2());
        let buckets = buckets.min(most);
        let index_bits =
            (u64::BITS - (index + index / 2).leading_zeros()).clamp(MIN_INDEX_BITS, MAX_INDEX_BITS);
        let fitting = SLOT_BITS - index_bits + buckets.ilog2();
        let product = longest_prefix(buckets);
        Self {
            buckets,
            index_bits,
            prefix_bits: self.prefix_bits.min(fitting).min(product),
        }
    }

    /// Whether a file may have this layout: every computation below is in range.
    pub(crate) fn is_valid(self) -> bool {
        let Self {
            buckets,
            index_bits,
            prefix_bits,
        } = self;
        if !(MIN_INDEX_BITS..=MAX_INDEX_BITS).contains(&index_bits) {
            return false;
        }
        if buckets == 0 {
            return prefix_bits == PLACE_BITS;
        }
        let dropped = buckets.ilog2();
        buckets <= MAX_BUCKETS
            && prefix_bits > dropped
            && prefix_bits - dropped <= SLOT_BITS - index_bits
            && prefix_bits <= longest_prefix(buckets).min(PLACE_BITS)
    }

    /// Whether an index fits into a slot.
    pub(crate) fn fits(self, index: u64) -> bool {
        index >> self.index_bits == 0
    }

    /// The part of a place that this layout tells apart from others.
    pub(crate) fn known(self, place: u64) -> u64 {
        place & (u64::MAX << (u64::BITS - self.prefix_bits))
    }

    /// The bucket of a place, and its tag as the upper bits of a slot.
    pub(crate) fn slot(self, place: u64) -> (usize, u64) {
        self.slots(u64::BITS)(place)
    }

    /// The known part of the place of a slot, and its index.
    pub(crate) fn entry(self, bucket: usize, slot: u64) -> (u64, u64) {
        let prefix = self.prefixes(bucket)(slot);
        (self.place(prefix), slot & self.index_mask())
    }

    /// The place that begins with a prefix.
    pub(crate) fn place(self, prefix: u64) -> u64 {
        prefix << (u64::BITS - self.prefix_bits)
    }

    /// The prefixes of the slots of a bucket, with one division for all of them.
    #[inline]
    pub(crate) fn prefixes(self, bucket: usize) -> impl Fn(u64) -> u64 {
        let buckets = u64::from(self.buckets);
        let product = (bucket as u64) << self.prefix_bits;
        // The first prefix of the bucket, and by how much its product is beyond the bucket's start.
        let first = product.div_ceil(buckets);
        let round_up = buckets - 1 - (first * buckets - product);
        // Multiplying by it, and dropping 64 bits, divides each number `n` by `buckets` for which
        // `n * buckets < 2^64`. Here `n < 2^P + m`, and `(2^P + m) * m < 2^63 + 2^62`.
        let reciprocal = u128::from(u64::MAX / buckets) + 1;
        // From where a tag is in a slot to where it is in a product. Around it both are zero, so
        // that one rotation shifts either way.
        let (tags, shift) = (
            self.tag_mask(),
            self.index_bits + u64::BITS - self.dropped_bits(),
        );
        move |slot| {
            let product = (slot & tags).rotate_right(shift) + round_up;
            first + ((u128::from(product) * reciprocal) >> 64) as u64
        }
    }

    /// The bucket of a prefix of `prefix_bits` or more bits, and its tag as the upper bits of a
    /// slot.
    #[inline]
    pub(crate) fn slots(self, prefix_bits: u32) -> impl Fn(u64) -> (usize, u64) {
        let buckets = u64::from(self.buckets);
        let shorter = prefix_bits - self.prefix_bits;
        let tags = ((1 << self.prefix_bits) - 1) & (u64::MAX << self.dropped_bits());
        let shift = self.index_bits + u64::BITS - self.dropped_bits();
        move |prefix| {
            let product = (prefix >> shorter) * buckets;
            let tag = (product & tags).rotate_left(shift);
            ((product >> self.prefix_bits) as usize, tag)
        }
    }

    /// `g`: the lower bits of a product that tell no two prefixes apart.
    fn dropped_bits(self) -> u32 {
        self.buckets.ilog2()
    }

    /// The bits of a slot that are the index.
    pub(crate) fn index_mask(self) -> u64 {
        (1 << self.index_bits) - 1
    }

    /// The bits of a slot that are the tag.
    pub(crate) fn tag_mask(self) -> u64 {
        ((1 << SLOT_BITS) - 1) & !self.index_mask()
    }

    /// The least known place of a bucket.
    pub(crate) fn first_place(self, bucket: usize) -> u64 {
        self.entry(bucket, 0).0
    }
}

/// The most bits of a prefix, so that its product with so many buckets is below `2^63`.
fn longest_prefix(buckets: u32) -> u32 {
    buckets.leading_zeros() + u32::BITS - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A layout as a shard comes to it: grown from none in steps.
    fn grown(steps: &[(u32, u64)]) -> Layout {
        let mut layout = Layout::NONE;
        let mut most = (0, 0);
        for &(buckets, index) in steps {
            most = (most.0.max(buckets), most.1.max(index));
            layout = layout.with(most.0, most.1);
        }
        layout
    }

    fn step() -> impl Strategy<Value = (u32, u64)> {
        let buckets = (0..31u32, 0..u32::MAX)
            .prop_map(|(bits, low)| (1 << bits) | (low >> (32 - bits).min(31)));
        let index = (0..MAX_INDEX_BITS, any::<u64>())
            .prop_map(|(bits, low)| ((1 << bits) | (low & ((1 << bits) - 1))) * 2 / 3);
        (buckets, index)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn bucket_and_tag_determine_the_known_part_of_a_place(
            steps in proptest::collection::vec(step(), 1..6),
            place: u64,
            index: u64,
        ) {
            let layout = grown(&steps);
            prop_assert!(layout.is_valid(), "{layout:?}");
            let (bucket, tag) = layout.slot(place);
            prop_assert!(bucket < layout.buckets as usize);
            prop_assert_eq!(tag & !layout.tag_mask(), 0);
            let index = index & layout.index_mask();
            let entry = layout.entry(bucket, tag | index);
            prop_assert_eq!(entry, (layout.known(place), index));
            prop_assert_eq!(layout.slot(entry.0), (bucket, tag));
        }

        #[test]
        fn buckets_follow_each_other_in_the_order_of_places(
            steps in proptest::collection::vec(step(), 1..6),
            one: u64,
            other: u64,
        ) {
            let layout = grown(&steps);
            let (low, high) = (one.min(other), one.max(other));
            let bucket = layout.slot(high).0;
            prop_assert!(layout.slot(low).0 <= bucket);
            prop_assert!(layout.first_place(bucket) <= layout.known(high));
            prop_assert_eq!(layout.slot(layout.first_place(bucket)).0, bucket);
        }

        #[test]
        fn every_layout_that_is_valid_computes_in_range(
            buckets: u32,
            index_bits in 0..64u32,
            prefix_bits in 0..70u32,
            place: u64,
        ) {
            let layout = Layout { buckets, index_bits, prefix_bits };
            if layout.is_valid() && buckets > 0 {
                let (bucket, tag) = layout.slot(place);
                prop_assert_eq!(layout.entry(bucket, tag).0, layout.known(place));
            }
        }
    }

    #[test]
    fn a_place_keeps_enough_bits_at_every_size_of_a_tree() {
        // Sizes as an index of that many distinct leaves has them: 256 shards, 48 a bucket.
        for bits in 14..MAX_INDEX_BITS - 1 {
            let size = 1u64 << bits;
            let layout = (14..=bits).fold(Layout::NONE, |layout, bits| {
                layout.with(((1u64 << bits) / 256 / 48).max(1) as u32, 1 << bits)
            });
            let distinct = 2f64.powi(8 + layout.prefix_bits as i32);
            let false_candidates = size as f64 / distinct;
            let most = if bits <= 33 {
                0.05
            } else {
                0.3 * (1u64 << (bits - 33)) as f64
            };
            assert!(
                false_candidates <= most,
                "{bits}: {false_candidates} {layout:?}"
            );
        }
    }
}
