//! The rate of a publish beside the rate at which the same files are written and synced bare.
//!
//! ```text
//! cargo run --release -p rotortree-tiles --example publish_rate -- [LEAVES]
//! ```

use std::{
    collections::BTreeSet,
    error::Error,
    fs::{self, File},
    io::{self, Write},
    path::Path,
    time::Instant,
};

use rotortree_hasher::{Rfc6962Hasher, rfc6962_leaf};
use rotortree_lean_imt::LeanIMT;
use rotortree_tiles::{Directory, KeyKind, Publisher, SecretKey, Target, Tile};

/// A digest as an entry, with its number.
fn entry(index: u64) -> Vec<u8> {
    format!("{index} {index:064x}").into_bytes()
}

fn main() -> Result<(), Box<dyn Error>> {
    let leaves: u64 = match std::env::args().nth(1) {
        Some(word) => word.parse()?,
        None => 1 << 18,
    };
    let hashes: Vec<_> = (0..leaves)
        .map(|index| rfc6962_leaf(&entry(index)))
        .collect();
    let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
    tree.insert_many(&hashes)?;
    let folder = tempfile::tempdir()?;
    let place = folder.path().join("place");
    let key = SecretKey::generate("example.com/log", KeyKind::Note)?;
    let publisher = Publisher::new(Directory::open(&place)?, "example.com/log", key);

    let start = Instant::now();
    let published = publisher.publish(&tree.snapshot(), |index| Ok(entry(index)))?;
    let ours = start.elapsed();

    let mut files = Vec::new();
    for tile in Tile::added(0, leaves) {
        let path = tile.to_string();
        let bytes = publisher.target().get(&path)?.ok_or("a tile is missing")?;
        files.push((path, bytes));
    }
    let start = Instant::now();
    write_bare(&folder.path().join("bare"), &files)?;
    let bare = start.elapsed();

    let mut out = io::stdout().lock();
    let rate = |seconds: f64| published.bytes as f64 / seconds / 1e6;
    let (ours, bare) = (ours.as_secs_f64(), bare.as_secs_f64());
    writeln!(out, "{} files, {} bytes", published.tiles, published.bytes)?;
    writeln!(out, "published  {:8.1} MB/s", rate(ours))?;
    writeln!(out, "bare       {:8.1} MB/s", rate(bare))?;
    writeln!(out, "ratio      {:8.2}", bare / ours)?;
    Ok(())
}

/// Writes and syncs each file, and each folder once.
fn write_bare(root: &Path, files: &[(String, Vec<u8>)]) -> io::Result<()> {
    let mut folders = BTreeSet::new();
    for (path, bytes) in files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
            folders.insert(folder.to_owned());
        }
        let mut file = File::create(&path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    #[cfg(unix)]
    for folder in folders {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
