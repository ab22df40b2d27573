//! Numbers that are no element of Poseidon's field, in every document that may hold one: named and
//! refused, and nothing has changed then. The JavaScript libraries take such a number for the one
//! that it is modulo p.

use crate::support::Folder;

const GROUP: &str = include_str!("group.json");
/// Poseidon of the members 1 and 2, in the group's export.
const NODE: &str = "7853200120776062878684798364095072458815029376092732009249414926327459813530";
const NODE_HEX: &str = "115cc0f5e7d690413df64c6b9662e9cf2a3617f2743245519e19607a4417189a";

/// p, and the member 3 plus p.
const P: &str = "21888242871839275222246405745257275088548364400416034343698204186575808495617";
const P_HEX: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
const P_AND_3: &str =
    "21888242871839275222246405745257275088548364400416034343698204186575808495620";
/// `2^256`.
const TOO_LONG: &str =
    "115792089237316195423570985008687907853269984665640564039457584007913129639936";

#[test]
fn a_leaf_that_is_no_element_is_refused_in_every_form_of_a_list() {
    let folder = Folder::new();
    folder.write("fine", "[\"1\", \"2\"]");
    folder.ok("append tree fine --create --hash poseidon");
    let head = folder.ok("head tree");
    for (leaves, said) in [
        (format!("[\"{P}\"]"), "leaf 0, 0x30644e72"),
        (format!("[\"0x{P_HEX}\"]"), "leaf 0, 0x30644e72"),
        (format!("[\"{P_AND_3}\"]"), "leaf 0, 0x30644e72"),
        (format!("{P_HEX}\n"), "leaf 0, 0x30644e72"),
        (format!("[\"{TOO_LONG}\"]"), "does not fit in 32 bytes"),
        (format!("[{P}]"), "expected a string"),
        ("[3]".to_owned(), "expected a string"),
    ] {
        folder.write("leaves", leaves);
        folder.run("append tree leaves").fails(3, said);
        assert_eq!(folder.ok("head tree"), head, "{said}");
    }
}

#[test]
fn a_group_with_a_number_that_is_no_element_is_not_imported() {
    let folder = Folder::new();
    for (from, to, said) in [
        ("\"3\"]", format!("\"{P}\"]"), "the leaf at index 2"),
        ("\"3\"]", format!("\"0x{P_HEX}\"]"), "the leaf at index 2"),
        ("\"3\"]", format!("\"{P_AND_3}\"]"), "the leaf at index 2"),
        ("\"3\"]", format!("\"{TOO_LONG}\"]"), "does not fit"),
        ("\"3\"]", "3]".to_owned(), "expected a number as a string"),
        (NODE, P.to_owned(), "node 0 of level 1"),
        (NODE, format!("0x{P_HEX}"), "node 0 of level 1"),
    ] {
        let group = GROUP.replacen(from, &to, 1);
        assert_ne!(group, GROUP);
        folder.write("group.json", group);
        folder.run("import group group.json").fails(3, said);
        assert!(!folder.path("group").exists(), "{to}");
    }
}

#[test]
fn a_proof_with_a_number_that_is_no_element_does_not_hold_in_any_form() {
    let folder = Folder::new();
    folder.write("group.json", GROUP);
    folder.ok("import group group.json");
    let head = folder.ok("head group");
    let head = head.trim();
    let verify = format!("verify --hash poseidon --index 2 --head {head}");
    let leaf = format!("\"leaf\":\"0x{:064}\"", 3);
    let sibling = format!("\"0x{NODE_HEX}\"");
    let (leaf_refused, node_refused) = ("refused the leaf at index 0", "refused the proof node");
    for form in ["semaphore", "circom", "json", "abi"] {
        let proof = folder.ok(&format!("prove group 2 --format {form}"));
        folder.run_with(&verify, proof.as_bytes()).ok();
        let changes = [
            (NODE_HEX.to_owned(), P_HEX.to_owned(), node_refused),
            (sibling.clone(), format!("\"{P}\""), node_refused),
            (
                leaf.clone(),
                format!("\"leaf\":\"{P_AND_3}\""),
                leaf_refused,
            ),
        ];
        for (from, to, said) in changes {
            // The proof of `json` is bytes beside a leaf that names the head's hash.
            if !proof.contains(&from) || form == "json" && said == leaf_refused {
                continue;
            }
            let changed = proof.replacen(&from, &to, 1);
            folder.run_with(&verify, changed.as_bytes()).fails(1, said);
        }
    }
    let proof = folder.ok("prove group 2 --format semaphore");
    let number = proof.replacen(&sibling, P, 1);
    folder
        .run_with(&verify, number.as_bytes())
        .fails(3, "expected a number as a string");
    let long = proof.replacen(&sibling, &format!("\"{TOO_LONG}\""), 1);
    folder
        .run_with(&verify, long.as_bytes())
        .fails(3, "does not fit in 32 bytes");
    let verify = format!("verify --hash poseidon --index 2 --head 3:{P}");
    folder
        .run_with(&verify, proof.as_bytes())
        .fails(1, "refused the root");
}
