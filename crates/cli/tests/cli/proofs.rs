//! Every form of a proof holds when it is read back, for every N and hash function that has it.

use crate::support::{Folder, hex, hex_lines, leaves};

/// Sizes where a path has lifted levels, and where it has none.
const SIZES: [u64; 3] = [1, 5, 64];

#[test]
fn every_form_is_read_back() {
    for size in SIZES {
        let folder = Folder::new();
        let mut leaves = leaves(size);
        // Numbers of the field, big-endian and little-endian.
        leaves
            .iter_mut()
            .for_each(|leaf| (leaf[0], leaf[31]) = (0, 0));
        folder.write("leaves", hex_lines(&leaves));
        for (hash, arity) in [
            ("blake3", 2),
            ("blake3", 3),
            ("sha256", 4),
            ("keccak256", 8),
            ("blake3", 16),
            ("rfc6962", 2),
            ("poseidon", 2),
            ("poseidon", 4),
            ("poseidon-le", 2),
        ] {
            let tree = format!("{hash}-{arity}");
            folder.ok(&format!(
                "append {tree} leaves --create --hash {hash} --arity {arity}"
            ));
            folder.write("head", folder.ok(&format!("head {tree} --json")));
            let index = size / 2;
            let leaf = hex(&leaves[index as usize]);
            for form in ["json", "bytes", "abi", "circom", "semaphore", "rfc6962"] {
                let prove = folder.run(&format!("prove {tree} {index} --format {form}"));
                if arity != 2 && ["circom", "semaphore", "rfc6962"].contains(&form) {
                    prove.fails(2, "has this form");
                    continue;
                }
                assert_eq!(prove.code, Some(0), "{}", prove.err);
                let verify = format!("verify --head head --index {index} --leaf {leaf}");
                let verified = folder.run_with(&verify, &prove.out).ok();
                assert!(
                    verified.starts_with(&format!("valid: leaf {index} of")),
                    "{verified}"
                );
                let other = format!(
                    "verify --head head --index {index} --leaf {}",
                    hex(&[9; 32])
                );
                folder.run_with(&other, &prove.out).fails(1, "");
            }
        }
    }
}

#[test]
fn forms_that_say_less_ask_for_what_they_lack() {
    let folder = Folder::new();
    folder.write("leaves", hex_lines(&leaves(6)));
    folder.ok("append tree leaves --create --hash rfc6962");
    let head = folder.ok("head tree");
    let verify = format!("verify --hash rfc6962 --head {head}");
    for (form, missing) in [
        ("rfc6962", "--leaf"),
        ("semaphore", "--index"),
        ("circom", "--index"),
    ] {
        let proof = folder.run(&format!("prove tree 4 --format {form}"));
        folder.run_with(&verify, &proof.out).fails(2, missing);
    }
}

#[test]
fn a_circuit_has_the_levels_that_are_asked_for() {
    let folder = Folder::new();
    folder.write("leaves", hex_lines(&leaves(5)));
    folder.ok("append tree leaves --create --arity 2");
    let input = |levels: &str| folder.json(&format!("prove tree 3 --format circom {levels}"));
    let signals = input("--levels 20");
    assert_eq!(signals["depth"], 3);
    for name in ["indices", "siblings"] {
        assert_eq!(signals[name].as_array().unwrap().len(), 20);
    }
    assert_eq!(signals["indices"].as_array().unwrap()[..4], [1, 1, 0, 0]);
    assert_eq!(input("")["indices"].as_array().unwrap().len(), 3);
    folder
        .run("prove tree 3 --format circom --levels 2")
        .fails(2, "--levels from 3 to 64");
    folder
        .run("prove tree 3 --format circom --levels 65")
        .fails(2, "--levels from 3 to 64");
    folder.run("prove tree 5").fails(2, "index 5");
    folder.run("prove tree 1 --at 6").fails(2, "size 6");
}

#[test]
fn a_proof_for_an_earlier_size_holds_against_the_head_of_that_size() {
    let folder = Folder::new();
    let all = leaves(100);
    folder.write("leaves", hex_lines(&all));
    folder.ok("append tree leaves --create");
    let then = folder.json("root tree --at 70");
    assert_eq!(then["size"], 70);
    let head = format!("70:{}", then["root"].as_str().unwrap());
    let proof = folder.ok("prove tree 69 --at 70");
    folder
        .run_with(&format!("verify --head {head}"), proof.as_bytes())
        .ok();
    folder.run("prove tree 70 --at 70").fails(2, "index 70");
    let by_value = folder.run(&format!("prove tree {} --at 50", hex(&all[60])));
    by_value.fails(1, "is no leaf of the tree");
}
