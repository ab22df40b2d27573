//! What one mutation is, and what can be said of it without building anything.

use crate::outcome::{Failure, Outcome};

/// One protection taken out, and the test that has to notice.
#[derive(Debug)]
pub(crate) struct Mutation {
    /// What `--only` and the table call it.
    pub(crate) name: &'static str,
    /// The rows of the fault table in `docs/durability.md` that the protection stands for.
    pub(crate) rows: &'static [u8],
    /// The protection, in one sentence.
    pub(crate) protects: &'static str,
    /// The file, relative to the root.
    pub(crate) file: &'static str,
    /// The text to find, exactly once.
    pub(crate) find: &'static str,
    /// The text to put there.
    pub(crate) put: &'static str,
    /// What must fail then.
    pub(crate) test: Test,
    /// Why nothing fails, where that is right: it changes nothing, or something else stands behind it.
    pub(crate) explained: Option<&'static str>,
}

/// A test function, by where it is compiled and what it is called. Functions of one name are run together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Test {
    pub(crate) package: &'static str,
    /// `lib`, or the name of a file or folder in `tests/`.
    pub(crate) target: &'static str,
    pub(crate) name: &'static str,
}

impl Test {
    /// The folder of the package, relative to the root.
    pub(crate) fn folder(&self) -> String {
        let name = self.package;
        format!("crates/{}", name.strip_prefix("rotortree-").unwrap_or(name))
    }
}

impl Mutation {
    /// `text`, the file's, with the protection taken out.
    pub(crate) fn apply(&self, text: &str) -> Outcome<String> {
        match text.matches(self.find).count() {
            1 => Ok(text.replacen(self.find, self.put, 1)),
            count => Err(Failure::new(format!(
                "mutation `{}`: its text to find occurs {count} times in `{}`, not once",
                self.name, self.file
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Mutation = Mutation {
        name: "sample",
        rows: &[1],
        protects: "the write is synced",
        file: "crates/wal/src/a.rs",
        find: "sync()?;",
        put: "",
        test: Test {
            package: "rotortree-wal",
            target: "wal",
            name: "a_test",
        },
        explained: None,
    };

    #[test]
    fn the_text_is_replaced_where_it_stands_once() {
        assert_eq!(
            SAMPLE.apply("write()?; sync()?; done()"),
            Ok("write()?;  done()".to_owned())
        );
    }

    #[test]
    fn a_text_that_is_gone_or_not_the_only_one_is_refused() {
        assert!(SAMPLE.apply("write()?;").is_err());
        assert!(SAMPLE.apply("sync()?; sync()?;").is_err());
    }

    #[test]
    fn a_package_s_folder_is_told_by_its_name() {
        assert_eq!(SAMPLE.test.folder(), "crates/wal");
        let facade = Test {
            package: "rotortree",
            ..SAMPLE.test
        };
        assert_eq!(facade.folder(), "crates/rotortree");
    }
}
