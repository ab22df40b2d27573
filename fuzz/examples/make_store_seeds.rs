//! Writes the seeds of the store's fuzz targets from valid stores: `cargo run --manifest-path
//! fuzz/Cargo.toml --example make_store_seeds`.

use std::{fs, io, path::Path};

use rotortree_fuzz::{
    levels::{chunk_samples, sums_samples},
    store::samples,
};

fn main() -> io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for target in ["store_open", "manifest", "chunks", "sums"] {
        fs::create_dir_all(seeds.join(target))?;
    }
    for (name, input) in samples() {
        // The manifest is the first file of an input: flags, number and length stand before it.
        let len = u32::from_le_bytes([input[2], input[3], input[4], input[5]]) as usize;
        fs::write(seeds.join("manifest").join(name), &input[6..6 + len])?;
        fs::write(seeds.join("store_open").join(name), input)?;
    }
    for (target, samples) in [("chunks", chunk_samples()), ("sums", sums_samples())] {
        for (name, input) in samples {
            fs::write(seeds.join(target).join(name), input)?;
        }
    }
    Ok(())
}
