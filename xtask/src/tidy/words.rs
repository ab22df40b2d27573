//! The words of a text.

/// The words of a line: letters, digits and underscores.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
}

pub(super) fn has_word(line: &str, word: &str) -> bool {
    words(line).any(|of| of == word)
}
