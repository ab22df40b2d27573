//! Evidence: bytes that recovery cuts from the log are kept in separate files.

use std::{io, io::Read, path::Path};

use super::{
    disk::Disk,
    error::{fault, named},
    layout::{Layout, temporary},
};
use crate::file_layer::FileLayer;

/// Bytes compared at a time.
const PIECE: usize = 64 << 10;

/// Keeps a stream durably under the label's name. Returns its path.
pub(super) fn keep<L: FileLayer>(
    disk: &Disk<L>,
    layout: &Layout,
    label: &str,
    content: &mut dyn Read,
) -> io::Result<String> {
    disk.ensure_dir(layout.quarantine())?;
    let path = layout.kept(label);
    if !disk.exists(&path)? {
        disk.publish(disk.prepare(&temporary(&path), content)?, &path)?;
    } else if holds(disk, &path, content)? {
        // The bytes were synced before they got the name. The name may not be durable yet.
        disk.sync_dir(layout.quarantine())?;
    } else {
        let other = fault(io::ErrorKind::AlreadyExists, "it holds other bytes");
        return Err(named("keep bytes in", &path, other));
    }
    Ok(path.display().to_string())
}

/// Whether a file holds exactly the bytes of the stream.
fn holds<L: FileLayer>(disk: &Disk<L>, path: &Path, content: &mut dyn Read) -> io::Result<bool> {
    let file = disk.open(path)?;
    let len = disk.len(&file)?;
    let (mut given, mut found) = (vec![0; PIECE], vec![0; PIECE]);
    let mut at = 0;
    loop {
        let count = read_full(content, &mut given)?;
        if count as u64 > len - at || count == 0 {
            return Ok(count == 0 && at == len);
        }
        disk.read(&file, &mut found[..count], at)?;
        if given[..count] != found[..count] {
            return Ok(false);
        }
        at += count as u64;
    }
}

/// Fills `buf` from the stream until either ends.
fn read_full(content: &mut dyn Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buf.len() {
        match content.read(&mut buf[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
