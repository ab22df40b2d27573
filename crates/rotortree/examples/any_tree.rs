//! A tree whose N is known only at run time: `cargo run --example any_tree -- DIRECTORY [N]`.
//!
//! Tells which tree the directory holds and goes on with it; where there is none, makes one of the N that is given. Then proves a leaf
//! and verifies the bytes as a client would, who has N and the head from a source that it trusts.

use std::{error::Error, fmt::Write, sync::Arc};

use rotortree::{AnyProof, AnyTree, AnyTreeBuilder, Blake3Hasher, RotorTreeConfig, inspect};

#[expect(clippy::print_stdout, reason = "a program that tells something")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let directory = args
        .next()
        .ok_or("name a directory, and N for a new tree")?;
    let n = args.next().map(|n| n.parse()).transpose()?;
    print!("{}", run(&directory, n)?);
    Ok(())
}

/// Opens the tree, appends to it and proves a leaf; what there is to tell.
fn run(directory: &str, n: Option<usize>) -> Result<String, Box<dyn Error>> {
    let mut told = String::new();
    match inspect(directory)? {
        Some(found) => writeln!(
            told,
            "{directory} holds a tree with N = {} and at most {} levels; BLAKE3 made it: {}",
            found.arity,
            found.max_depth,
            found.is_of(&Blake3Hasher)
        )?,
        None => writeln!(told, "{directory} holds no tree yet")?,
    }

    let tree = open(directory, n)?;
    let before = tree.size();
    tree.insert_many_durable(&[[1; 32], [2; 32], [3; 32]])?;
    let snapshot = tree.durable_snapshot();
    let head = snapshot.head().ok_or("three leaves are durable")?;
    writeln!(told, "leaves: {} before, {} now", before, head.size)?;

    let bytes = snapshot.generate_proof(before + 1)?;
    let proof = AnyProof::from_bytes(&bytes, tree.arity())?;
    let holds = proof.verify_against(&Blake3Hasher, head)?;
    for (index, leaf) in proof.leaves() {
        writeln!(
            told,
            "a proof of {} bytes that leaf {index} is {:02x}...: {holds}",
            bytes.len(),
            leaf[0]
        )?;
    }
    tree.close()?;
    Ok(told)
}

/// The tree of this N, or whichever is there.
fn open(directory: &str, n: Option<usize>) -> Result<Arc<dyn AnyTree>, Box<dyn Error>> {
    let mut builder = AnyTreeBuilder::new(RotorTreeConfig::new(directory));
    if let Some(n) = n {
        builder = builder.n(n);
    }
    Ok(builder.open(Blake3Hasher)?)
}

#[cfg(test)]
mod tests {
    use super::run;

    #[test]
    fn a_tree_is_made_once_and_found_again_whatever_its_n() {
        for n in [2, 3, 4, 8, 16] {
            let dir = tempfile::tempdir().unwrap();
            let directory = dir.path().join("tree");
            let directory = directory.to_str().unwrap();
            let missing = run(directory, None).unwrap_err().to_string();
            assert!(missing.contains("no store here"), "{missing}");
            let made = run(directory, Some(n)).unwrap();
            assert!(made.contains("no tree yet") && made.contains("leaves: 0 before, 3 now"));
            let found = run(directory, None).unwrap();
            assert!(
                found.contains(&format!("N = {n} and at most 32 levels")),
                "{found}"
            );
            assert!(found.contains("leaf 4 is 02...: true"), "{found}");
            let other = run(directory, Some(18 - n)).unwrap_err().to_string();
            assert!(other.contains(&format!("{}", 18 - n)), "{other}");
        }
    }
}
