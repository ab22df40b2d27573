//! `append`: every form of leaves gives the tree of these leaves.

use std::{
    io::{Read, Write},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use crate::support::{Folder, hex, hex_lines, leaves, slow_root};

/// Sizes around a batch, a chunk and the buffers of the decoders.
const SIZES: [u64; 7] = [1, 2, 127, 128, 129, 1000, 40_000];

#[test]
fn every_form_gives_the_tree_of_its_leaves() {
    for size in SIZES {
        let folder = Folder::new();
        let leaves = leaves(size);
        let lines = hex_lines(&leaves);
        let names: String = lines
            .lines()
            .map(|line| format!("{line}  a file\n"))
            .collect();
        let json = serde_json::to_vec(&leaves.iter().map(|leaf| hex(leaf)).collect::<Vec<_>>());
        folder.write("lines", lines.trim_end());
        folder.write("upper", lines.to_uppercase().replace('\n', "\r\n"));
        folder.write("names", format!("\u{feff}# digests\n\n{names}"));
        folder.write(
            "prefixed",
            lines.replace("\n", "\n0x").trim_end_matches("0x"),
        );
        folder.write("raw", leaves.as_flattened());
        folder.write("json", json.unwrap());
        let root = slow_root(&leaves, 4);
        for (form, options) in [
            ("lines", "--batch 100"),
            ("upper", ""),
            ("names", "--form lines"),
            ("prefixed", "--batch 1024 --durability batch"),
            ("raw", "--form raw --batch 777"),
            ("json", "--batch 4096"),
        ] {
            let done = folder.json(&format!("append t-{form} {form} --create {options}"));
            assert_eq!(
                (&done["size"], &done["appended"]),
                (&size.into(), &size.into())
            );
            assert_eq!(done["root"], root, "{form} of {size}");
            let head = folder.ok(&format!("head t-{form}"));
            assert_eq!(head, format!("{size}:{root}\n"));
        }
        for (form, options) in [
            ("lines", ""),
            ("raw", "--form raw"),
            ("json", "--form json"),
        ] {
            let input = std::fs::read(folder.path(form)).unwrap();
            let line = format!("append p-{form} --create --arity 2 {options}");
            folder.run_with(&line, &input).ok();
            assert_eq!(
                folder.ok(&format!("root p-{form}")).trim(),
                slow_root(&leaves, 2)
            );
        }
    }
}

#[test]
fn lines_are_hashed_with_the_function_of_the_tree() {
    let folder = Folder::new();
    let lines = ["one", "", "three"];
    folder.write("text", lines.join("\n"));
    folder.ok("append tree text --create --hash-lines");
    let leaves: Vec<[u8; 32]> = lines
        .iter()
        .map(|line| blake3::hash(line.as_bytes()).into())
        .collect();
    assert_eq!(folder.ok("root tree").trim(), slow_root(&leaves, 4));

    // SHA-256 of a zero byte and nothing: the hash of an empty entry in RFC 6962.
    folder.write("empty", "\n");
    folder.ok("append log empty --create --hash-lines --hash rfc6962");
    assert_eq!(
        folder.ok("root log").trim(),
        "0x6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
    folder
        .run("append p text --create --hash-lines --hash poseidon")
        .fails(2, "poseidon");
    assert!(!folder.path("p").exists());
    folder
        .run("append tree text --hash-lines --form raw")
        .fails(2, "--hash-lines");
}

#[test]
fn resuming_appends_what_is_missing_and_refuses_what_differs() {
    let folder = Folder::new();
    let all = leaves(5000);
    folder.write("all", hex_lines(&all));
    folder.write("front", hex_lines(&all[..3000]));
    folder.ok("append tree front --create");
    let done = folder.json("append tree all --resume --batch 100");
    assert_eq!(
        (&done["agreed"], &done["appended"]),
        (&3000.into(), &2000.into())
    );
    assert_eq!(done["root"], slow_root(&all, 4));
    let again = folder.json("append tree all --resume");
    assert_eq!(
        (&again["agreed"], &again["appended"]),
        (&5000.into(), &0.into())
    );
    let shorter = folder.json("append tree front --resume");
    assert_eq!(
        (&shorter["agreed"], &shorter["size"]),
        (&3000.into(), &5000.into())
    );

    let mut other = all.clone();
    other[4200] = [7; 32];
    folder.write("other", hex_lines(&other));
    folder
        .run("append tree other --resume")
        .fails(7, "leaf 4200 is 0x0707");
    assert_eq!(
        folder.ok("head tree"),
        format!("5000:{}\n", slow_root(&all, 4))
    );
    // Without --resume the same leaves are appended once more.
    let twice = folder.json("append tree front");
    assert_eq!(twice["size"], 8000);
}

#[test]
fn leaves_of_a_pipe_that_pauses_become_durable_meanwhile() {
    let folder = Folder::new();
    folder.ok("init tree");
    let mut command = folder.command(["append", "tree"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(hex_lines(&leaves(10)).as_bytes()).unwrap();
    pipe.flush().unwrap();
    // The pipe stays open; readers see the leaves all the same.
    let started = Instant::now();
    while !folder.ok("head tree").starts_with("10:") {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "the leaves do not come"
        );
    }
    folder.run("append tree").fails(5, "next: wait");
    drop(pipe);
    assert!(child.wait().unwrap().success());
    let mut out = String::new();
    child.stdout.unwrap().read_to_string(&mut out).unwrap();
    assert!(
        out.starts_with("appended 10 leaves; all are on disk\n10:0x"),
        "{out}"
    );
}

#[test]
fn no_leaf_waits_for_the_next_bytes_of_a_pipe_in_any_form() {
    let folder = Folder::new();
    let all = &leaves(6)[..];
    let lines = hex_lines(all);
    let json =
        serde_json::to_string(&all.iter().map(|leaf| hex(leaf)).collect::<Vec<_>>()).unwrap();
    let raw = all.as_flattened();
    thread::scope(|scope| {
        for (form, input) in [
            ("raw", raw),
            ("lines", lines.as_bytes()),
            ("json", json.as_bytes()),
        ] {
            let folder = &folder;
            let bytes = input.len() / all.len();
            scope.spawn(move || {
                let line = format!("append {form} --create --form {form}");
                let mut command = folder.command(line.split(' '));
                command.stdin(Stdio::piped()).stdout(Stdio::null());
                let mut child = command.spawn().unwrap();
                let mut pipe = child.stdin.take().unwrap();
                let mut given = 0;
                // One leaf each time, with or without a part of the next one.
                for count in 1..=all.len() {
                    let end = (count * bytes + count % 2 * (bytes / 2)).min(input.len());
                    pipe.write_all(&input[given..end]).unwrap();
                    given = end;
                    let started = Instant::now();
                    while !folder
                        .run(&format!("head {form}"))
                        .out
                        .starts_with(format!("{count}:").as_bytes())
                    {
                        assert!(
                            started.elapsed() < Duration::from_secs(60),
                            "{form}: leaf {count} waits"
                        );
                    }
                }
                pipe.write_all(&input[given..]).unwrap();
                drop(pipe);
                assert!(child.wait().unwrap().success());
                let root = folder.ok(&format!("root {form}"));
                assert_eq!(root.trim(), slow_root(all, 4), "{form}");
            });
        }
    });
}

#[test]
fn ten_million_hashed_lines_give_the_root_of_the_library() {
    const COUNT: u64 = 10_000_000;
    let folder = Folder::new();
    let lines: String = (0..COUNT).map(|line| format!("{line}\n")).collect();
    let leaves: Vec<[u8; 32]> = lines
        .lines()
        .map(|line| blake3::hash(line.as_bytes()).into())
        .collect();
    folder.write("lines", lines);
    let done = folder.json("append tree lines --create --hash-lines");
    assert_eq!(
        (&done["size"], &done["root"]),
        (&COUNT.into(), &slow_root(&leaves, 4).into())
    );
    let proof = folder.ok("prove tree 777777");
    let verified = folder.run_with(
        &format!("verify --head {}", folder.ok("head tree")),
        proof.as_bytes(),
    );
    assert!(verified.ok().contains(&hex(&leaves[777_777])));
}
