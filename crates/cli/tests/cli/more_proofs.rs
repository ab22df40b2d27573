//! `prove-many`, `consistency` and `find`.

use crate::support::{Folder, hex, hex_lines, leaves, slow_root};

fn folder(size: u64, options: &str) -> Folder {
    let folder = Folder::new();
    folder.write("leaves", hex_lines(&leaves(size)));
    folder.ok(&format!("append tree leaves --create {options}"));
    folder.write("head", folder.ok("head tree --json"));
    folder
}

#[test]
fn many_proofs_are_those_of_prove_and_hold() {
    let folder = folder(300, "");
    let many = folder.run("prove-many tree 7 290.. 5..8");
    let lines = String::from_utf8(many.out.clone()).unwrap();
    let indices = [7, 290, 291, 292, 293, 294, 295, 296, 297, 298, 299, 5, 6, 7];
    let one = |index: &u64| folder.ok(&format!("prove tree {index}"));
    assert_eq!(lines, indices.iter().map(one).collect::<String>());
    let verified = folder.run_with("verify --head head", &many.out).ok();
    assert_eq!(verified.lines().count(), indices.len());

    let stdin = folder.run_with("prove-many tree -", b"7\n 5 \n").ok();
    assert_eq!(stdin, one(&7) + &one(&5));
    folder
        .run_with("prove-many tree -", b"7\nx\n")
        .fails(3, "line 2: `x` is no index");
    folder
        .run_with("prove-many tree -", b"300\n")
        .fails(2, "line 1: index 300");
    folder
        .run("prove-many tree 0..301")
        .fails(2, "not within the 300");
    folder.run("prove-many tree").fails(2, "INDEX");

    // Bytes have their length in front.
    let bytes = folder.run("prove-many tree 0..300 --format bytes").out;
    let mut rest = &bytes[..];
    for index in 0..300 {
        let (length, behind) = rest.split_first_chunk::<4>().unwrap();
        let (proof, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
        rest = behind;
        if index % 50 == 0 {
            folder
                .run_with(&format!("verify --head head --index {index}"), proof)
                .ok();
        }
    }
    assert!(rest.is_empty());
    folder.ok("prove-many tree 0..300 --format bytes --out file");
    assert_eq!(std::fs::read(folder.path("file")).unwrap(), bytes);
}

#[test]
fn one_proof_stands_for_many_leaves() {
    let folder = folder(300, "--arity 3");
    for (leaves, kind, count) in [
        ("10..20", "range proof", 10),
        ("4 10..12 299 4", "multiproof", 4),
        ("8 9", "range proof", 2),
        ("8", "multiproof", 1),
    ] {
        let proof = folder.run(&format!("prove-many tree {leaves} --one")).out;
        let verified = folder.run_with("verify --json --head head", &proof).ok();
        let verified: serde_json::Value = serde_json::from_str(&verified).unwrap();
        assert_eq!(verified["kind"], kind, "{leaves}");
        assert_eq!(
            verified["leaves"].as_array().unwrap().len(),
            count,
            "{leaves}"
        );
    }
    folder
        .run("prove-many tree --one 3..3")
        .fails(3, "no leaves");
}

#[test]
fn growth_is_proved_between_any_two_sizes_in_every_form() {
    let folder = folder(100, "--hash rfc6962");
    let head_at = |size: u64| format!("{size}:{}", folder.ok(&format!("root tree --at {size}")));
    for (old, new) in [(0, 100), (1, 2), (64, 100), (63, 64), (37, 91), (100, 100)] {
        for form in ["json", "bytes", "rfc6962", "abi"] {
            let proof = folder
                .run(&format!("consistency tree {old} {new} --format {form}"))
                .out;
            let verify = format!(
                "verify --hash rfc6962 --head {} --old {}",
                head_at(new),
                head_at(old)
            );
            let verified = folder.run_with(&verify, &proof).ok();
            assert!(
                verified.starts_with(&format!("valid: the tree {old}:")),
                "{verified}"
            );
            if old != new && old > 0 {
                let root = folder.ok(&format!("root tree --at {new}"));
                let (new, old) = (head_at(new), format!("{old}:{root}"));
                let other = format!("verify --hash rfc6962 --head {new} --old {old}");
                folder.run_with(&other, &proof).fails(1, "does not hold");
            }
        }
        let proof = folder
            .run(&format!("consistency tree {old} {new} --leaves"))
            .out;
        let verify = format!(
            "verify --json --hash rfc6962 --head {} --old {}",
            head_at(new),
            head_at(old)
        );
        let verified: serde_json::Value =
            serde_json::from_str(&folder.run_with(&verify, &proof).ok()).unwrap();
        assert_eq!(
            verified["leaves"].as_array().unwrap().len() as u64,
            new - old
        );
    }
    folder.run("consistency tree 50 40").fails(2, "50");
    folder.run("consistency tree 50 101").fails(2, "101");
    folder
        .run("consistency tree 50 --format circom")
        .fails(2, "has this form");
}

#[test]
fn a_leaf_is_found_by_a_scan_that_says_so() {
    let folder = folder(10_000, "");
    let all = leaves(10_000);
    for index in [0, 4095, 4096, 9999] {
        let found = folder.json(&format!("find tree {}", hex(&all[index])));
        assert_eq!(
            (&found["index"], &found["by"]),
            (&index.into(), &"scan".into())
        );
    }
    let said = folder.ok(&format!("find tree 0x{}", hex(&all[17])));
    assert_eq!(said, "17 (by a scan of 18 leaves; the tree has no index)\n");
    folder
        .run(&format!("find tree {}", hex(&[3; 32])))
        .fails(1, "is none of the 10000 leaves");
    folder.run("find tree 17").fails(2, "--help");
    assert_eq!(folder.ok("root tree").trim(), slow_root(&all, 4));
}

#[test]
fn as_many_arguments_as_the_system_passes_on_are_taken() {
    let folder = folder(100, "");
    let prove = |count: usize| {
        let words = ["prove-many", "tree", "--format", "bytes"].map(str::to_owned);
        let indices = (0..count).map(|index| (index % 100).to_string());
        folder.command(words.into_iter().chain(indices)).output()
    };
    // Fewer and fewer, until the system passes them on.
    let mut count = 400_000;
    let run = loop {
        match prove(count) {
            Ok(run) => break run,
            Err(error) => assert!(count > 1000, "{error}"),
        }
        count = count / 8 * 7 / 100 * 100;
    };
    assert!(run.status.success());
    let one = folder.run("prove-many tree 0..100 --format bytes").out;
    assert_eq!(run.stdout.len(), one.len() * (count / 100));
}
