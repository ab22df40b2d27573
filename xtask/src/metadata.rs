//! The part of `cargo metadata` that the commands read.
//!
//! Absent or oddly typed fields are errors: a check that silently sees no dependencies would pass
//! whatever they are.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::outcome::{Failure, Outcome};

/// What `cargo metadata` says.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    /// The packages, workspace members only under `--no-deps`.
    pub(crate) packages: Vec<Package>,
    /// The folder that cargo builds into.
    pub(crate) target_directory: String,
}

/// One package.
#[derive(Debug, Default, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Feature names (those implied by optional dependencies included) and what each enables.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
    /// The names of its programs.
    pub(crate) binaries: Vec<String>,
}

/// One line of a package's dependency tables.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// The version requirement; `*` when none is written.
    pub(crate) requirement: String,
    pub(crate) kind: Kind,
    pub(crate) optional: bool,
    /// True when it is found by path.
    pub(crate) by_path: bool,
}

/// Which table a dependency stands in.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Normal,
    Dev,
    Build,
}

impl Metadata {
    /// Reads the output of `cargo metadata --format-version 1`.
    pub(crate) fn parse(json: &str) -> Outcome<Self> {
        let value: Value = serde_json::from_str(json)
            .map_err(|error| Failure::new(format!("cargo metadata is not JSON: {error}")))?;
        let packages = array(&value, "packages")?
            .iter()
            .map(package)
            .collect::<Outcome<_>>()?;
        Ok(Self {
            packages,
            target_directory: string(&value, "target_directory")?,
        })
    }

    /// The package called `name`.
    pub(crate) fn package(&self, name: &str) -> Outcome<&Package> {
        self.packages
            .iter()
            .find(|package| package.name == name)
            .ok_or_else(|| Failure::new(format!("The workspace has no package `{name}`.")))
    }
}

fn package(value: &Value) -> Outcome<Package> {
    let features = value["features"]
        .as_object()
        .ok_or_else(|| missing("features"))?
        .iter()
        .map(|(name, enables)| Ok((name.clone(), strings(enables, name)?)))
        .collect::<Outcome<_>>()?;
    let mut binaries = Vec::new();
    for target in array(value, "targets")? {
        for kind in array(target, "kind")? {
            if kind.as_str() == Some("bin") {
                binaries.push(string(target, "name")?);
            }
        }
    }
    Ok(Package {
        name: string(value, "name")?,
        features,
        dependencies: array(value, "dependencies")?
            .iter()
            .map(dependency)
            .collect::<Outcome<_>>()?,
        binaries,
    })
}

fn dependency(value: &Value) -> Outcome<Dependency> {
    let kind = match value["kind"].as_str() {
        None => Kind::Normal,
        Some("dev") => Kind::Dev,
        Some("build") => Kind::Build,
        Some(other) => return Err(Failure::new(format!("unknown dependency kind `{other}`"))),
    };
    Ok(Dependency {
        name: string(value, "name")?,
        requirement: string(value, "req")?,
        kind,
        optional: value["optional"]
            .as_bool()
            .ok_or_else(|| missing("optional"))?,
        by_path: value["path"].is_string(),
    })
}

fn array<'a>(value: &'a Value, field: &str) -> Outcome<&'a Vec<Value>> {
    value[field].as_array().ok_or_else(|| missing(field))
}

fn string(value: &Value, field: &str) -> Outcome<String> {
    value[field]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| missing(field))
}

fn strings(value: &Value, field: &str) -> Outcome<Vec<String>> {
    value
        .as_array()
        .ok_or_else(|| missing(field))?
        .iter()
        .map(|item| {
            item.as_str()
                .map(str::to_owned)
                .ok_or_else(|| missing(field))
        })
        .collect()
}

fn missing(field: &str) -> Failure {
    Failure::new(format!(
        "cargo metadata has no `{field}` where it should be."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{CRATES, Workspace};

    #[test]
    fn our_own_metadata_is_read() {
        let metadata = Workspace::find().unwrap().metadata().unwrap();
        for name in CRATES {
            assert!(metadata.package(name).is_ok());
        }
        let store = metadata.package("rotortree-store").unwrap();
        let hasher = store
            .dependencies
            .iter()
            .find(|dependency| dependency.name == "rotortree-hasher")
            .unwrap();
        assert_eq!(hasher.kind, Kind::Normal);
        assert!(hasher.by_path);
        assert!(metadata.package("no-such-package").is_err());
    }

    #[test]
    fn metadata_that_lacks_a_field_is_refused() {
        assert!(Metadata::parse("{").is_err());
        assert!(Metadata::parse("{}").is_err());
        let no_dependencies = r#"{ "target_directory": "t", "packages": [
            { "id": "a", "name": "a", "features": {}, "targets": [] } ] }"#;
        assert!(Metadata::parse(no_dependencies).is_err());
    }
}
