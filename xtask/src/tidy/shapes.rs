//! Types stay small: past eight fields or two locks, the state of a type has several owners.

use syn::visit::{self, Visit};

use super::{Finding, Tree};
use crate::source::is_for_tests;

/// The most fields of a type.
const FIELDS: usize = 8;

/// The most locks and condition variables of a type.
const LOCKS: usize = 2;

/// Types that may have more, and why. A type that no longer needs its entry is a finding.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("crates/store/src/settings.rs: Settings", "settings"),
    (
        "crates/store/src/manifest.rs: Manifest",
        "the fields of a file",
    ),
    (
        "crates/store/src/recovery/report.rs: RecoveryReport",
        "a report",
    ),
    ("crates/store/src/identity.rs: StoreIdentity", "a report"),
    (
        "crates/wal/src/segment.rs: SegmentHeader",
        "the fields of a file",
    ),
];

/// The types that make a field count as a lock.
const LOCK_TYPES: [&str; 4] = ["Mutex", "RwLock", "Condvar", "Monitor"];

/// Finds types with too many fields or locks, and exceptions without need.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    check_against(tree, EXCEPTIONS)
}

fn check_against(tree: &Tree, exceptions: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut excused = Vec::new();
    for file in tree
        .files()
        .filter(|file| !file.is_test && file.is_library())
    {
        let Some(syntax) = file.source().syntax.as_ref() else {
            continue;
        };
        let mut types = Types::default();
        types.visit_file(syntax);
        for found in types.large {
            let name = format!("{}: {}", file.path, found.name);
            if exceptions.iter().any(|(excepted, _)| *excepted == name) {
                excused.push(name);
                continue;
            }
            let message = format!(
                "`{}` has {} fields and {} locks (at most {FIELDS} and {LOCKS}): split its state \
                 by owner, or enter it with a reason in xtask/src/tidy/shapes.rs",
                found.name, found.fields, found.locks
            );
            findings.push(Finding::new(&file.path, 0, message));
        }
    }
    for (name, _) in exceptions {
        if !excused.iter().any(|excused| excused == name) {
            let message = format!("`{name}` is small enough: take its exception out");
            findings.push(Finding::new("xtask/src/tidy/shapes.rs", 0, message));
        }
    }
    findings
}

/// A type that is too large.
#[derive(Debug)]
struct Shape {
    name: String,
    fields: usize,
    locks: usize,
}

#[derive(Default)]
struct Types {
    large: Vec<Shape>,
}

impl Types {
    fn enter(&mut self, name: String, fields: &syn::Fields) {
        let locks = fields.iter().map(|field| locks_in(&field.ty)).sum();
        let fields = fields.len();
        if fields > FIELDS || locks > LOCKS {
            self.large.push(Shape {
                name,
                fields,
                locks,
            });
        }
    }
}

impl<'ast> Visit<'ast> for Types {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !module.attrs.iter().any(is_for_tests) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if !item.attrs.iter().any(is_for_tests) {
            self.enter(item.ident.to_string(), &item.fields);
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        for variant in &item.variants {
            self.enter(
                format!("{}::{}", item.ident, variant.ident),
                &variant.fields,
            );
        }
    }
}

/// The number of locks that a field's type names.
fn locks_in(field: &syn::Type) -> usize {
    struct Locks(usize);
    impl<'ast> Visit<'ast> for Locks {
        fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
            self.0 += usize::from(LOCK_TYPES.iter().any(|lock| segment.ident == lock));
            visit::visit_path_segment(self, segment);
        }
    }
    let mut locks = Locks(0);
    locks.visit_type(field);
    locks.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str, exceptions: &[(&str, &str)]) -> usize {
        check_against(
            &Tree::sample(&[("crates/a/src/lib.rs", source)]),
            exceptions,
        )
        .len()
    }

    const LARGE: &str =
        "struct Large { a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8 }";

    #[test]
    fn nine_fields_are_found_and_eight_are_not() {
        assert_eq!(found(LARGE, &[]), 1);
        assert_eq!(found(&LARGE.replace(", i: u8", ""), &[]), 0);
        assert_eq!(found(&format!("enum E {{ {} }}", &LARGE[7..]), &[]), 1);
    }

    #[test]
    fn three_locks_are_found_wherever_they_stand_in_a_type() {
        let locks = "struct L { a: Mutex<u8>, b: Arc<sync::RwLock<u8>>, c: Condvar }";
        assert_eq!(found(locks, &[]), 1);
        assert_eq!(found(&locks.replace(", c: Condvar", ""), &[]), 0);
    }

    #[test]
    fn an_exception_excuses_its_type_and_must_be_needed() {
        let exception = [("crates/a/src/lib.rs: Large", "a report")];
        assert_eq!(found(LARGE, &exception), 0);
        assert_eq!(found("struct Large;", &exception), 1);
    }

    #[test]
    fn what_only_tests_compile_is_left_out() {
        assert_eq!(
            found(&format!("#[cfg(test)] mod tests {{ {LARGE} }}"), &[]),
            0
        );
        let tree = Tree::sample(&[("crates/a/tests/b.rs", LARGE)]);
        assert_eq!(check_against(&tree, &[]).len(), 0);
    }
}
