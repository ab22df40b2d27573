//! The limits of a manifest's fields, alone and together.

use rotortree_lean_imt::geometry::{Shape, Stride};
use rotortree_wal::{MAX_METADATA_BYTES, MAX_SEQUENCE, Position};

use super::{CleanClose, MAX_CUT_FILE_NAME, MAX_CUT_FILES, MAX_CUTS, Manifest, at};
use crate::storage::FIRST_SEGMENT;

/// A field that cannot be right, by its offset.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contradiction {
    pub(super) offset: usize,
    pub(super) reason: String,
}

fn ensure(
    holds: bool,
    offset: usize,
    reason: impl FnOnce() -> String,
) -> Result<(), Contradiction> {
    if holds {
        Ok(())
    } else {
        Err(Contradiction {
            offset,
            reason: reason(),
        })
    }
}

/// The largest generation, sequence, segment number and length: there is always room to count on.
const MAX_COUNT: u64 = MAX_SEQUENCE;

fn ensure_counts(what: &str, value: u64, offset: usize) -> Result<(), Contradiction> {
    ensure(value <= MAX_COUNT, offset, || {
        format!("{what} {value}; {MAX_COUNT} is the largest")
    })
}

/// Refuses metadata longer than the log takes.
pub(super) fn check_metadata(len: usize) -> Result<(), String> {
    if len <= MAX_METADATA_BYTES {
        Ok(())
    } else {
        Err(format!(
            "{len} bytes of metadata; {MAX_METADATA_BYTES} are the most"
        ))
    }
}

impl Manifest {
    /// Checks everything but the levels, before their lengths are derived.
    pub(super) fn check_head(&self) -> Result<(), Contradiction> {
        ensure_counts("generation", self.generation, at::GENERATION)?;
        ensure(self.arity >= 2, at::ARITY, || {
            format!("a branching factor of {}", self.arity)
        })?;
        ensure((1..=64).contains(&self.max_depth), at::MAX_DEPTH, || {
            format!("a depth ceiling of {}; it is 1 to 64", self.max_depth)
        })?;
        let stride = Stride::new(u64::from(self.arity), self.stride as usize);
        ensure(stride.is_some(), at::STRIDE, || {
            format!(
                "every {}th level of a tree with N = {} is stored, which no tree has",
                self.stride, self.arity
            )
        })?;
        // A release that stores trees without their first leaves writes another version.
        ensure(self.base_size == 0, at::BASE_SIZE, || {
            format!(
                "a tree whose first {} leaves are not stored, which this version does not have",
                self.base_size
            )
        })?;
        ensure_counts("entry", self.sequence, at::SEQUENCE)?;
        self.check_size(self.size, at::SIZE)?;
        ensure(self.size > 0 || self.root == [0; 32], at::ROOT, || {
            "a root of an empty tree".into()
        })?;
        ensure(
            self.first_segment >= FIRST_SEGMENT,
            at::FIRST_SEGMENT,
            || {
                format!(
                    "first log segment {}, but they count from {FIRST_SEGMENT}",
                    self.first_segment
                )
            },
        )?;
        ensure(
            self.first_segment <= self.newest.number,
            at::LAST_SEGMENT,
            || {
                format!(
                    "log segments from {} to {}",
                    self.first_segment, self.newest.number
                )
            },
        )?;
        ensure_counts("log segment", self.newest.number, at::LAST_SEGMENT)?;
        self.check_durable()?;
        self.clean_close
            .iter()
            .try_for_each(|close| self.check_close(close))
    }

    fn check_durable(&self) -> Result<(), Contradiction> {
        let Position {
            sequence,
            size,
            root,
        } = self.durable;
        ensure_counts("entry", sequence, at::DURABLE_SEQUENCE)?;
        ensure(sequence >= self.sequence, at::DURABLE_SEQUENCE, || {
            format!("entry {sequence} was durable, which is before the checkpoint")
        })?;
        self.check_size(size, at::DURABLE_SIZE)?;
        ensure(size >= self.size, at::DURABLE_SIZE, || {
            format!("{size} leaves were durable, which is before the checkpoint")
        })?;
        ensure(size > 0 || root == [0; 32], at::DURABLE_ROOT, || {
            "a root of an empty tree that was durable".into()
        })?;
        ensure(
            size != self.size || root == self.root,
            at::DURABLE_ROOT,
            || "one size has two roots, at the checkpoint and where the log was durable".into(),
        )
    }

    fn check_size(&self, size: u64, offset: usize) -> Result<(), Contradiction> {
        let shape = Shape::new(u64::from(self.arity), size);
        let most = shape.max_size(self.max_depth as usize);
        ensure(size <= most, offset, || {
            format!(
                "{size} leaves, more than the {most} of depth {}",
                self.max_depth
            )
        })
    }

    fn check_close(&self, close: &CleanClose) -> Result<(), Contradiction> {
        let segments = self.first_segment..=self.newest.number;
        ensure(segments.contains(&close.segment), at::CLOSE_SEGMENT, || {
            format!(
                "the log ends in segment {}, which it does not have",
                close.segment
            )
        })?;
        ensure(close.length > 0, at::CLOSE_LENGTH, || {
            "the log ends in a segment without bytes".into()
        })?;
        ensure_counts("a segment of length", close.length, at::CLOSE_LENGTH)?;
        ensure_counts("entry", close.sequence, at::CLOSE_SEQUENCE)?;
        ensure(close.sequence >= self.sequence, at::CLOSE_SEQUENCE, || {
            format!(
                "the log ends at entry {}, before the checkpoint",
                close.sequence
            )
        })?;
        self.check_size(close.size, at::CLOSE_SIZE)?;
        ensure(close.size >= self.size, at::CLOSE_SIZE, || {
            format!(
                "the log ends at {} leaves, before the checkpoint",
                close.size
            )
        })?;
        ensure(
            close.size > 0 || close.root == [0; 32],
            at::CLOSE_ROOT,
            || "a root of an empty tree at the end of the log".into(),
        )?;
        ensure(
            close.size != self.size || close.root == self.root,
            at::CLOSE_ROOT,
            || "one size has two roots, at the checkpoint and at the end of the log".into(),
        )
    }

    /// Checks what a call that was cut short has carried; the field stands at `offset`.
    pub(super) fn check_carried(&self, offset: usize) -> Result<(), Contradiction> {
        let Some(carried) = self.backup_of.and_then(|of| of.carried) else {
            return Ok(());
        };
        self.check_size(carried.size, offset)?;
        ensure(carried.size > self.size, offset, || {
            let size = carried.size;
            format!("{size} leaves were carried, which is not beyond the checkpoint")
        })
    }

    /// Checks the notices of cuts as decoding does, so that no unreadable notice is written.
    fn check_cuts(&self) -> Result<(), Contradiction> {
        let most = |what: &str, count: usize, most: usize| {
            ensure(count <= most, at::HEAD, || {
                format!("{count} {what}; {most} are the most")
            })
        };
        most("cut notices", self.cuts.len(), MAX_CUTS)?;
        self.cuts.iter().try_for_each(|cut| {
            most("labels of kept files", cut.files.len(), MAX_CUT_FILES)?;
            let names = &mut cut.files.iter();
            names.try_for_each(|name| most("bytes of a label", name.len(), MAX_CUT_FILE_NAME))
        })
    }

    /// Checks everything. The levels stand behind the head, so a contradiction in them is
    /// reported there.
    pub(super) fn check(&self) -> Result<(), Contradiction> {
        self.check_head()?;
        let metadata = self.metadata.as_ref().map_or(0, Vec::len);
        self.check_cuts()?;
        self.check_carried(at::HEAD)?;
        check_metadata(metadata).map_err(|reason| Contradiction {
            offset: at::HEAD,
            reason,
        })?;
        let shape = self.shape();
        let levels = shape.stored_levels();
        ensure(self.levels.len() == levels.len(), at::HEAD, || {
            format!(
                "{} levels where the size asks for {}",
                self.levels.len(),
                levels.len()
            )
        })?;
        for (level, tail) in levels.zip(&self.levels) {
            let (nodes, sums) = (shape.tail_nodes(level), shape.tail_sums(level));
            ensure(
                tail.nodes.len() == nodes && tail.sums.len() == sums,
                at::HEAD,
                || {
                    format!(
                        "level {level} ends in {} nodes and {} checksums where the size asks for \
                         {nodes} and {sums}",
                        tail.nodes.len(),
                        tail.sums.len()
                    )
                },
            )?;
        }
        Ok(())
    }
}
