//! The repository's root and its packages.

use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

use crate::outcome::{Failure, Outcome};

/// The published libraries, lowest first: a crate only depends on those before it.
pub(crate) const CRATES: [&str; 11] = [
    "rotortree-hasher",
    "rotortree-lean-imt",
    "rotortree-tiles",
    "rotortree-poseidon",
    "rotortree-wal",
    "rotortree-store",
    "rotortree-index",
    "rotortree-object-store",
    "rotortree-proof-forms",
    "rotortree",
    "rotortree-server",
];

/// The member that measures against competitors and is never tested or published.
pub(crate) const BENCHES: &str = "rotortree-benches";

/// The packages that are workspaces of their own: they need a nightly, their own
/// profile, or dependencies that no member may have.
const OUTSIDE: [&str; 5] = [NO_STD_PROOF, FUZZ, INTEROP_LOGS, INTEROP_GROUPS, CONTENDERS];

/// The program that proves that the tree links without `std`.
pub(crate) const NO_STD_PROOF: &str = "xtask/no-std-proof";

/// The program that exchanges transparency logs with other implementations.
pub(crate) const INTEROP_LOGS: &str = "interop/logs";

/// The program that exchanges trees, proofs and groups with zk-kit and Semaphore.
pub(crate) const INTEROP_GROUPS: &str = "interop/groups";

/// The program that measures trees by other people.
pub(crate) const CONTENDERS: &str = "benches/contenders";

/// The fuzz targets.
pub(crate) const FUZZ: &str = "fuzz";

/// The repository that xtask works on.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The repository that this very xtask belongs to, wherever it is called from.
    pub(crate) fn find() -> Outcome<Self> {
        // At run time cargo says where the package is now; the path compiled in is only right as
        // long as the clone stays where it is.
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package
            .parent()
            .ok_or_else(|| Failure::new("The xtask package has no parent folder."))?;
        if root.join("xtask").join("Cargo.toml").is_file() {
            Ok(Self {
                root: root.to_owned(),
            })
        } else {
            Err(Failure::new(format!(
                "`{}` is not the repository of this xtask.",
                root.display()
            )))
        }
    }

    /// The repository's root folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The manifests of the packages outside the workspace, relative to the root.
    pub(crate) fn outside_manifests(&self) -> impl Iterator<Item = String> {
        OUTSIDE
            .iter()
            .map(|folder| format!("{folder}/Cargo.toml"))
            .filter(|manifest| self.root.join(manifest).is_file())
    }

    /// Cargo's metadata of the workspace's own packages.
    pub(crate) fn metadata(&self) -> Outcome<Metadata> {
        self.metadata_of("Cargo.toml")
    }

    /// Cargo's metadata of the packages of one manifest, relative to the root.
    pub(crate) fn metadata_of(&self, manifest: &str) -> Outcome<Metadata> {
        MetadataCommand::new()
            .manifest_path(self.root.join(manifest))
            .no_deps()
            .exec()
            .map_err(|error| Failure::new(format!("cargo metadata of `{manifest}`: {error}")))
    }
}

/// The packages that are published, each behind those of ours that it needs: the order in which
/// the registry takes them.
pub(crate) fn publish_order(metadata: &Metadata) -> Vec<&str> {
    let mut rest: Vec<&Package> = metadata.packages.iter().collect();
    rest.retain(|package| package.publish.as_ref().is_none_or(|to| !to.is_empty()));
    let mut order: Vec<&str> = Vec::new();
    while !rest.is_empty() {
        let waits = |package: &Package, rest: &[&Package]| {
            let needs = package.dependencies.iter();
            needs
                .filter(|need| need.path.is_some() && need.kind != DependencyKind::Development)
                .any(|need| rest.iter().any(|other| other.name == need.name))
        };
        let (later, now): (Vec<&Package>, Vec<&Package>) =
            rest.iter().partition(|package| waits(package, &rest));
        if now.is_empty() {
            // Cargo refuses such a workspace.
            break;
        }
        order.extend(now.iter().map(|package| package.name.as_str()));
        rest = later;
    }
    order
}

/// The package called `name`.
pub(crate) fn package<'a>(metadata: &'a Metadata, name: &str) -> Outcome<&'a Package> {
    let mut packages = metadata.packages.iter();
    packages
        .find(|package| package.name == name)
        .ok_or_else(|| Failure::new(format!("The workspace has no package `{name}`.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_published_behind_those_that_it_needs() {
        let metadata = Workspace::find().unwrap().metadata().unwrap();
        let order = publish_order(&metadata);
        for name in CRATES.iter().chain(&["rotortree-cli"]) {
            assert!(order.contains(name), "{name} is not published");
        }
        assert!(!order.contains(&BENCHES) && !order.contains(&"xtask"));
        for (place, name) in order.iter().enumerate() {
            for need in &package(&metadata, name).unwrap().dependencies {
                let needed = order.iter().position(|other| *other == need.name);
                let is_before = needed.is_none_or(|needed| needed < place);
                assert!(
                    is_before || need.kind == DependencyKind::Development,
                    "{name}"
                );
            }
        }
    }
}
