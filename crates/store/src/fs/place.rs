//! The content of a directory: nothing, a store, part of a store, or foreign files. Inspection
//! changes nothing; sweeping removes leftovers of crashes.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    disk::Disk,
    layout::{
        self, LEVELS, LOG, Layout, MANIFEST, MANIFEST_TEMPORARY, QUARANTINE, is_kept_temporary,
        is_level, is_segment_temporary, is_shard_temporary, segment_number,
    },
};
use crate::{
    file_layer::{FileLayer, LOCK_NAME},
    storage::{FIRST_SEGMENT, Location, MAX_HEADER_BYTES, Place},
};

/// The most names in a message about a foreign directory.
const NAMES_TOLD: usize = 4;

/// Directories that a file system creates in its own root.
const MOUNT_POINT_NAMES: [&str; 3] = ["lost+found", ".fseventsd", "System Volume Information"];

/// Classifies the content of the directory.
pub(super) fn inspect<L: FileLayer>(disk: &Disk<L>, layout: &Layout) -> io::Result<Place> {
    let Some(entries) = disk.list(layout.root())? else {
        return Ok(Place::Vacant);
    };
    if entries.contains(&(MANIFEST.into(), false)) {
        return Ok(Place::Occupied);
    }
    let mut parts = Vec::new();
    let mut foreign = Vec::new();
    for (name, is_dir) in entries {
        match (name.to_str(), is_dir) {
            (Some(LOCK_NAME | MANIFEST_TEMPORARY), false) => {}
            (Some(LOG), true) => parts.extend(log_beyond_creation(disk, layout, &mut foreign)?),
            (Some(LEVELS), true) if are_levels(disk, layout)? => {
                parts.push("a directory `levels`".to_owned());
            }
            (Some(QUARANTINE), true) if is_aside(disk, layout)? => {
                parts.push("a directory `aside`".to_owned());
            }
            _ => foreign.push((name, is_dir)),
        }
    }
    Ok(if !parts.is_empty() {
        Place::ManifestMissing {
            found: format!("{}, but no file `{MANIFEST}`", parts.join(" and ")),
        }
    } else if !foreign.is_empty() {
        Place::Foreign {
            found: describe(disk, layout, &foreign)?,
        }
    } else {
        Place::Vacant
    })
}

/// The part of the log directory that a crashed creation does not explain. Foreign names go to
/// `foreign`.
fn log_beyond_creation<L: FileLayer>(
    disk: &Disk<L>,
    layout: &Layout,
    foreign: &mut Vec<(PathBuf, bool)>,
) -> io::Result<Option<String>> {
    let mut segments = 0_u64;
    let mut beyond = false;
    for (name, is_dir) in disk.list(layout.log())?.unwrap_or_default() {
        match segment_number(&name) {
            Some(number) if !is_dir => {
                segments += 1;
                beyond |= number != FIRST_SEGMENT || holds_records(disk, &layout.segment(number))?;
            }
            _ if !is_dir && is_segment_temporary(&name) => {}
            _ => foreign.push((Path::new(LOG).join(name), is_dir)),
        }
    }
    Ok(beyond.then(|| {
        let plural = if segments == 1 { "" } else { "s" };
        format!("{segments} log segment{plural} in `{LOG}`")
    }))
}

fn holds_records<L: FileLayer>(disk: &Disk<L>, segment: &Path) -> io::Result<bool> {
    Ok(disk.len(&disk.open(segment)?)? > MAX_HEADER_BYTES)
}

fn are_levels<L: FileLayer>(disk: &Disk<L>, layout: &Layout) -> io::Result<bool> {
    let entries = disk.list(layout.levels())?.unwrap_or_default();
    Ok(entries.is_empty()
        || entries
            .iter()
            .any(|(name, is_dir)| *is_dir && is_level(name)))
}

fn is_aside<L: FileLayer>(disk: &Disk<L>, layout: &Layout) -> io::Result<bool> {
    let entries = disk.list(layout.quarantine())?.unwrap_or_default();
    Ok(entries.iter().all(|(name, is_dir)| {
        let kept = name.extension().is_some_and(|suffix| suffix == "bytes");
        !is_dir && (kept || is_kept_temporary(name))
    }))
}

/// The name of that layout in messages.
const PUBLISHED: &str = "the layout of the crate published as rotortree 0.20 or earlier";

/// Bytes 8 to 12 of the file `wal` of the crate published as `rotortree` 0.1 to 0.20, behind the
/// length and the variant of its header.
const PUBLISHED_MAGIC: [u8; 4] = *b"ROTR";

fn describe<L: FileLayer>(
    disk: &Disk<L>,
    layout: &Layout,
    foreign: &[(PathBuf, bool)],
) -> io::Result<String> {
    let holds = |name: &str, is_dir| foreign.contains(&(name.into(), is_dir));
    if holds("wal", false) {
        if holds("data", true) {
            return Ok(format!(
                "a file `wal` beside a directory `data`, {PUBLISHED}"
            ));
        }
        // The other crate has no directory until its first checkpoint. A file that cannot be read,
        // such as a pipe, is not its log.
        if is_published_log(disk, &layout.root().join("wal")).unwrap_or(false) {
            return Ok(format!(
                "a file `wal` that starts as a log does, {PUBLISHED}"
            ));
        }
    }
    let told = foreign.iter().take(NAMES_TOLD).map(|(name, is_dir)| {
        let kind = if *is_dir { "directory" } else { "file" };
        format!("a {kind} `{}`", name.display())
    });
    let mut text = told.collect::<Vec<_>>().join(", ");
    if foreign.len() > NAMES_TOLD {
        text += &format!(" and {} more", foreign.len() - NAMES_TOLD);
    }
    if MOUNT_POINT_NAMES.iter().any(|name| holds(name, true)) {
        text += " (it is the root of a mounted file system: use a directory below it)";
    }
    Ok(text)
}

fn is_published_log<L: FileLayer>(disk: &Disk<L>, path: &Path) -> io::Result<bool> {
    let file = disk.open(path)?;
    let mut start = [0; 12];
    if disk.len(&file)? < start.len() as u64 {
        return Ok(false);
    }
    disk.read(&file, &mut start, 0)?;
    Ok(start[8..] == PUBLISHED_MAGIC)
}

/// Removes temporary files and, if no manifest was ever committed, the empty segment of a crashed
/// creation. Then makes the names of the manifest and of the place durable: an earlier process may
/// have left them in the cache.
pub(super) fn sweep<L: FileLayer>(disk: &Disk<L>, layout: &Layout) -> io::Result<()> {
    let vacant = inspect(disk, layout)? == Place::Vacant;
    disk.remove_if_there(&layout.manifest_temporary())?;
    for (name, is_dir) in disk.list(layout.log())?.unwrap_or_default() {
        let created = vacant && segment_number(&name).is_some();
        if !is_dir && (created || is_segment_temporary(&name)) {
            disk.remove_if_there(&layout.log().join(name))?;
        }
    }
    for (name, is_dir) in disk.list(layout.quarantine())?.unwrap_or_default() {
        if !is_dir && is_kept_temporary(&name) {
            disk.remove_if_there(&layout.quarantine().join(name))?;
        }
    }
    for level in levels(disk, layout)? {
        for (name, is_dir) in disk.list(&level)?.unwrap_or_default() {
            if !is_dir && is_shard_temporary(&name) {
                disk.remove_if_there(&level.join(name))?;
            }
        }
    }
    let has_log = disk.list(layout.log())?.is_some();
    // The names that a manifest relies on were durable before it got its own.
    if vacant && has_log {
        disk.sync_dir(layout.log())?;
    }
    disk.sync_dir(layout.root())?;
    disk.anchored(has_log.then(|| layout.log().to_owned()));
    disk.anchor_existing()
}

/// The directories of the existing levels.
fn levels<L: FileLayer>(disk: &Disk<L>, layout: &Layout) -> io::Result<Vec<PathBuf>> {
    let entries = disk.list(layout.levels())?.unwrap_or_default();
    let levels = entries
        .iter()
        .filter(|(name, is_dir)| *is_dir && is_level(name));
    Ok(levels.map(|(name, _)| layout.levels().join(name)).collect())
}

/// The location of the directory, also of a missing one: its own directories, and those above it.
pub(super) fn location<L: FileLayer>(disk: &Disk<L>, layout: &Layout) -> io::Result<Location> {
    let mut location = Location::default();
    let (is_there, nearest) = match disk.held() {
        Some(dir) => (true, dir),
        None => {
            let (there, dir) = disk.nearest()?;
            (there == layout.root(), Arc::new(dir))
        }
    };
    let id = disk.id(&nearest)?;
    if is_there {
        location.own.extend(id);
        let mut own = vec![layout.log().to_owned(), layout.levels().to_owned()];
        own.push(layout.quarantine().to_owned());
        own.extend(levels(disk, layout)?);
        for directory in own {
            match disk.status_at(&directory) {
                Ok(status) => location.own.extend(status.id),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    } else {
        location.above.extend(id);
    }
    for above in disk.above(&nearest)? {
        location.above.extend(disk.id(&above)?);
    }
    Ok(location)
}

/// The numbers of all segments, ascending.
pub(super) fn segments<L: FileLayer>(disk: &Disk<L>, layout: &Layout) -> io::Result<Vec<u64>> {
    let entries = disk.list(layout.log())?.unwrap_or_default();
    let mut numbers: Vec<u64> = entries
        .iter()
        .filter(|(_, is_dir)| !is_dir)
        .filter_map(|(name, _)| layout::segment_number(name))
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}
