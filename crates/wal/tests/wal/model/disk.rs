//! A disk that loses unsynced writes: files of sectors, each with a durable and a cached state, and
//! a directory, whose names lead to files.

use std::collections::BTreeMap;
use std::rc::Rc;

use rotortree_wal::{OutOfBounds, SECTOR, SegmentBytes};

/// A sector, or one that was never written, or whose writing never reached the disk, and that reads
/// as zeros.
pub(crate) type Sector = Option<Rc<[u8; SECTOR]>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    Segment(u64),
    Temporary(u64),
    /// The file of a covered segment, for the next one.
    Spare,
    /// The chunks that records refer to, two sectors each.
    Chunks,
    /// The manifest of a generation: of those that are whole the last is in force.
    Manifest(u64),
}

#[derive(Clone, Debug, Default)]
struct File {
    durable: Vec<Sector>,
    cached: Vec<Sector>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    durable_names: BTreeMap<Name, usize>,
    names: BTreeMap<Name, usize>,
}

impl Disk {
    /// Writes sectors from a sector on, into a new file where the name leads to none.
    pub(crate) fn write(&mut self, name: Name, at: usize, bytes: &[u8]) {
        let (sectors, rest) = bytes.as_chunks::<SECTOR>();
        assert!(rest.is_empty(), "only whole sectors are written");
        let file = self.names.entry(name).or_insert_with(|| {
            self.files.push(File::default());
            self.files.len() - 1
        });
        let cached = &mut self.files[*file].cached;
        cached.resize(cached.len().max(at + sectors.len()), None);
        for (place, sector) in cached[at..].iter_mut().zip(sectors) {
            *place = Some(Rc::new(*sector));
        }
    }

    /// Lengthens a file by zeros up to so many sectors.
    pub(crate) fn prepare(&mut self, name: Name, sectors: usize) {
        let cached = &mut self.files[self.names[&name]].cached;
        cached.resize(cached.len().max(sectors), None);
    }

    /// The length of a file in sectors.
    pub(crate) fn len(&self, name: Name) -> usize {
        self.names
            .get(&name)
            .map_or(0, |file| self.files[*file].cached.len())
    }

    pub(crate) fn sync(&mut self, name: Name) {
        let file = &mut self.files[self.names[&name]];
        file.durable.clone_from(&file.cached);
    }

    pub(crate) fn sync_directory(&mut self) {
        self.durable_names.clone_from(&self.names);
    }

    pub(crate) fn remove(&mut self, name: Name) {
        self.names.remove(&name);
    }

    /// Gives a file another name.
    pub(crate) fn rename(&mut self, old: Name, new: Name) {
        let file = self.names.remove(&old).expect("the file exists");
        self.names.insert(new, file);
    }

    pub(crate) fn exists(&self, name: Name) -> bool {
        self.names.contains_key(&name)
    }

    /// Whether a crash now loses nothing.
    pub(crate) fn is_synced(&self) -> bool {
        self.names == self.durable_names
            && self
                .names
                .values()
                .all(|file| self.files[*file].unsynced().is_empty())
    }

    /// The numbers of the segments, in order.
    pub(crate) fn segments(&self) -> Vec<u64> {
        let numbers = self.names.keys().filter_map(|name| match name {
            Name::Segment(number) => Some(*number),
            Name::Temporary(_) | Name::Spare | Name::Chunks | Name::Manifest(_) => None,
        });
        numbers.collect()
    }

    /// The generation of the last manifest, whole or not, and the bytes of the last one
    /// that is whole.
    pub(crate) fn manifest(&self) -> (u64, Option<Rc<[u8; SECTOR]>>) {
        let generation = |name: &Name| match name {
            Name::Manifest(generation) => Some(*generation),
            Name::Segment(_) | Name::Temporary(_) | Name::Spare | Name::Chunks => None,
        };
        let mut generations = self.names.keys().filter_map(generation);
        let whole = generations.clone().rev().find_map(|generation| {
            let file = &self.files[self.names[&Name::Manifest(generation)]];
            file.cached.first().cloned().flatten()
        });
        (generations.next_back().unwrap_or(0), whole)
    }

    /// The disk with a damaged header in a segment.
    pub(crate) fn with_damaged_header(&self, number: u64) -> Self {
        let mut damaged = self.clone();
        let file = self.names[&Name::Segment(number)];
        if let Some(Some(header)) = damaged.files[file].cached.first_mut() {
            Rc::make_mut(header)[40] ^= 1;
        }
        damaged
    }

    /// Puts a chunk that holds `value` in its place.
    pub(crate) fn put_chunk(&mut self, place: u64, value: u32) {
        let mut bytes = [0; 2 * SECTOR];
        let (words, _) = bytes.as_chunks_mut::<4>();
        words.fill(value.to_le_bytes());
        self.write(Name::Chunks, place as usize * 2, &bytes);
    }

    /// The value in the first sector of a chunk, and whether the second one has it too. `None`
    /// where there is no chunk.
    pub(crate) fn chunk(&self, place: u64) -> Option<(u32, bool)> {
        let mut bytes = [0; 2 * SECTOR];
        let offset = place.checked_mul(bytes.len() as u64)?;
        self.read(Name::Chunks).read_at(offset, &mut bytes).ok()?;
        let (words, _) = bytes.as_chunks::<4>();
        let is_whole = words.iter().all(|word| *word == words[0]);
        Some((u32::from_le_bytes(words[0]), is_whole))
    }

    /// The disk with other bytes in a chunk.
    pub(crate) fn with_damaged_chunk(&self, place: u64) -> Self {
        let mut damaged = self.clone();
        damaged.put_chunk(place, u32::MAX);
        damaged
    }

    pub(crate) fn read(&self, name: Name) -> Sectors<'_> {
        let file = self.names.get(&name);
        Sectors(file.map_or(&[], |file| &self.files[*file].cached))
    }

    /// Every disk that a crash now can leave: every subset of the sectors and names that
    /// were not synced.
    pub(crate) fn crash_images(&self) -> Vec<Self> {
        let mut images = vec![Self::default()];
        for file in &self.files {
            let contents = file.survivors();
            images = each_with(&images, &contents, |image, content| {
                image.files.push(File {
                    durable: content.clone(),
                    cached: content.clone(),
                });
            });
        }
        let mut names: Vec<Name> = self.names.keys().copied().collect();
        names.extend(self.durable_names.keys());
        names.sort_unstable();
        names.dedup();
        for name in names {
            let mut leads_to = vec![self.names.get(&name), self.durable_names.get(&name)];
            leads_to.dedup();
            images = each_with(&images, &leads_to, |image, file| {
                if let Some(file) = file {
                    image.durable_names.insert(name, **file);
                    image.names.insert(name, **file);
                }
            });
        }
        images
    }
}

/// Each image with each choice.
fn each_with<T>(images: &[Disk], choices: &[T], choose: impl Fn(&mut Disk, &T)) -> Vec<Disk> {
    let chosen = images.iter().flat_map(|image| {
        choices.iter().map(|choice| {
            let mut image = image.clone();
            choose(&mut image, choice);
            image
        })
    });
    chosen.collect()
}

impl File {
    /// The sectors whose durable content is another than the cached one.
    fn unsynced(&self) -> Vec<usize> {
        let differs = |at: &usize| match (self.durable.get(*at).unwrap_or(&None), &self.cached[*at])
        {
            (Some(durable), Some(cached)) => !Rc::ptr_eq(durable, cached),
            (durable, cached) => durable.is_some() || cached.is_some(),
        };
        (0..self.cached.len()).filter(differs).collect()
    }

    /// Every content that a crash now can leave. Zeros at the end of an unsynced length are left
    /// out: they read as what is not there.
    fn survivors(&self) -> Vec<Vec<Sector>> {
        let unsynced = self.unsynced();
        (0..1_u32 << unsynced.len())
            .map(|mask| {
                let mut sectors = self.cached.clone();
                for (bit, at) in unsynced.iter().enumerate() {
                    if mask >> bit & 1 == 0 {
                        sectors[*at] = self.durable.get(*at).cloned().flatten();
                    }
                }
                while sectors.len() > self.durable.len()
                    && sectors.last().is_some_and(Option::is_none)
                {
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
