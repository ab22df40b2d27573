//! [`Layout`]: the names of a store's files. No other module knows file names.

use std::path::{Path, PathBuf};

use crate::storage::{Shard, Stream};

pub(super) const MANIFEST: &str = "MANIFEST";
pub(super) const MANIFEST_TEMPORARY: &str = "MANIFEST.tmp";
pub(super) const LOG: &str = "log";
pub(super) const LEVELS: &str = "levels";
pub(super) const QUARANTINE: &str = "aside";
const SPARE: &str = "spare.wal.tmp";
const SEGMENT_SUFFIX: &str = ".wal";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Paths of a store under its root directory.
#[derive(Debug)]
pub(super) struct Layout {
    root: PathBuf,
    log: PathBuf,
    levels: PathBuf,
    quarantine: PathBuf,
    manifest: PathBuf,
}

impl Layout {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            log: root.join(LOG),
            levels: root.join(LEVELS),
            quarantine: root.join(QUARANTINE),
            manifest: root.join(MANIFEST),
            root,
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    pub(super) fn levels(&self) -> &Path {
        &self.levels
    }

    pub(super) fn quarantine(&self) -> &Path {
        &self.quarantine
    }

    pub(super) fn manifest(&self) -> &Path {
        &self.manifest
    }

    pub(super) fn manifest_temporary(&self) -> PathBuf {
        self.root.join(MANIFEST_TEMPORARY)
    }

    pub(super) fn segment(&self, number: u64) -> PathBuf {
        self.log.join(segment_name(number))
    }

    /// The file of a covered segment, for the next one.
    pub(super) fn spare(&self) -> PathBuf {
        self.log.join(SPARE)
    }

    pub(super) fn level(&self, level: u8) -> PathBuf {
        self.levels.join(format!("{level:02}"))
    }

    pub(super) fn shard(&self, shard: Shard) -> PathBuf {
        let suffix = match shard.stream {
            Stream::Chunks => "chunks",
            Stream::Sums => "sums",
        };
        self.level(shard.level)
            .join(format!("{:06}.{suffix}", shard.index))
    }

    /// The quarantine's file for a label.
    pub(super) fn kept(&self, label: &str) -> PathBuf {
        self.quarantine.join(format!("{}.bytes", plain(label)))
    }
}

fn segment_name(number: u64) -> String {
    format!("{number:016}{SEGMENT_SUFFIX}")
}

/// The number of the segment with this name, if the name is spelled exactly as the store spells it.
pub(super) fn segment_number(name: &Path) -> Option<u64> {
    let name = name.to_str()?;
    let number = name.strip_suffix(SEGMENT_SUFFIX)?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

/// The temporary name of a file before it gets its own.
pub(super) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY_SUFFIX);
    name.into()
}

/// Whether a name in the log directory is that of the spare file, or a segment's temporary name.
pub(super) fn is_segment_temporary(name: &Path) -> bool {
    let of_segment = || {
        name.to_str()
            .and_then(|name| name.strip_suffix(TEMPORARY_SUFFIX))
            .is_some_and(|name| segment_number(Path::new(name)).is_some())
    };
    name == Path::new(SPARE) || of_segment()
}

/// Whether a name in the directory of kept bytes is a temporary one.
pub(super) fn is_kept_temporary(name: &Path) -> bool {
    name.to_str()
        .and_then(|name| name.strip_suffix(TEMPORARY_SUFFIX))
        .is_some_and(|name| name.ends_with(".bytes"))
}

/// Whether a name in a level's directory is a shard's temporary name.
pub(super) fn is_shard_temporary(name: &Path) -> bool {
    name.to_str()
        .and_then(|name| name.strip_suffix(TEMPORARY_SUFFIX))
        .is_some_and(|name| name.ends_with(".chunks") || name.ends_with(".sums"))
}

/// Whether a name in the directory of levels is a level's name.
pub(super) fn is_level(name: &Path) -> bool {
    name.to_str().is_some_and(|name| {
        name.parse()
            .is_ok_and(|level: u8| format!("{level:02}") == name)
    })
}

/// A label with `_` in place of everything but letters, digits, `-` and `_`, so that it cannot
/// leave its directory.
fn plain(label: &str) -> String {
    label
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c,
            _ => '_',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_spelling_of_a_segment_is_one() {
        for number in [
            0,
            1,
            9_999_999_999_999_999,
            10_000_000_000_000_000,
            u64::MAX,
        ] {
            assert_eq!(
                segment_number(Path::new(&segment_name(number))),
                Some(number)
            );
        }
        for name in [
            "1.wal",
            "0000000000000001",
            "0000000000000001.wal.tmp",
            "+000000000000001.wal",
            "00000000000000001.wal",
            ".wal",
        ] {
            assert_eq!(segment_number(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn temporaries_are_told_from_everything_else() {
        assert!(is_segment_temporary(Path::new("0000000000000001.wal.tmp")));
        assert!(is_segment_temporary(Path::new("spare.wal.tmp")));
        assert!(!is_segment_temporary(Path::new("notes.tmp")));
        assert!(is_kept_temporary(Path::new("tail-0.bytes.tmp")));
        assert!(!is_kept_temporary(Path::new("tail-0.bytes")));
        assert!(is_shard_temporary(Path::new("000000.chunks.tmp")));
        assert!(is_shard_temporary(Path::new("000000.sums.tmp")));
        assert!(!is_shard_temporary(Path::new("000000.chunks")));
    }

    #[test]
    fn a_label_cannot_leave_its_directory() {
        let layout = Layout::new("/tree".into());
        assert_eq!(
            layout.kept("../log/a b"),
            Path::new("/tree/aside/___log_a_b.bytes")
        );
    }
}
