//! The README's code, as a program: opens or creates a tree in the directory `my-tree`.

use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Four children to a node, at most 20 levels. The directory is created if it is missing.
    let tree = RotorTree::<_, 4, 20>::open(Blake3Hasher, RotorTreeConfig::new("my-tree"))?;

    // Leaves are 32 bytes, already hashed. The new root is there at once.
    let (_root, token) = tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    // The token knows where they stand, whatever other threads insert, and when they are on disk.
    let index = token.leaf_range().start + 1;
    token.wait()?;

    // A snapshot never changes. Its head - size and root - is what a client keeps and trusts.
    let snapshot = tree.durable_snapshot();
    let head = snapshot.head().ok_or("three leaves are durable")?;
    let proof = snapshot.generate_proof(index)?;
    assert_eq!(proof.leaf, [2; 32]);
    proof.verify_against(&Blake3Hasher, head)?;

    tree.close()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_runs_and_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        std::env::set_current_dir(dir.path()).unwrap();
        super::main().unwrap();
        super::main().unwrap();
        assert!(dir.path().join("my-tree").is_dir());
        // A directory that a process stands in cannot be removed everywhere.
        std::env::set_current_dir("..").unwrap();
    }
}
