//! The circles of a graph: the parts whose members all reach each other.

use std::collections::{BTreeMap, BTreeSet};

/// Files, each with the files that it takes names from.
pub(crate) type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The circles: the parts with more than one member, each sorted, in the order of their
/// first member.
pub(crate) fn find(arrows: &Arrows) -> Vec<Vec<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = arrows
        .keys()
        .map(|file| (file.as_str(), reached_from(file, arrows)))
        .collect();
    let circles: BTreeSet<Vec<String>> = reached
        .iter()
        .map(|(file, targets)| {
            let both_ways =
                |other: &&&str| reached.get(**other).is_some_and(|back| back.contains(file));
            targets
                .iter()
                .filter(both_ways)
                .map(|other| (*other).to_owned())
                .collect()
        })
        .filter(|circle: &Vec<String>| circle.len() > 1)
        .collect();
    circles.into_iter().collect()
}

/// Every file that a way of one arrow or more leads to from `file`.
fn reached_from<'a>(file: &'a str, arrows: &'a Arrows) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file];
    while let Some(file) = open.pop() {
        let targets = arrows.get(file).into_iter().flatten().map(String::as_str);
        open.extend(targets.filter(|target| reached.insert(*target)));
    }
    reached
}
