//! Roots and proofs of other implementations. The files in `vectors/` name the implementation and
//! how they were made.

use rotortree_hasher::Sha256Hasher;
use rotortree_lean_imt::{Blake3Hasher, Hasher, LeanIMT, TreeSnapshot};

/// One tree of a file: the numbers in front of its root, the root, and the lines of its proofs.
struct Tree<'a> {
    numbers: Vec<u64>,
    root: &'a str,
    proofs: Vec<&'a str>,
}

fn parse(text: &str) -> Vec<Tree<'_>> {
    let mut trees: Vec<Tree<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(words) = line.strip_prefix("tree ") {
            let (numbers, root) = words
                .rsplit_once(' ')
                .expect("a tree has numbers and a root");
            trees.push(Tree {
                numbers: numbers.split(' ').map(number).collect(),
                root,
                proofs: Vec::new(),
            });
        } else {
            let tree = trees.last_mut().expect("a proof stands below its tree");
            tree.proofs.push(line);
        }
    }
    trees
}

fn number(word: &str) -> u64 {
    word.parse().expect("a number")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_javascript_tree_has_these_roots_and_proofs() {
    let trees = parse(include_str!("vectors/javascript.txt"));
    assert_eq!(trees.len(), 25);
    for theirs in trees {
        let size = theirs.numbers[0];
        let mut tree = LeanIMT::<_, 2, 16>::new(Sha256Hasher::new());
        for i in 0..size {
            let mut number = [0; 32];
            number[24..].copy_from_slice(&i.to_be_bytes());
            let leaf = tree.hasher().hash_children(&[number, number]);
            tree.insert(leaf).expect("a small tree takes its leaf");
        }
        assert_eq!(
            hex(&tree.root().expect("the tree is not empty")),
            theirs.root,
            "root of {size}"
        );
        for line in theirs.proofs {
            let index = line.split(' ').next().map(number).expect("a leaf's index");
            let proof = tree.snapshot().generate_proof(index).unwrap();
            let ours = proof.to_lean_imt().unwrap();
            let siblings = ours.siblings.iter().map(|sibling| hex(&sibling[..4]));
            let words = [index.to_string(), ours.index.to_string()];
            let ours: Vec<String> = words.into_iter().chain(siblings).collect();
            assert_eq!(ours.join(" "), line, "leaf {index} of {size}");
        }
    }
}

#[test]
fn another_n_ary_tree_has_these_roots_and_proofs() {
    let trees = parse(include_str!("vectors/n_ary.txt"));
    assert_eq!(trees.len(), 52);
    for theirs in trees {
        match theirs.numbers[0] {
            2 => compare::<2>(&theirs),
            3 => compare::<3>(&theirs),
            4 => compare::<4>(&theirs),
            8 => compare::<8>(&theirs),
            16 => compare::<16>(&theirs),
            other => panic!("N = {other}"),
        }
    }
}

fn compare<const N: usize>(theirs: &Tree<'_>) {
    let size = theirs.numbers[1];
    let mut tree = LeanIMT::<_, N, 12>::new(Blake3Hasher);
    for i in 0..size {
        let mut leaf = [0x5a; 32];
        leaf[..8].copy_from_slice(&i.to_le_bytes());
        tree.insert(leaf).expect("a small tree takes its leaf");
    }
    let snapshot: TreeSnapshot<N, 12> = tree.snapshot();
    assert_eq!(
        hex(&tree.root().expect("the tree is not empty")),
        theirs.root,
        "N = {N}, root of {size}"
    );
    for line in &theirs.proofs {
        let index = line.split(' ').next().map(number).expect("a leaf's index");
        let proof = snapshot
            .generate_proof(index)
            .expect("the tree has the leaf");
        let levels = proof.levels[..proof.level_count].iter().map(|level| {
            let siblings = &level.siblings[..level.sibling_count];
            let siblings: Vec<String> = siblings.iter().map(|s| hex(&s[..2])).collect();
            format!(" {}:{}", level.position, siblings.join(","))
        });
        let ours: String = [index.to_string()].into_iter().chain(levels).collect();
        assert_eq!(ours, **line, "N = {N}, leaf {index} of {size}");
    }
}
