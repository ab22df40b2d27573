//! The disks that a crash may leave: every subset of the unsynced changes, enumerated up to a bound
//! and sampled above it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    sync::Arc,
};

use super::{
    SimFiles,
    dir::{DirNode, NodeId},
    disk::{Disk, Node, ROOT},
    file::{FileNode, PIECE, Piece},
    rng::Rng,
};

/// The number of images of one crash point to make, and their choice if there are more.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// At most this many images. If a crash can leave no more, each of them is made once.
    pub images: usize,
    /// Chooses the images where there are more.
    pub seed: u64,
    /// Whether lost pieces past a file's old end may hold anything instead of zeros, as on file
    /// systems that do not order data before lengths. Adds to the sampled images, not to the
    /// exhaustive ones.
    pub garbage: bool,
}

impl Bound {
    /// At most `images` images per crash point, chosen by `seed`, lost pieces being zeros.
    pub fn new(images: usize, seed: u64) -> Self {
        Self {
            images,
            seed,
            garbage: false,
        }
    }
}

/// A disk after a crash, the page cache gone.
#[derive(Debug)]
pub struct Image {
    /// The disk; everything on it is synced, nothing is mapped or locked, and its journal is empty.
    pub files: SimFiles,
    /// The part of each unsynced thing that reached the disk, for [`CrashPoint::image`] to make the
    /// same image again.
    pub picks: Vec<u32>,
    /// The seed of the garbage in lost pieces, if there is any.
    pub garbage: Option<u64>,
    /// Equal for equal disks, so that a harness opens each only once.
    pub fingerprint: u64,
}

/// A moment at which the machine may crash.
#[derive(Debug)]
pub struct CrashPoint {
    operations: usize,
    after: String,
    disk: Disk,
    choices: Vec<Choice>,
    /// The files of which nothing is open, the same in every image, and the hashes of their bytes.
    certain: BTreeMap<NodeId, (FileNode, u64)>,
}

/// One thing that is not synced.
#[derive(Debug)]
struct Choice {
    what: What,
    /// The operations that changed it since the last sync. As many of them reached the disk as a
    /// pick says, the first ones first: a page holds all earlier writes when it is written.
    steps: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Name { dir: NodeId, change: usize },
    Length { file: NodeId },
    Piece { file: NodeId, index: u64 },
}

impl SimFiles {
    /// The crash now.
    pub fn crash_point(&self) -> CrashPoint {
        let state = self.state();
        CrashPoint::new(state.history.len(), "now".to_owned(), state.disk.clone())
    }

    /// Images of a crash now.
    pub fn crash_images(&self, bound: Bound) -> Vec<Image> {
        self.crash_point().images(bound).collect()
    }
}

impl CrashPoint {
    pub(super) fn new(operations: usize, after: String, disk: Disk) -> Self {
        let choices = choices(&disk);
        let mut certain = BTreeMap::new();
        for (id, node) in disk.possible() {
            if let Node::File(file) = node
                && file.is_certain()
            {
                let synced = file.synced();
                let hash = hash(synced.bytes());
                certain.insert(id, (synced, hash));
            }
        }
        Self {
            operations,
            after,
            disk,
            choices,
            certain,
        }
    }

    /// The number of operations before this point. State that was acknowledged when
    /// [`SimFiles::operations`] returned at most this number must survive.
    pub fn operations(&self) -> usize {
        self.operations
    }

    /// The disk as programs see it at this moment. All of it counts as synced.
    pub fn seen(&self) -> SimFiles {
        let nodes = self.disk.possible().into_iter().map(|(id, node)| {
            let node = match node {
                Node::File(file) => Node::File(file.synced()),
                Node::Dir(dir) => Node::Dir(DirNode {
                    now: dir.now.clone(),
                    disk: dir.now.clone(),
                    changes: Vec::new(),
                }),
            };
            (id, node)
        });
        SimFiles::with_disk(Disk::certain(nodes.collect()))
    }

    /// The disk if the program is killed at this moment and the machine goes on: unsynced state
    /// stays unsynced. Nothing is mapped or locked, and the journal begins anew.
    pub fn killed(&self) -> SimFiles {
        let mut disk = self.disk.clone();
        disk.unmap();
        SimFiles::with_disk(disk)
    }

    /// The operation just before, in words.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// In how many ways the unsynced things can have reached the disk or not. Some ways lead to
    /// equal disks.
    pub fn ways(&self) -> u128 {
        let ways = self.choices.iter().map(|c| c.steps.len() as u128 + 1);
        ways.fold(1, u128::saturating_mul)
    }

    /// The image of one way.
    ///
    /// # Panics
    ///
    /// If `picks` are not of this crash point.
    pub fn image(&self, picks: &[u32], garbage: Option<u64>) -> Image {
        assert_eq!(picks.len(), self.choices.len(), "one pick for each choice");
        let picked: BTreeMap<What, usize> = self
            .choices
            .iter()
            .zip(picks)
            .map(|(choice, pick)| (choice.what, *pick as usize))
            .collect();
        let pick = |what| picked.get(&what).copied().unwrap_or(0);
        let mut nodes = BTreeMap::new();
        let mut hashes = BTreeMap::new();
        for (id, node) in self.disk.possible() {
            let node = match node {
                Node::File(file) => {
                    let (synced, hash) = match self.certain.get(&id) {
                        Some((synced, hash)) => (synced.clone(), *hash),
                        None => {
                            let bytes = file.after_crash(
                                pick(What::Length { file: id }),
                                |index| pick(What::Piece { file: id, index }),
                                |index| garbage.map(|seed| garbage_piece(seed, id, index)),
                            );
                            let hash = hash(&bytes);
                            (FileNode::on_disk(bytes), hash)
                        }
                    };
                    hashes.insert(id, hash);
                    Node::File(synced)
                }
                Node::Dir(dir) => {
                    let names = dir.after_crash(|change| pick(What::Name { dir: id, change }) > 0);
                    Node::Dir(DirNode {
                        now: names.clone(),
                        disk: names,
                        changes: Vec::new(),
                    })
                }
            };
            nodes.insert(id, node);
        }
        let disk = Disk::certain(nodes);
        Image {
            fingerprint: fingerprint(&disk, &hashes, ROOT),
            files: SimFiles::with_disk(disk),
            picks: picks.to_vec(),
            garbage,
        }
    }

    /// Different images of this crash point: all of them if that is at most the bound, otherwise
    /// those that lost everything, nothing, everything since some moment, and one thing alone,
    /// and random ones up to the bound.
    pub fn images(&self, bound: Bound) -> impl Iterator<Item = Image> + '_ {
        let mut seen = BTreeSet::new();
        let ways = self.ways();
        let all = ways <= bound.images as u128;
        let every: Box<dyn Iterator<Item = (Vec<u32>, Option<u64>)>> = if all {
            Box::new((0..ways).map(|way| (self.way(way), None)))
        } else {
            // Some random ways lead to equal images; the search for others ends somewhere.
            let tries = bound.images.saturating_mul(4);
            Box::new(self.notable(bound).chain(self.random(bound)).take(tries))
        };
        every
            .map(|(picks, garbage)| self.image(&picks, garbage))
            .filter(move |image| seen.insert(image.fingerprint))
            .take(bound.images)
    }

    /// The way of that number, counting in a mixed radix.
    fn way(&self, mut number: u128) -> Vec<u32> {
        let digits = self.choices.iter().map(|choice| {
            let radix = choice.steps.len() as u128 + 1;
            let digit = number % radix;
            number /= radix;
            digit as u32
        });
        digits.collect()
    }

    fn most(&self) -> Vec<u32> {
        let most = self.choices.iter().map(|choice| choice.steps.len() as u32);
        most.collect()
    }

    /// Ways that find most faults, before chance is asked; at most half of the bound.
    fn notable(&self, bound: Bound) -> impl Iterator<Item = (Vec<u32>, Option<u64>)> + '_ {
        let (none, most) = (vec![0; self.choices.len()], self.most());
        let moments: BTreeSet<usize> = self
            .choices
            .iter()
            .flat_map(|choice| choice.steps.iter().copied())
            .collect();
        let until = moments.into_iter().rev().map(|moment| {
            let picks = self.choices.iter().map(|choice| {
                let kept = choice.steps.iter().filter(|step| **step < moment);
                kept.count() as u32
            });
            picks.collect()
        });
        let singles = (0..self.choices.len()).rev().flat_map(|index| {
            let (mut without, mut only) = (self.most(), vec![0; self.choices.len()]);
            without[index] = 0;
            only[index] = self.choices[index].steps.len() as u32;
            [without, only]
        });
        let garbage = bound.garbage.then_some(bound.seed);
        let notable = [(none.clone(), None), (most, None)].into_iter();
        notable
            .chain(garbage.map(|seed| (none, Some(seed))))
            .chain(until.map(|picks| (picks, None)))
            .chain(singles.map(|picks| (picks, None)))
            .take(bound.images.div_ceil(2))
    }

    /// Random ways: some keep little, some half, some most.
    fn random(&self, bound: Bound) -> impl Iterator<Item = (Vec<u32>, Option<u64>)> + '_ {
        let mut rng = Rng::new(bound.seed ^ (self.operations as u64).rotate_left(32));
        std::iter::repeat_with(move || {
            let kept_of_8 = [1, 4, 7][rng.below(3) as usize];
            let picks = self.choices.iter().map(|choice| {
                if rng.below(8) < kept_of_8 {
                    1 + rng.below(choice.steps.len() as u64) as u32
                } else {
                    0
                }
            });
            let picks = picks.collect();
            let garbage = (bound.garbage && rng.below(2) == 0).then(|| rng.next());
            (picks, garbage)
        })
    }
}

fn choices(disk: &Disk) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (id, node) in disk.possible() {
        match node {
            Node::Dir(dir) => {
                for (change, (operation, _)) in dir.changes.iter().enumerate() {
                    choices.push(Choice {
                        what: What::Name { dir: id, change },
                        steps: vec![*operation],
                    });
                }
            }
            Node::File(file) => {
                let lengths = &file.lengths.steps;
                if !lengths.is_empty() {
                    choices.push(Choice {
                        what: What::Length { file: id },
                        steps: lengths.iter().map(|(operation, _)| *operation).collect(),
                    });
                }
                for (index, piece) in &file.pieces {
                    let steps = piece.steps.iter().map(|(operation, _)| *operation);
                    choices.push(Choice {
                        what: What::Piece {
                            file: id,
                            index: *index,
                        },
                        steps: steps.collect(),
                    });
                }
            }
        }
    }
    choices
}

fn garbage_piece(seed: u64, file: NodeId, index: u64) -> Piece {
    let mut rng = Rng::new(seed ^ file.rotate_left(40) ^ index.rotate_left(20));
    let mut piece = [0; PIECE];
    for bytes in piece.chunks_mut(8) {
        bytes.copy_from_slice(&rng.next().to_le_bytes());
    }
    Arc::new(piece)
}

/// A hash of the files and names at and below a node.
fn fingerprint(disk: &Disk, hashes: &BTreeMap<NodeId, u64>, node: NodeId) -> u64 {
    let Some(dir) = disk.dir(node) else {
        return hashes[&node];
    };
    dir.now.iter().fold(1, |so_far, (name, node)| {
        let below = fingerprint(disk, hashes, *node);
        mix(mix(so_far, hash(OsStr::as_encoded_bytes(name))), below)
    })
}

/// A hash that is cheap without optimisation too: tests hash a lot.
fn hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let so_far = mix(bytes.len() as u64, words.len() as u64);
    let so_far = words.iter().fold(so_far, |so_far, word| {
        mix(so_far, u64::from_le_bytes(*word))
    });
    rest.iter()
        .fold(so_far, |so_far, byte| mix(so_far, u64::from(*byte)))
}

fn mix(so_far: u64, word: u64) -> u64 {
    (so_far ^ word)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(29)
}
