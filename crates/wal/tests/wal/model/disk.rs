//! A disk that loses unsynced writes: files of sectors and a directory, each with a durable and a
//! cached state.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rotortree_wal::{OutOfBounds, SECTOR, SegmentBytes};

/// A sector, or one that never reached the disk and reads as zeros.
pub(crate) type Sector = Option<Rc<[u8; SECTOR]>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    Segment(u64),
    Temporary(u64),
    /// The manifest of a generation: of those that are whole the last is in force.
    Manifest(u64),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    durable: BTreeMap<Name, Vec<Sector>>,
    cached: BTreeMap<Name, Vec<Sector>>,
    durable_names: BTreeSet<Name>,
    names: BTreeSet<Name>,
}

impl Disk {
    pub(crate) fn append(&mut self, name: Name, bytes: &[u8]) {
        let (sectors, rest) = bytes.as_chunks::<SECTOR>();
        assert!(rest.is_empty(), "only whole sectors are written");
        let file = self.cached.entry(name).or_default();
        file.extend(sectors.iter().map(|sector| Some(Rc::new(*sector))));
        self.names.insert(name);
    }

    pub(crate) fn sync(&mut self, name: Name) {
        self.durable.insert(name, self.cached[&name].clone());
    }

    pub(crate) fn sync_directory(&mut self) {
        self.durable_names = self.names.clone();
    }

    pub(crate) fn remove(&mut self, name: Name) {
        self.cached.remove(&name);
        self.durable.remove(&name);
        self.names.remove(&name);
        self.durable_names.remove(&name);
    }

    /// Renames a file that was synced.
    pub(crate) fn rename(&mut self, old: Name, new: Name) {
        let cached = self.cached.remove(&old).expect("the file exists");
        let durable = self.durable.remove(&old).expect("the file was synced");
        self.cached.insert(new, cached);
        self.durable.insert(new, durable);
        self.names.remove(&old);
        self.durable_names.remove(&old);
        self.names.insert(new);
    }

    /// The numbers of the segments, in order.
    pub(crate) fn segments(&self) -> Vec<u64> {
        let numbers = self.names.iter().filter_map(|name| match name {
            Name::Segment(number) => Some(*number),
            Name::Temporary(_) | Name::Manifest(_) => None,
        });
        numbers.collect()
    }

    /// The generation of the last manifest, whole or not, and the bytes of the last one
    /// that is whole.
    pub(crate) fn manifest(&self) -> (u64, Option<Rc<[u8; SECTOR]>>) {
        let generation = |name: &Name| match name {
            Name::Manifest(generation) => Some(*generation),
            Name::Segment(_) | Name::Temporary(_) => None,
        };
        let mut generations = self.names.iter().filter_map(generation);
        let whole = generations.clone().rev().find_map(|generation| {
            let file = self.cached.get(&Name::Manifest(generation))?;
            file.first().cloned().flatten()
        });
        (generations.next_back().unwrap_or(0), whole)
    }

    /// The disk with a damaged header in a segment.
    pub(crate) fn with_damaged_header(&self, number: u64) -> Self {
        let mut damaged = self.clone();
        if let Some(Some(header)) = damaged
            .cached
            .get_mut(&Name::Segment(number))
            .and_then(|file| file.first_mut())
        {
            Rc::make_mut(header)[40] ^= 1;
        }
        damaged
    }

    pub(crate) fn read(&self, name: Name) -> Sectors<'_> {
        Sectors(self.cached.get(&name).map_or(&[], Vec::as_slice))
    }

    /// Every disk that a crash now can leave: every subset of the sectors and names that
    /// were not synced.
    pub(crate) fn crash_images(&self) -> Vec<Self> {
        let mut images = vec![Self::default()];
        for name in self.names.union(&self.durable_names) {
            let mut choices = self
                .survivors(*name)
                .into_iter()
                .map(Some)
                .collect::<Vec<_>>();
            if !self.durable_names.contains(name) {
                choices.push(None);
            }
            images = images
                .iter()
                .flat_map(|image| {
                    choices.iter().map(|choice| {
                        let mut image = image.clone();
                        if let Some(sectors) = choice {
                            image.durable.insert(*name, sectors.clone());
                            image.cached.insert(*name, sectors.clone());
                            image.durable_names.insert(*name);
                            image.names.insert(*name);
                        }
                        image
                    })
                })
                .collect();
        }
        images
    }

    /// Every content of a file that a crash now can leave, if its name survives.
    fn survivors(&self, name: Name) -> Vec<Vec<Sector>> {
        let durable = self.durable.get(&name).map_or(&[][..], Vec::as_slice);
        let unsynced = self
            .cached
            .get(&name)
            .map_or(&[][..], |file| &file[durable.len()..]);
        (0..1_u32 << unsynced.len())
            .map(|mask| {
                let mut sectors = durable.to_vec();
                let kept = (0..)
                    .zip(unsynced)
                    .map(|(at, sector)| sector.clone().filter(|_| mask >> at & 1 == 1));
                sectors.extend(kept);
                while sectors.len() > durable.len() && sectors.last().is_some_and(Option::is_none) {
                    sectors.pop();
                }
                sectors
            })
            .collect()
    }
}

/// The sectors of a file as the scanner reads them.
#[derive(Clone, Copy)]
pub(crate) struct Sectors<'a>(&'a [Sector]);

impl SegmentBytes for Sectors<'_> {
    type Error = OutOfBounds;

    fn len(&self) -> u64 {
        (self.0.len() * SECTOR) as u64
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<(), OutOfBounds> {
        let error = OutOfBounds {
            offset,
            wanted: buf.len(),
            len: self.0.len() * SECTOR,
        };
        let mut at = offset as usize;
        let mut rest = buf;
        while !rest.is_empty() {
            let from = at % SECTOR;
            let (piece, behind) = rest.split_at_mut((SECTOR - from).min(rest.len()));
            match self.0.get(at / SECTOR).ok_or(error)? {
                Some(sector) => piece.copy_from_slice(&sector[from..from + piece.len()]),
                None => piece.fill(0),
            }
            at += piece.len();
            rest = behind;
        }
        Ok(())
    }
}
