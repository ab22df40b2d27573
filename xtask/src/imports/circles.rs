//! The strongly connected parts of a graph, by Tarjan's algorithm (SIAM J. Comput. 1, 1972).

use std::collections::{BTreeMap, BTreeSet};

/// Files, each with the files that it takes names from.
pub(crate) type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The circles: the parts with more than one member, each sorted, in the order of their
/// first member.
pub(crate) fn find(arrows: &Arrows) -> Vec<Vec<String>> {
    let mut search = Search {
        arrows,
        marks: BTreeMap::new(),
        path: Vec::new(),
        found: Vec::new(),
    };
    for file in arrows.keys() {
        if !search.marks.contains_key(file.as_str()) {
            search.visit(file);
        }
    }
    search.found.sort();
    search.found
}

struct Search<'a> {
    arrows: &'a Arrows,
    marks: BTreeMap<&'a str, Mark>,
    path: Vec<&'a str>,
    found: Vec<Vec<String>>,
}

struct Mark {
    index: usize,
    lowest: usize,
    on_path: bool,
}

impl<'a> Search<'a> {
    /// Visits `file` and everything behind it; the lowest index that it reaches on the path.
    fn visit(&mut self, file: &'a str) -> usize {
        let index = self.marks.len();
        self.marks.insert(
            file,
            Mark {
                index,
                lowest: index,
                on_path: true,
            },
        );
        self.path.push(file);
        let arrows = self.arrows;
        let mut lowest = index;
        for next in arrows.get(file).into_iter().flatten() {
            let reached = match self.marks.get(next.as_str()) {
                None => self.visit(next),
                Some(mark) if mark.on_path => mark.index,
                Some(_) => continue,
            };
            lowest = lowest.min(reached);
        }
        if let Some(mark) = self.marks.get_mut(file) {
            mark.lowest = lowest;
        }
        if lowest == index {
            self.close(file);
        }
        lowest
    }

    /// Takes the part that `file` is the first member of off the path.
    fn close(&mut self, file: &str) {
        let mut part = Vec::new();
        while let Some(member) = self.path.pop() {
            if let Some(mark) = self.marks.get_mut(member) {
                mark.on_path = false;
            }
            part.push(member.to_owned());
            if member == file {
                break;
            }
        }
        if part.len() > 1 {
            part.sort();
            self.found.push(part);
        }
    }
}
