//! [`Tile`]: a file of a log, its path, and the tiles that a growing log adds.

use std::fmt;

/// The number of hashes of a full tile, and of entries of a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// The number of levels of the tree from one level of tiles to the next.
pub(crate) const TILE_HEIGHT: usize = 8;

/// The levels of tiles that a tree of fewer than 2^64 leaves can have.
pub(crate) const LEVELS: u8 = 8;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of a level of tiles. The hashes of level `k` are the nodes of level `8 * k` of the
    /// tree.
    Hashes {
        /// The level of tiles; 0 has the leaves.
        level: u8,
    },
    /// Entries, whose hashes are the tile of level 0 with the same index.
    Entries,
}

impl TileKind {
    /// The number of hashes or entries of this kind in a log of `size` entries.
    pub(crate) const fn len(self, size: u64) -> u64 {
        match self {
            Self::Hashes { level } if level < LEVELS => size >> (TILE_HEIGHT * level as usize),
            Self::Hashes { .. } => 0,
            Self::Entries => size,
        }
    }

    /// All kinds that a log has: entries, then hashes from the leaves up.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let hashes = (0..LEVELS).map(|level| Self::Hashes { level });
        [Self::Entries].into_iter().chain(hashes)
    }
}

/// A hash tile or an entry bundle of C2SP `tlog-tiles`. It prints as its path.
///
/// ```
/// use rotortree_tiles::{Tile, TileKind};
///
/// let tile = Tile { kind: TileKind::Hashes { level: 1 }, index: 1_234_067, width: 256 };
/// assert_eq!(tile.to_string(), "tile/1/x001/x234/067");
/// let bundle = Tile { kind: TileKind::Entries, index: 3, width: 17 };
/// assert_eq!(bundle.to_string(), "tile/entries/003.p/17");
/// assert_eq!(Tile::parse("tile/entries/003.p/17"), Some(bundle));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What the tile holds.
    pub kind: TileKind,
    /// Index of the tile on its level.
    pub index: u64,
    /// The number of hashes or entries, 1 to 256. Below 256 the tile is partial.
    pub width: u16,
}

impl Tile {
    /// The tile at `index` in a log of `size` entries; `None` if it would be empty.
    pub(crate) fn of_log(kind: TileKind, index: u64, size: u64) -> Option<Self> {
        let start = index.checked_mul(TILE_WIDTH)?;
        let width = kind.len(size).checked_sub(start)?.min(TILE_WIDTH);
        (width > 0).then_some(Self {
            kind,
            index,
            width: width as u16,
        })
    }

    /// The index of the first hash or entry on its level.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.index * TILE_WIDTH
    }

    /// Whether the tile has 256 hashes or entries.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width as u64 == TILE_WIDTH
    }

    /// The full tile of the same place.
    #[must_use]
    pub const fn full(self) -> Self {
        Self {
            width: TILE_WIDTH as u16,
            ..self
        }
    }

    /// The folder of the partial tiles of the same place.
    pub(crate) fn partials(self) -> String {
        format!("{}.p", self.full())
    }

    /// Reads a path. There is one path for each tile, and `None` for every other text.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes {
                level: level.parse().ok().filter(|level| *level < LEVELS)?,
            },
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().ok()?),
            None => (rest, TILE_WIDTH as u16),
        };
        let digits = |index: &str| {
            index
                .split('/')
                .map(|part| part.trim_start_matches('x'))
                .collect::<String>()
        };
        let tile = Self {
            kind,
            index: digits(index).parse().ok()?,
            width,
        };
        // A spelling of its own would be a second address of the same bytes.
        let is_tile = (1..=TILE_WIDTH).contains(&u64::from(width))
            && tile.index.checked_mul(TILE_WIDTH).is_some();
        (is_tile && tile.to_string() == path).then_some(tile)
    }

    /// The tiles that a log of `new_size` entries has and the log of `old_size` has not: entries,
    /// then hashes from the leaves up.
    ///
    /// ```
    /// use rotortree_tiles::Tile;
    ///
    /// let paths: Vec<String> = Tile::added(255, 257).map(|tile| tile.to_string()).collect();
    /// assert_eq!(
    ///     paths,
    ///     [
    ///         "tile/entries/000", "tile/entries/001.p/1",
    ///         "tile/0/000", "tile/0/001.p/1",
    ///         "tile/1/000.p/1",
    ///     ]
    /// );
    /// ```
    pub fn added(old_size: u64, new_size: u64) -> impl Iterator<Item = Self> {
        TileKind::all().flat_map(move |kind| {
            let (old, new) = (kind.len(old_size), kind.len(new_size));
            let indices = match old < new {
                true => old / TILE_WIDTH..new.div_ceil(TILE_WIDTH),
                false => 0..0,
            };
            indices.filter_map(move |index| Self::of_log(kind, index, new_size))
        })
    }

    /// The full tiles that became full between these sizes.
    pub(crate) fn completed(old_size: u64, new_size: u64) -> impl Iterator<Item = Self> {
        Self::added(old_size, new_size).filter(Self::is_full)
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        // The decimal digits in threes; u64 has at most 20, which is seven threes.
        let mut divisor = 1000u64.pow(6);
        while divisor > 1 {
            if self.index >= divisor {
                write!(f, "x{:03}/", self.index / divisor % 1000)?;
            }
            divisor /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        match self.is_full() {
            true => Ok(()),
            false => write!(f, ".p/{}", self.width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(level: u8, index: u64, width: u16) -> Tile {
        let kind = TileKind::Hashes { level };
        Tile { kind, index, width }
    }

    #[test]
    fn every_path_is_read_back_and_no_other_spelling_is() {
        for index in [
            0,
            1,
            999,
            1000,
            999_999,
            1_000_000,
            1_234_067,
            (1 << 56) - 1,
        ] {
            for width in [1, 17, 255, 256] {
                for kind in TileKind::all() {
                    let tile = Tile { kind, index, width };
                    assert_eq!(Tile::parse(&tile.to_string()), Some(tile));
                }
            }
        }
        for path in [
            "tile/0/0",
            "tile/0/0000",
            "tile/00/000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/+1",
            "tile/8/000",
            "tile/8/0/000",
            "tile/-1/000",
            "tile/data/000",
            "/tile/0/000",
            "tile/0/000/",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "checkpoint",
            "",
        ] {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
    }

    /// The example of the specification: a tree of 70,000 entries.
    #[test]
    fn a_log_has_the_tiles_of_the_specification() {
        let tiles: Vec<Tile> = Tile::added(0, 70_000).collect();
        let of_level = |level| {
            tiles
                .iter()
                .filter(move |tile| tile.kind == TileKind::Hashes { level })
        };
        assert_eq!(of_level(0).filter(|tile| tile.is_full()).count(), 273);
        assert_eq!(of_level(0).next_back(), Some(&hashes(0, 273, 112)));
        assert_eq!(
            of_level(1).copied().collect::<Vec<_>>(),
            [hashes(1, 0, 256), hashes(1, 1, 17)]
        );
        assert_eq!(of_level(2).copied().collect::<Vec<_>>(), [hashes(2, 0, 1)]);
        let of_256: Vec<Tile> = Tile::added(0, 256).skip(1).collect();
        assert_eq!(of_256, [hashes(0, 0, 256), hashes(1, 0, 1)]);
    }

    #[test]
    fn growth_adds_what_the_larger_log_has_and_the_smaller_has_not() {
        let sizes = [
            0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_792,
        ];
        for old in sizes {
            let before: Vec<Tile> = Tile::added(0, old).collect();
            for new in sizes.into_iter().filter(|new| *new >= old) {
                let added: Vec<Tile> = Tile::added(old, new).collect();
                let expected: Vec<Tile> = Tile::added(0, new)
                    .filter(|tile| !before.contains(tile))
                    .collect();
                assert_eq!(added, expected, "from {old} to {new}");
            }
        }
        assert_eq!(Tile::added(9, 3).count(), 0);
    }

    #[test]
    fn the_largest_log_has_tiles_on_every_level() {
        let last = |level| {
            Tile::of_log(
                TileKind::Hashes { level },
                u64::MAX >> (8 * (level + 1)).min(63),
                u64::MAX,
            )
        };
        assert_eq!(last(0), Some(hashes(0, (1 << 56) - 1, 255)));
        assert_eq!(
            Tile::of_log(TileKind::Hashes { level: 7 }, 0, u64::MAX),
            Some(hashes(7, 0, 255))
        );
        assert_eq!(TileKind::Hashes { level: 8 }.len(u64::MAX), 0);
    }
}
