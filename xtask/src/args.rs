//! The options of a command, `--flag`, `--name value` and `--name=value`, and plain words.

use crate::outcome::{Failure, Outcome};

/// The words after the command's name that are not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Args {
    words: Vec<String>,
}

impl Args {
    /// The options in `words`.
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self { words }
    }

    /// Takes the flag `name`; true when it was given.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() != before
    }

    /// Takes the words behind `--`, if it was given.
    pub(crate) fn behind_dashes(&mut self) -> Option<Vec<String>> {
        let at = self.words.iter().position(|word| word == "--")?;
        let behind = self.words.split_off(at + 1);
        self.words.truncate(at);
        Some(behind)
    }

    /// Takes the first word that is no option.
    pub(crate) fn word(&mut self) -> Option<String> {
        let at = self.words.iter().position(|word| !word.starts_with('-'))?;
        Some(self.words.remove(at))
    }

    /// Takes the value of the option `name`, if it was given.
    pub(crate) fn value(&mut self, name: &str) -> Outcome<Option<String>> {
        let prefix = format!("{name}=");
        let Some(at) = self
            .words
            .iter()
            .position(|word| word == name || word.starts_with(&prefix))
        else {
            return Ok(None);
        };
        let word = self.words.remove(at);
        if let Some(value) = word.strip_prefix(&prefix) {
            return Ok(Some(value.to_owned()));
        }
        if at < self.words.len() {
            return Ok(Some(self.words.remove(at)));
        }
        Err(Failure::new(format!("{name} wants a value.")))
    }

    /// Takes the value of the option `name` as a number, or gives `default`.
    pub(crate) fn number(&mut self, name: &str, default: u64) -> Outcome<u64> {
        match self.value(name)? {
            None => Ok(default),
            Some(text) => text
                .parse()
                .map_err(|_| Failure::new(format!("{name} wants a number, not `{text}`."))),
        }
    }

    /// Refuses whatever no option has taken.
    pub(crate) fn finish(self) -> Outcome<()> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(Failure::new(format!("`{word}` is not an option here."))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn both_spellings_of_a_value_are_taken() {
        let mut args = args("--from clippy --only=docs");
        assert_eq!(args.value("--from"), Ok(Some("clippy".to_owned())));
        assert_eq!(args.value("--only"), Ok(Some("docs".to_owned())));
        assert_eq!(args.value("--only"), Ok(None));
        assert_eq!(args.finish(), Ok(()));
    }

    #[test]
    fn a_missing_value_is_refused() {
        assert!(args("--from").value("--from").is_err());
    }

    #[test]
    fn a_number_is_parsed_or_refused() {
        assert_eq!(args("--seconds 7").number("--seconds", 15), Ok(7));
        assert_eq!(args("").number("--seconds", 15), Ok(15));
        assert!(args("--seconds soon").number("--seconds", 15).is_err());
    }

    #[test]
    fn words_behind_dashes_are_nothing_but_words() {
        let mut given = args("--serve -- cargo test --serve -- x");
        let behind = given.behind_dashes().unwrap();
        assert_eq!(behind, ["cargo", "test", "--serve", "--", "x"]);
        assert!(given.flag("--serve"));
        assert_eq!(given.finish(), Ok(()));
        assert_eq!(args("--serve").behind_dashes(), None);
    }

    #[test]
    fn an_unknown_word_is_refused() {
        let mut args = args("--fail-fast --fial-fast");
        assert!(args.flag("--fail-fast"));
        assert_eq!(args.word(), None);
        assert!(args.finish().is_err());
        let mut args = Args::new(vec!["HEAD".to_owned()]);
        assert_eq!(args.word().as_deref(), Some("HEAD"));
        assert_eq!(args.finish(), Ok(()));
    }
}
