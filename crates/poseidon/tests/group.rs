//! Groups of Semaphore: what they refuse, and that nothing changes then.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use rotortree_hasher::Hash;
use rotortree_lean_imt::{HashRole, LeanImtNodesError, TreeError};
use rotortree_poseidon::{Group, GroupError};

fn group() -> Group {
    let mut group = Group::new();
    let members: [Hash; 5] = [[1; 32], [2; 32], [1; 32], [3; 32], [4; 32]];
    group.add_members(&members).unwrap();
    group
}

#[test]
fn a_member_that_is_no_canonical_number_is_refused_with_its_place() {
    let mut group = group();
    let root = group.tree().root();
    let refused = group.add_members(&[[5; 32], [0xff; 32]]);
    let role = HashRole::Leaf;
    assert_eq!(
        refused,
        Err(TreeError::RefusedHash { role, index: 1 }.into())
    );
    let zero = group.add_members(&[[5; 32], [0; 32]]);
    assert_eq!(zero, Err(GroupError::ZeroMember { index: 6 }));
    assert_eq!(group.add_members(&[]), Err(TreeError::EmptyBatch.into()));
    assert_eq!((group.tree().root(), group.tree().size()), (root, 5));
}

#[test]
fn an_import_names_the_first_thing_that_is_wrong() {
    let nodes = group().export().unwrap();
    let import = |change: &dyn Fn(&mut Vec<Vec<Hash>>)| {
        let mut nodes = nodes.clone();
        change(&mut nodes.levels);
        Group::import(&nodes).err()
    };
    assert_eq!(import(&|_| {}), None);
    let removed = import(&|levels| levels[0][3] = [0; 32]);
    assert_eq!(removed, Some(GroupError::RemovedMember { index: 3 }));
    let node = import(&|levels| levels[1][2] = [9; 32]);
    let expected = LeanImtNodesError::Node { level: 1, index: 2 };
    assert_eq!(node, Some(GroupError::Nodes(expected)), "a lifted node");
    let deep = import(&|levels| levels.push(vec![[1; 32]]));
    let expected = LeanImtNodesError::Depth {
        expected: 3,
        actual: 4,
    };
    assert_eq!(deep, Some(GroupError::Nodes(expected)));
    let long = import(&|levels| levels[2].push([1; 32]));
    let expected = LeanImtNodesError::LevelLen {
        level: 2,
        expected: 2,
        actual: 3,
    };
    assert_eq!(long, Some(GroupError::Nodes(expected)));
    let leaf = import(&|levels| levels[0][4] = [0xff; 32]);
    let refused = TreeError::RefusedHash {
        role: HashRole::Leaf,
        index: 4,
    };
    let expected = LeanImtNodesError::Leaves(refused);
    assert_eq!(leaf, Some(GroupError::Nodes(expected)));
}

#[test]
fn an_empty_group_comes_and_goes() {
    let nodes = Group::new().export().unwrap();
    assert_eq!(nodes.levels, [vec![[0; 32]; 0]]);
    assert_eq!(Group::import(&nodes).unwrap().tree().size(), 0);
}
