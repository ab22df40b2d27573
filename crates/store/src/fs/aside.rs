//! Evidence: bytes that recovery cuts from the log are kept in files of their own.

use std::{io, io::Read};

use super::{
    disk::Disk,
    layout::{Layout, temporary},
};
use crate::file_layer::FileLayer;

/// Keeps a stream durably under the first free name; its path.
pub(super) fn keep<L: FileLayer>(
    disk: &Disk<L>,
    layout: &Layout,
    label: &str,
    content: &mut dyn Read,
) -> io::Result<String> {
    disk.ensure_dir(layout.aside())?;
    let mut n = 0;
    let path = loop {
        let path = layout.kept(label, n);
        if !disk.exists(&path)? {
            break path;
        }
        n += 1;
    };
    disk.publish(disk.prepare(&temporary(&path), content)?, &path)?;
    Ok(path.display().to_string())
}
