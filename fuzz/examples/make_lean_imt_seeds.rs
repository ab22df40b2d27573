//! Writes the seeds of the tree crate's fuzz targets: `cargo run --manifest-path fuzz/Cargo.toml --example
//! make_lean_imt_seeds`.

use std::{fs, io, path::Path};

use rotortree_fuzz::{
    frontier,
    lean_imt::{ARITIES, Case, honest_encodings},
};

fn main() -> io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let decode = seeds.join("lean_imt_decode");
    fs::create_dir_all(&decode)?;
    for (name, bytes) in honest_encodings() {
        fs::write(decode.join(name), bytes)?;
    }
    let frontiers = seeds.join("lean_imt_frontier");
    fs::create_dir_all(&frontiers)?;
    for (name, bytes) in frontier::samples() {
        fs::write(frontiers.join(name), bytes)?;
    }
    let verify = seeds.join("lean_imt_verify");
    fs::create_dir_all(&verify)?;
    for arity in 0..ARITIES.len() as u8 {
        for kind in 0..6 {
            let case = Case {
                arity,
                size: 20 + arity,
                kind,
                first: 7,
                second: 4,
            };
            let name = format!("kind_{kind}_of_{}", ARITIES[usize::from(arity)]);
            let changes = [0, 5, 1, 0, 1, 3, 2, 9];
            fs::write(verify.join(name), [&case.encode()[..], &changes].concat())?;
        }
    }
    Ok(())
}
