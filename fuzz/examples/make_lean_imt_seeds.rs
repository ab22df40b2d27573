//! Writes the seeds of the tree crate's fuzz targets:
//! `cargo run --manifest-path fuzz/Cargo.toml --example make_lean_imt_seeds`.

use std::{fs, io, path::Path};

use rotortree_fuzz::{
    frontier,
    lean_imt::{ARITIES, Case, honest_encodings, tree},
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
        for kind in 0..8 {
            let case = Case {
                arity,
                size: 20 + arity,
                kind,
                first: 7,
                second: 4,
            };
            let name = format!("kind_{kind}_of_{}", ARITIES[usize::from(arity)]);
            let changes = if kind == 7 {
                javascript_proof(u64::from(case.size) + 1, u64::from(case.first))
            } else {
                vec![0, 5, 1, 0, 1, 3, 2, 9]
            };
            fs::write(verify.join(name), [&case.encode()[..], &changes].concat())?;
        }
    }
    Ok(())
}

/// The JavaScript LeanIMT's proof of a leaf of the honest tree, as the target takes it.
fn javascript_proof(size: u64, leaf_index: u64) -> Vec<u8> {
    let proof = tree::<2>(size).generate_proof(leaf_index);
    let theirs = proof.and_then(|proof| proof.to_lean_imt());
    let theirs = theirs.expect("an honest proof can be made");
    let numbers = [theirs.index, leaf_index, size].map(u64::to_le_bytes);
    let hashes = [&[theirs.leaf][..], &theirs.siblings].concat();
    [numbers.as_flattened(), hashes.as_flattened()].concat()
}
