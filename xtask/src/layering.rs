//! The layers: which crate may depend on which, and name which.
//!
//! The rules are one table. They hold for every kind of dependency, development ones included: a
//! test that needs an upper crate belongs to the upper crate.

use cargo_metadata::{DependencyKind, Metadata, Package};

use crate::tidy::{File, Tree};
use crate::workspace;

/// One crate's place.
struct Layer {
    name: &'static str,
    folder: &'static str,
    /// The crates of ours that it may depend on.
    below: &'static [&'static str],
    /// The crates of others that it may require; none when only its own needs decide.
    requires: Option<&'static [&'static str]>,
}

/// The layers, lowest first.
const LAYERS: [Layer; 12] = [
    Layer {
        name: "rotortree-hasher",
        folder: "crates/hasher/",
        below: &[],
        requires: Some(&[]),
    },
    Layer {
        name: "rotortree-lean-imt",
        folder: "crates/lean-imt/",
        below: &["rotortree-hasher"],
        // cpufeatures finds wide copies; loom only where the whole build is `--cfg loom`.
        requires: Some(&["thiserror", "cpufeatures", "loom"]),
    },
    Layer {
        name: "rotortree-tiles",
        folder: "crates/tiles/",
        below: &["rotortree-hasher", "rotortree-lean-imt"],
        requires: None,
    },
    Layer {
        name: "rotortree-poseidon",
        folder: "crates/poseidon/",
        // The tree for its examples and for the groups of Semaphore.
        below: &["rotortree-hasher", "rotortree-lean-imt"],
        // once_cell keeps derived constants without `std`; cpufeatures finds the lanes.
        requires: Some(&["once_cell", "cpufeatures"]),
    },
    Layer {
        name: "rotortree-wal",
        folder: "crates/wal/",
        below: &[],
        requires: None,
    },
    Layer {
        name: "rotortree-store",
        folder: "crates/store/",
        below: &["rotortree-hasher", "rotortree-lean-imt", "rotortree-wal"],
        requires: None,
    },
    Layer {
        name: "rotortree-index",
        folder: "crates/index/",
        // The field's hash function for the example.
        below: &[
            "rotortree-hasher",
            "rotortree-lean-imt",
            "rotortree-poseidon",
            "rotortree-wal",
            "rotortree-store",
        ],
        requires: None,
    },
    Layer {
        name: "rotortree-object-store",
        folder: "crates/object-store/",
        // The tree and its hash functions for tests and the example.
        below: &[
            "rotortree-hasher",
            "rotortree-lean-imt",
            "rotortree-wal",
            "rotortree-store",
        ],
        requires: None,
    },
    Layer {
        name: "rotortree-proof-forms",
        folder: "crates/proof-forms/",
        below: &["rotortree-hasher", "rotortree-lean-imt"],
        requires: None,
    },
    Layer {
        name: "rotortree",
        folder: "crates/rotortree/",
        // The forms and the tiles for examples alone.
        below: &[
            "rotortree-hasher",
            "rotortree-lean-imt",
            "rotortree-proof-forms",
            "rotortree-store",
            "rotortree-index",
            "rotortree-object-store",
            "rotortree-tiles",
        ],
        requires: Some(&[]),
    },
    Layer {
        name: "rotortree-server",
        folder: "crates/server/",
        // The store for the backends of its tests.
        below: &["rotortree", "rotortree-store", "rotortree-proof-forms"],
        requires: None,
    },
    Layer {
        name: "rotortree-cli",
        folder: "crates/cli/",
        below: &[
            "rotortree",
            "rotortree-object-store",
            "rotortree-poseidon",
            "rotortree-proof-forms",
            "rotortree-server",
            "rotortree-tiles",
            "rotortree-wal",
        ],
        requires: None,
    },
];

/// Members that no other depends on.
const TOP: [&str; 3] = ["xtask", "rotortree-benches", "rotortree-import-0x"];

/// The only members that may depend on other people's Merkle trees: one measures them, one reads
/// what they wrote.
const READS_OTHERS: [&str; 2] = ["rotortree-benches", "rotortree-import-0x"];

/// Other people's Merkle trees; a published version of a crate of ours counts as one too.
const COMPETITORS: [&str; 10] = [
    "zk-kit-lean-imt",
    "zk-kit-imt",
    "lean-imt",
    "incrementalmerkletree",
    "shardtree",
    "rs_merkle",
    "merkle-cbt",
    "ct-merkle",
    "signed_note",
    "tlog_tiles",
];

/// Dependencies that the layers do not permit, as sentences.
pub(crate) fn edges(metadata: &Metadata) -> Vec<String> {
    let mut problems = Vec::new();
    for package in &metadata.packages {
        let layer = LAYERS.iter().find(|layer| package.name == layer.name);
        if layer.is_none() && !TOP.contains(&package.name.as_str()) {
            problems.push(format!(
                "`{}` has no place in the table of xtask/src/layering.rs.",
                package.name
            ));
        }
        check_package(package, layer, &mut problems);
    }
    for layer in &LAYERS {
        if workspace::package(metadata, layer.name).is_err() {
            problems.push(format!("`{}` is not in the workspace.", layer.name));
        }
    }
    problems
}

fn check_package(package: &Package, layer: Option<&Layer>, problems: &mut Vec<String>) {
    let user = package.name.as_str();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        let ours = LAYERS.iter().any(|layer| layer.name == name);
        let by_path = dependency.path.is_some();
        let for_tests = dependency.kind == DependencyKind::Development;
        if name == user && by_path && for_tests {
            // A crate's tests switch its own features on like this; packing leaves the line out.
            continue;
        }
        if TOP.contains(&name) {
            problems.push(format!("`{user}` depends on `{name}`; no member may."));
        } else if ours && by_path {
            let allowed = match layer {
                Some(layer) => layer.below.contains(&name),
                None => READS_OTHERS.contains(&user),
            };
            if !allowed {
                problems.push(format!(
                    "`{user}` depends on `{name}`, which is not below it."
                ));
            }
            if dependency.req.to_string() == "*" {
                problems.push(format!(
                    "`{user}` names no version of `{name}`; ours carry path and version."
                ));
            }
        } else if (ours || COMPETITORS.contains(&name)) && !READS_OTHERS.contains(&user) {
            let readers = READS_OTHERS.join("` and `");
            problems.push(format!(
                "`{user}` depends on a published `{name}`; only `{readers}` may."
            ));
        }
        if let Some(requires) = layer.and_then(|layer| layer.requires)
            && !for_tests
            && !dependency.optional
            && !ours
            && !TOP.contains(&name)
            && !requires.contains(&name)
        {
            problems.push(format!(
                "`{user}` requires `{name}`; make it optional, or say why in the table of \
                 xtask/src/layering.rs."
            ));
        }
    }
}

/// Places where a crate names one that is not below it, whatever the `cfg`.
pub(crate) fn names(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for layer in &LAYERS {
        let others = LAYERS
            .iter()
            .filter(|other| other.name != layer.name && !layer.below.contains(&other.name));
        let forbidden: Vec<String> = others.map(|other| path_of(other.name)).collect();
        let own = |file: &&File| file.path.starts_with(layer.folder);
        for file in tree.rust().filter(own) {
            for (index, line) in file.text.lines().enumerate() {
                for name in &forbidden {
                    if starts_a_path(line, name) {
                        problems.push(format!(
                            "{}:{}: `{}` names `{}`, which is not below it.",
                            file.path,
                            index + 1,
                            layer.name,
                            name.trim_end_matches("::")
                        ));
                    }
                }
            }
        }
    }
    problems
}

/// Whether a path in the line, code or comment, starts with `name`.
fn starts_a_path(line: &str, name: &str) -> bool {
    line.split(|c: char| !(c.is_alphanumeric() || "_:".contains(c)))
        .any(|path| path.starts_with(name))
}

/// The path of the crate `name` in Rust code.
fn path_of(name: &str) -> String {
    // The facade's name is also the project's, and only means the crate as the head of a path.
    if name.contains('-') {
        name.replace('-', "_")
    } else {
        format!("{name}::")
    }
}

#[cfg(test)]
mod tests {
    use cargo_metadata::Dependency;
    use serde_json::{Value, json};

    use super::*;
    use crate::workspace::Workspace;

    /// All crates, one of them with the given dependency.
    fn with(user: &str, dependency: Value) -> Metadata {
        let mut metadata = Workspace::find().unwrap().metadata().unwrap();
        let dependency: Dependency = serde_json::from_value(dependency).unwrap();
        for package in &mut metadata.packages {
            package.dependencies.clear();
            if package.name == user {
                package.dependencies.push(dependency.clone());
            }
        }
        assert_eq!(metadata.packages.len(), LAYERS.len() + TOP.len());
        metadata
    }

    fn external(name: &str) -> Value {
        json!({ "name": name, "req": "^0.1.0", "source": null, "kind": null, "optional": false,
                "uses_default_features": true, "features": [], "target": null, "rename": null,
                "registry": null })
    }

    fn internal(name: &str) -> Value {
        and(external(name), "path", "crates/x")
    }

    /// The dependency with one field set.
    fn and(mut dependency: Value, field: &str, value: impl Into<Value>) -> Value {
        dependency[field] = value.into();
        dependency
    }

    fn problems(user: &str, dependency: Value) -> usize {
        edges(&with(user, dependency)).len()
    }

    #[test]
    fn the_workspace_keeps_its_layers() {
        let workspace = Workspace::find().unwrap();
        assert_eq!(edges(&workspace.metadata().unwrap()), Vec::<String>::new());
        let tree = Tree::read(workspace.root()).unwrap();
        assert_eq!(names(&tree), Vec::<String>::new());
    }

    #[test]
    fn an_edge_that_points_up_or_sideways_is_found() {
        assert_eq!(problems("rotortree", internal("rotortree-store")), 0);
        assert_eq!(problems("rotortree-store", internal("rotortree-wal")), 0);
        assert_eq!(problems("rotortree-store", internal("rotortree")), 1);
        assert_eq!(problems("rotortree-wal", internal("rotortree-hasher")), 1);
        assert_eq!(problems("rotortree-tiles", internal("rotortree-store")), 1);
        assert_eq!(problems("rotortree", internal("rotortree-wal")), 1);
        let test_only = and(internal("rotortree-store"), "kind", "dev");
        assert_eq!(problems("rotortree-lean-imt", test_only), 1);
        assert_eq!(problems("xtask", internal("rotortree")), 1);
    }

    #[test]
    fn nobody_depends_on_benches_or_xtask() {
        assert_eq!(problems("rotortree", internal("rotortree-benches")), 1);
        assert_eq!(problems("rotortree-benches", internal("xtask")), 1);
    }

    #[test]
    fn competitors_are_for_benches_alone() {
        assert_eq!(problems("rotortree-benches", external("rotortree")), 0);
        assert_eq!(problems("rotortree-benches", external("lean-imt")), 0);
        assert_eq!(problems("rotortree-store", external("rotortree")), 1);
        assert_eq!(problems("rotortree-wal", external("lean-imt")), 1);
    }

    #[test]
    fn ours_carry_a_version() {
        let bare = and(internal("rotortree-hasher"), "req", "*");
        assert_eq!(problems("rotortree-lean-imt", bare), 1);
    }

    #[test]
    fn a_crate_may_depend_on_itself_in_its_tests_alone() {
        let own = and(internal("rotortree-store"), "req", "*");
        assert_eq!(problems("rotortree-store", own.clone()), 2);
        assert_eq!(problems("rotortree-store", and(own, "kind", "dev")), 0);
    }

    #[test]
    fn the_tree_requires_nothing_but_the_hasher_and_its_errors() {
        assert_eq!(problems("rotortree-lean-imt", external("thiserror")), 0);
        assert_eq!(problems("rotortree-lean-imt", external("rayon")), 1);
        let optional = and(external("rayon"), "optional", true);
        assert_eq!(problems("rotortree-lean-imt", optional), 0);
        let test_only = and(external("proptest"), "kind", "dev");
        assert_eq!(problems("rotortree-lean-imt", test_only), 0);
    }

    #[test]
    fn a_member_without_a_place_is_found() {
        let mut metadata = with("rotortree", internal("rotortree-store"));
        let mut extra = json!(metadata.packages[0]);
        extra["name"] = "rotortree-extra".into();
        metadata.packages[0] = serde_json::from_value(extra).unwrap();
        assert_eq!(edges(&metadata).len(), 2);
    }

    #[test]
    fn a_name_from_above_is_found() {
        let found = |path, source| names(&Tree::sample(&[(path, source)])).len();
        let lean = "crates/lean-imt/src/a.rs";
        assert_eq!(found(lean, "use rotortree_store::Engine;\n"), 1);
        assert_eq!(found(lean, "/// See [`rotortree_store`].\n"), 1);
        assert_eq!(found(lean, "use rotortree::Tree;\n"), 1);
        assert_eq!(found(lean, "use rotortree_hasher::Hash;\n"), 0);
        assert_eq!(found(lean, "//! Part of rotortree.\n"), 0);
        assert_eq!(found("crates/store/src/a.rs", "use rotortree_wal::A;\n"), 0);
        assert_eq!(
            found("crates/wal/tests/a.rs", "use rotortree_hasher::A;\n"),
            1
        );
    }
}
