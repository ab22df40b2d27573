//! Resolves a path to the file that declares its item.

use std::collections::{BTreeMap, BTreeSet};

use super::circles::Arrows;
use super::names::{Names, Path};

/// A re-export of a re-export is followed this far; a longer chain is a circle of its own.
const LONGEST_CHAIN: usize = 16;

/// A file and the module that it holds.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) file: String,
    pub(super) path: Path,
    pub(super) names: Names,
}

/// The modules of one crate, by their paths.
#[derive(Debug, Default)]
pub(super) struct Modules(BTreeMap<Path, Module>);

impl Modules {
    pub(super) fn add(&mut self, module: Module) {
        self.0.insert(module.path.clone(), module);
    }

    /// The arrows from each file to the files that it takes names from.
    pub(super) fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for module in self.0.values() {
            let own: &mut BTreeSet<String> = arrows.entry(module.file.clone()).or_default();
            let below = |target: &Module| target.path.starts_with(&module.path);
            let taken = module.names.taken.iter().map(|path| (path, false));
            let passed_on = module.names.passed_on.iter().map(|path| (path, true));
            for (path, is_passed_on) in taken.chain(passed_on) {
                let Some(target) = self.find(module, path, 0) else {
                    continue;
                };
                if target.file != module.file && !(is_passed_on && below(target)) {
                    own.insert(target.file.clone());
                }
            }
        }
        arrows
    }

    /// The module that declares what `path`, written in `module`, names; none outside the crate.
    fn find(&self, module: &Module, path: &[String], chain: usize) -> Option<&Module> {
        let (mut at, mut rest): (Path, &[String]) = match path.first().map(String::as_str)? {
            "crate" => (Path::new(), &path[1..]),
            "self" => (module.path.clone(), &path[1..]),
            "super" => {
                let ups = path.iter().take_while(|part| *part == "super").count();
                let depth = module.path.len().checked_sub(ups)?;
                (module.path[..depth].to_vec(), &path[ups..])
            }
            first if module.names.children.contains(first) => (module.path.clone(), path),
            first => {
                // A name that an import brought in: `level::Table` behind `use super::level`.
                let import = module.names.imports.get(first)?;
                if chain > LONGEST_CHAIN || import.first().is_some_and(|head| head == first) {
                    return None;
                }
                let mut whole = import.clone();
                whole.extend_from_slice(&path[1..]);
                return self.find(module, &whole, chain + 1);
            }
        };
        while let Some((name, behind)) = rest.split_first() {
            at.push(name.clone());
            if !self.0.contains_key(&at) {
                at.pop();
                break;
            }
            rest = behind;
        }
        let found = self.0.get(&at)?;
        let Some(name) = rest.first() else {
            return Some(found);
        };
        if chain <= LONGEST_CHAIN
            && let Some(import) = found.names.imports.get(name)
            && let Some(origin) = self.find(found, import, chain + 1)
        {
            return Some(origin);
        }
        Some(found)
    }
}
