//! Finds a piece of code in any layout: changes by a formatter do not count.
//!
//! White space and comments are left out of the comparison, and so is a comma before a closing
//! bracket, which a formatter adds where it breaks a list over lines.

use std::ops::Range;

use crate::source::Source;

/// Code without its layout: the characters that count, and where each stands.
#[derive(Default)]
pub(crate) struct Code {
    text: String,
    chars: Vec<char>,
    offsets: Vec<usize>,
}

impl Code {
    /// The code of a file.
    pub(crate) fn of(text: &str) -> Self {
        let mut code = Self {
            text: text.to_owned(),
            ..Self::default()
        };
        for token in Source::parse(text).tokens {
            code.extend(&text[token.place.clone()], token.place.start);
        }
        code
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The places of the code `wanted`, in bytes. The code is part of a file, with brackets that it
    /// need not close, and has no comments.
    pub(super) fn find(&self, wanted: &str) -> Vec<Range<usize>> {
        let mut part = Self::default();
        part.extend(wanted, 0);
        if part.chars.is_empty() {
            return Vec::new();
        }
        self.chars
            .windows(part.chars.len())
            .enumerate()
            .filter(|(_, window)| *window == part.chars)
            .map(|(at, window)| {
                let last = at + window.len() - 1;
                self.offsets[at]..self.offsets[last] + self.chars[last].len_utf8()
            })
            .collect()
    }

    fn extend(&mut self, text: &str, offset: usize) {
        for (at, character) in text.char_indices() {
            if !character.is_whitespace() {
                self.push(character, offset + at);
            }
        }
    }

    fn push(&mut self, character: char, offset: usize) {
        if matches!(character, ')' | ']' | '}') && self.chars.last() == Some(&',') {
            self.chars.pop();
            self.offsets.pop();
        }
        self.chars.push(character);
        self.offsets.push(offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, wanted: &str) -> Vec<String> {
        let ranges = Code::of(text).find(wanted).into_iter();
        ranges.map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn layout_does_not_count() {
        let broken = "write(\n    a,\n    b,\n)?;\nsync()?;";
        assert_eq!(
            found(broken, "write(a, b)?;"),
            ["write(\n    a,\n    b,\n)?;"]
        );
        assert_eq!(found("write(a, b)?;", broken), [""; 0]);
        assert_eq!(found("a;  b;", "a;\nb;"), ["a;  b;"]);
    }

    #[test]
    fn comments_do_not_count_and_literals_do() {
        let text = "f(a, // why é\n  b);";
        assert_eq!(found(text, "f(a, b)"), ["f(a, // why é\n  b)"]);
        assert_eq!(found("// sync();", "sync();"), [""; 0]);
        assert_eq!(found("f(\"// x\");", "f(\"// x\")"), ["f(\"// x\")"]);
        assert_eq!(found("f(\"// x\");", "f(\"// y\")"), [""; 0]);
    }

    #[test]
    fn every_place_is_found() {
        assert_eq!(found("sync();\nsync();", "sync();").len(), 2);
        assert_eq!(found("sync();", " "), [""; 0]);
    }
}
