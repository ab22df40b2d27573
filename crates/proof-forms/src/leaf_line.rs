//! [`parse`]: the leaf in a line of text.

use std::fmt;

use rotortree::Hash;

use crate::hex::{self, DIGITS};

/// Characters of a line that a message shows.
const TOLD: usize = 80;

/// Why a line has no leaf.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoLeaf {
    reason: Reason,
    /// Bytes of the line in front of the defect.
    before: usize,
    /// The beginning of the line.
    found: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Reason {
    /// So many digits, and nothing behind them.
    Count(usize),
    /// A character behind so many digits, too few for a leaf.
    Character(char, usize),
    /// A character behind all the digits.
    Behind(char),
    TooLong(usize),
    Utf16,
}

impl NoLeaf {
    pub(super) fn too_long(line: &[u8], longest: usize) -> Self {
        Self::new(Reason::TooLong(longest), longest, line)
    }

    pub(super) fn utf16(line: &[u8]) -> Self {
        Self::new(Reason::Utf16, 0, line)
    }

    fn new(reason: Reason, before: usize, line: &[u8]) -> Self {
        let most = &line[..line.len().min(4 * TOLD)];
        let text = String::from_utf8_lossy(most);
        let shown = text.chars().take(TOLD);
        let mut found: String = shown.flat_map(char::escape_debug).collect();
        if text.chars().count() > TOLD || most.len() < line.len() {
            found.push_str("...");
        }
        Self {
            reason,
            before,
            found,
        }
    }

    /// The column of the defect in bytes, from 1.
    pub(super) fn column(&self) -> usize {
        self.before + 1
    }
}

impl fmt::Display for NoLeaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Count(count) => write!(f, "{count} hex digits, not {DIGITS}")?,
            Reason::Character(character, count) => write!(
                f,
                "`{}` behind {count} hex digits, where {DIGITS} are wanted",
                character.escape_debug()
            )?,
            Reason::Behind(character) => write!(
                f,
                "`{}` behind the {DIGITS} hex digits",
                character.escape_debug()
            )?,
            Reason::TooLong(bytes) => write!(f, "no line end within {bytes} bytes")?,
            Reason::Utf16 => write!(f, "UTF-16, where UTF-8 is wanted")?,
        }
        write!(f, ", in `{}`", self.found)
    }
}

/// The leaf in a line, or `None` for a blank line and a comment. A leaf is 64 hex digits, perhaps
/// behind `0x`, perhaps before a comment or a file's name as sha256sum and its kin print it: two
/// blanks, or a blank and a star, or with `--tag`.
pub(super) fn parse(line: &[u8]) -> Result<Option<Hash>, NoLeaf> {
    let text = line.trim_ascii();
    if text.is_empty() || text.starts_with(b"#") {
        return Ok(None);
    }
    // A backslash says that the file's name behind the digest is escaped.
    let text = text.strip_prefix(b"\\").unwrap_or(text);
    let text = behind_tag(text).unwrap_or(text);
    let digits = text
        .strip_prefix(b"0x")
        .or_else(|| text.strip_prefix(b"0X"))
        .unwrap_or(text);
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let behind = &digits[count..];
    let next = String::from_utf8_lossy(&behind[..behind.len().min(4)])
        .chars()
        .next();
    // All but the blanks at the end of the line is in front of `behind`.
    let blanks = line.len() - line.trim_ascii_end().len();
    let before = line.len() - blanks - behind.len();
    let leaf = match digits[..count].try_into() {
        Ok(digits) => hex::decode(digits),
        Err(_) => {
            let reason = match next.filter(|next| !next.is_whitespace()) {
                Some(next) => Reason::Character(next, count),
                None => Reason::Count(count),
            };
            return Err(NoLeaf::new(reason, before, line));
        }
    };
    match next {
        Some(next) if !is_name_or_comment(behind) => {
            Err(NoLeaf::new(Reason::Behind(next), before, line))
        }
        _ => Ok(leaf),
    }
}

/// The part behind `ALGORITHM (name) = `.
fn behind_tag(text: &[u8]) -> Option<&[u8]> {
    let (open, close) = (b" (", b") = ");
    let algorithm = text.windows(open.len()).position(|two| two == open)?;
    let is_algorithm = |byte: &u8| byte.is_ascii_alphanumeric() || b"-/".contains(byte);
    if algorithm == 0 || !text[..algorithm].iter().all(is_algorithm) {
        return None;
    }
    // A name may have the same characters in it: the last ones count.
    let end = text.windows(close.len()).rposition(|four| four == close)?;
    Some(&text[end + close.len()..])
}

/// Two blanks or a blank and a star, and a name; or blanks, and a comment.
fn is_name_or_comment(behind: &[u8]) -> bool {
    let is_name = |mark: &[u8]| {
        behind
            .strip_prefix(mark)
            .is_some_and(|name| !name.is_empty())
    };
    let is_comment = behind[0].is_ascii_whitespace() && behind.trim_ascii_start().starts_with(b"#");
    is_name(b"  ") || is_name(b" *") || is_comment
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAF: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

    fn told(line: &str) -> (usize, String) {
        let refused = parse(line.as_bytes()).unwrap_err();
        (refused.column(), refused.to_string())
    }

    #[test]
    fn a_leaf_is_read_in_every_form() {
        let mut leaf = [0; 32];
        for (index, byte) in leaf.iter_mut().enumerate() {
            *byte = 0x11 * (index % 16) as u8;
        }
        for line in [
            LEAF.to_owned(),
            format!("0x{LEAF}"),
            format!("  0X{LEAF} \t"),
            format!("{LEAF}  a file.txt"),
            format!("{LEAF} *binary"),
            format!("\\{LEAF}  a\\nb"),
            format!("SHA256 (a (b) = c) = {LEAF}"),
            format!("SHA2-256 (a) = {LEAF}"),
            format!("{LEAF} # the first"),
        ] {
            assert_eq!(parse(line.as_bytes()), Ok(Some(leaf)), "{line}");
        }
        for line in ["", "   ", "# a comment", "  # another"] {
            assert_eq!(parse(line.as_bytes()), Ok(None), "{line}");
        }
    }

    #[test]
    fn a_defect_is_told_with_its_column_and_what_was_found() {
        let (column, text) = told("  12g4");
        assert_eq!(
            (column, &*text),
            (
                5,
                "`g` behind 2 hex digits, where 64 are wanted, in `  12g4`"
            )
        );
        let (column, text) = told("0x12 ");
        assert_eq!((column, &*text), (5, "2 hex digits, not 64, in `0x12 `"));
        let (column, text) = told(&format!("{LEAF}0"));
        assert_eq!(column, 66);
        assert!(text.starts_with("65 hex digits, not 64"), "{text}");
        let (column, text) = told(&format!("{LEAF}, "));
        assert_eq!(column, 65);
        assert!(text.starts_with("`,` behind the 64 hex digits"), "{text}");
        let (column, text) = told(&format!("MD5 (a) = {}", &LEAF[..32]));
        assert_eq!(column, 43);
        assert!(text.starts_with("32 hex digits, not 64"), "{text}");
        let (column, text) = told("12\u{e4}");
        assert_eq!((column, &text[..12]), (3, "`\u{e4}` behind "), "{text}");
        assert!(told(&"x".repeat(500)).1.ends_with("x...`"));
    }
}
