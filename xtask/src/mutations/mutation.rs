//! One mutation, and the checks that need no build.

use serde::Deserialize;

use super::code::Code;
use crate::outcome::{Failure, Outcome};

/// One protection taken out, and the test that has to notice.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutation {
    /// The name for `--only` and for the table.
    pub(crate) name: String,
    /// The rows of the fault table in `docs/durability/faults.md` that the protection stands for.
    pub(crate) rows: Vec<u8>,
    /// The protection, in one sentence.
    pub(crate) protects: String,
    /// The file, relative to the root.
    pub(crate) file: String,
    /// The code to find, exactly once, whatever its layout.
    pub(crate) find: String,
    /// The code to put there.
    pub(crate) put: String,
    /// The test that must fail then.
    pub(crate) test: Test,
    /// Why nothing fails, where that is right: it changes nothing, or something else
    /// stands behind it.
    pub(crate) explained: Option<String>,
}

/// A test function: in a list, package, target and name, with spaces between. Functions of one name
/// are run together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Test {
    pub(crate) package: String,
    /// `lib`, or the name of a file or folder in `tests/`.
    pub(crate) target: String,
    pub(crate) name: String,
}

impl TryFrom<String> for Test {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            [package, target, name] => Ok(Self {
                package: package.to_owned(),
                target: target.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err(format!("`{text}` is not a package, a target and a name")),
        }
    }
}

impl Test {
    /// The option of `cargo test` that chooses the target.
    pub(crate) fn option(&self) -> String {
        match self.target.as_str() {
            "lib" => "--lib".to_owned(),
            target => format!("--test {target}"),
        }
    }

    /// The folder of the package, relative to the root.
    pub(crate) fn folder(&self) -> String {
        let name = &self.package;
        match name.strip_prefix("rotortree-").unwrap_or(name) {
            tool @ "import-0x" => format!("tools/{tool}"),
            name => format!("crates/{name}"),
        }
    }
}

impl Mutation {
    /// The text of the file with the protection taken out.
    pub(crate) fn apply(&self, code: &Code) -> Outcome<String> {
        let text = code.text();
        match &code.find(&self.find)[..] {
            [place] => Ok([&text[..place.start], &self.put, &text[place.end..]].concat()),
            places => Err(Failure::new(format!(
                "mutation `{}`: its code to find occurs {} times in `{}`, not once",
                self.name,
                places.len(),
                self.file
            ))),
        }
    }

    /// A mutation of `crates/wal/src/a.rs` for tests.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        Self {
            name: "sample".to_owned(),
            rows: vec![1],
            protects: "the write is synced".to_owned(),
            file: "crates/wal/src/a.rs".to_owned(),
            find: "sync()?;".to_owned(),
            put: String::new(),
            test: Test {
                package: "rotortree-wal".to_owned(),
                target: "wal".to_owned(),
                name: "a_test".to_owned(),
            },
            explained: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_replaced_where_it_stands_once() {
        assert_eq!(
            Mutation::sample().apply(&Code::of("write()?; sync( )?; done()")),
            Ok("write()?;  done()".to_owned())
        );
    }

    #[test]
    fn code_that_is_gone_or_not_the_only_one_is_refused() {
        assert!(Mutation::sample().apply(&Code::of("write()?;")).is_err());
        assert!(
            Mutation::sample()
                .apply(&Code::of("sync()?; sync()?;"))
                .is_err()
        );
    }

    #[test]
    fn a_package_s_folder_is_told_by_its_name() {
        let mut test = Mutation::sample().test;
        assert_eq!(test.folder(), "crates/wal");
        test.package = "rotortree".to_owned();
        assert_eq!(test.folder(), "crates/rotortree");
        test.package = "rotortree-import-0x".to_owned();
        assert_eq!(test.folder(), "tools/import-0x");
    }
}
