//! The digests of Debian's packages: the committed sample, and all 63,663 where they are present.

use std::fs;

use crate::support::{Folder, sample, whole_list};

#[test]
fn the_digests_are_appended_proved_and_verified() {
    for list in [Some(sample()), whole_list()].into_iter().flatten() {
        let folder = Folder::new();
        fs::copy(&list, folder.path("digests")).unwrap();
        let text = fs::read_to_string(&list).unwrap();
        let digests: Vec<&str> = text.lines().map(|line| &line[..64]).collect();
        let done = folder.json("append tree digests --create");
        assert_eq!(done["size"], digests.len());
        let head = folder.ok("head tree --json");
        folder.write("head.json", head);
        for index in [0, 1, digests.len() / 2, digests.len() - 1] {
            let by_value = folder.ok(&format!("prove tree {}", digests[index]));
            let proof = folder.ok(&format!("prove tree {index}"));
            // A digest that stands twice is proved at its first place.
            if digests.iter().position(|digest| *digest == digests[index]) == Some(index) {
                assert_eq!(by_value, proof);
            }
            let line = format!(
                "verify --head head.json --index {index} --leaf {}",
                digests[index]
            );
            folder.run_with(&line, proof.as_bytes()).ok();
        }
    }
}
