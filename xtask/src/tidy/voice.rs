//! Pronouns for people are counted over the whole tree: a sentence names the thing that acts.

use super::words::words;
use super::{Finding, Tree};

/// In two halves, so that this file does not count.
const PRONOUNS: [&str; 5] = [
    concat!("who", "ever"),
    concat!("no", "body"),
    concat!("some", "body"),
    concat!("every", "body"),
    concat!("any", "body"),
];

/// The largest allowed number. It only falls.
const LIMIT: usize = 20;

/// Finds all of them, when there are too many.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    check_against(tree, LIMIT)
}

fn check_against(tree: &Tree, limit: usize) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files() {
        for (index, line) in file.text.lines().enumerate() {
            for word in words(line) {
                let word = word.to_lowercase();
                if PRONOUNS.contains(&word.as_str()) {
                    let message = format!("`{word}`: name the thing that acts");
                    found.push(Finding::new(&file.path, index + 1, message));
                }
            }
        }
    }
    if found.len() <= limit {
        return Vec::new();
    }
    let message = format!("{} pronouns for people, at most {limit}", found.len());
    found.push(Finding::new("xtask/src/tidy/voice.rs", 0, message));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pronouns_are_counted_in_every_file() {
        let text = PRONOUNS
            .map(|word| format!("// {word}'s, {word}\n"))
            .concat();
        let tree = Tree::sample(&[("a.rs", &text), ("b.md", "Anyone and no one\n")]);
        assert_eq!(check_against(&tree, 10), []);
        assert_eq!(check_against(&tree, 9).len(), 11);
    }
}
