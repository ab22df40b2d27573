//! How the command behaves among other programs: JSON, pipes, exit codes, help.

use serde_json::Value;

use crate::support::{Folder, hex_lines, leaves};

#[test]
fn errors_are_json_when_json_is_asked_for() {
    let folder = Folder::new();
    let run = folder.run("head nowhere --json");
    assert_eq!(run.code, Some(4));
    assert!(run.out.is_empty());
    let error: Value = serde_json::from_str(&run.err).unwrap();
    let error = &error["error"];
    assert_eq!(
        (&error["code"], &error["exit"]),
        (&"place".into(), &4.into())
    );
    assert!(error["message"].as_str().unwrap().contains("nowhere"));
    assert!(
        error["next"]
            .as_str()
            .unwrap()
            .contains("rotortree init nowhere")
    );
}

#[test]
fn nothing_but_the_answer_goes_to_the_output_and_nothing_to_the_error_output() {
    let folder = Folder::new();
    folder.write("leaves", hex_lines(&leaves(3)));
    for line in [
        "init tree",
        "append tree leaves",
        "head tree",
        "root tree --at 2",
        "prove tree 1",
        "--help",
        "append --help",
        "--version",
    ] {
        let run = folder.run(line);
        assert_eq!(run.err, "", "{line}");
        assert!(!run.out.is_empty(), "{line}");
        assert!(
            !run.out.contains(&0x1b),
            "no colours without a terminal: {line}"
        );
    }
}

#[test]
fn a_line_that_is_not_understood_is_told_with_the_usage() {
    let folder = Folder::new();
    for (line, said) in [
        ("", "Usage"),
        ("appendd tree", "append"),
        ("head", "PLACE"),
        ("head tree more", "more"),
        ("prove tree -1", "-1"),
        (
            "prove tree xyz",
            "neither an index nor the 64 hex digits of a leaf",
        ),
        ("root tree --at many", "--at"),
        ("append tree --batch 0", "--batch"),
    ] {
        folder.run(line).fails(2, said);
    }
}
