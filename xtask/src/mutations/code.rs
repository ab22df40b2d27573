//! Finding a piece of code whatever its layout: what a formatter may change does not count.
//!
//! White space and comments are left out of the comparison, and so is a comma before a closing
//! bracket, which a formatter adds where it breaks a list over lines.

use std::ops::Range;

use crate::rust_text::RustText;

/// The byte ranges of `text` that hold the code `wanted`.
pub(super) fn find(text: &str, wanted: &str) -> Vec<Range<usize>> {
    let (text, wanted) = (Squeezed::of(text), Squeezed::of(wanted));
    if wanted.chars.is_empty() {
        return Vec::new();
    }
    text.chars
        .windows(wanted.chars.len())
        .enumerate()
        .filter(|(_, window)| *window == wanted.chars)
        .map(|(at, window)| {
            let last = at + window.len() - 1;
            text.offsets[at]..text.offsets[last] + text.chars[last].len_utf8()
        })
        .collect()
}

/// The characters of a text that count, and where each stands.
#[derive(Default)]
struct Squeezed {
    chars: Vec<char>,
    offsets: Vec<usize>,
}

impl Squeezed {
    fn of(text: &str) -> Self {
        let comments = RustText::parse(text);
        let mut squeezed = Self::default();
        let mut start = 0;
        for (line, (_, parts)) in text.split_inclusive('\n').zip(comments.lines()) {
            let mut comment = parts.comment.chars();
            for (at, character) in line.char_indices() {
                let in_comment = comment.next().is_some_and(|mark| !mark.is_whitespace());
                if !in_comment && !character.is_whitespace() {
                    squeezed.push(character, start + at);
                }
            }
            start += line.len();
        }
        squeezed
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
        let ranges = find(text, wanted).into_iter();
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
