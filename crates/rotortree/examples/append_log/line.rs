//! [`parse`]: the leaf in a line, in its unambiguous spellings.

use std::{error::Error, fmt};

use rotortree::Hash;

/// Hex digits of a leaf.
const DIGITS: usize = 64;
/// Number of characters of a line in a message.
const TOLD: usize = 76;

/// Why a line has no leaf, and its beginning.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoLeaf {
    reason: Reason,
    found: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Reason {
    /// So many hex digits, and then the line's end or a blank.
    Count(usize),
    /// So many hex digits, and then this character.
    Character(char, usize),
    /// A leaf, and then this character.
    Behind(char),
    /// No line end within so many bytes.
    TooLong(usize),
    /// A file in UTF-16.
    Utf16,
}

impl NoLeaf {
    pub(crate) fn too_long(line: &[u8]) -> Self {
        Self::new(Reason::TooLong(line.len()), line)
    }

    pub(crate) fn utf16(line: &[u8]) -> Self {
        Self::new(Reason::Utf16, line)
    }

    fn new(reason: Reason, line: &[u8]) -> Self {
        let most = &line[..line.len().min(4 * TOLD)];
        let text = String::from_utf8_lossy(most);
        let mut found: String = text
            .chars()
            .take(TOLD)
            .flat_map(char::escape_debug)
            .collect();
        if text.chars().count() > TOLD || most.len() < line.len() {
            found.push_str("...");
        }
        Self { reason, found }
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

impl Error for NoLeaf {}

/// The leaf in a line, or `None` for a blank line and a comment. A leaf is 64 hex digits, perhaps
/// behind `0x`, perhaps before a comment or a file's name as sha256sum and its kin print it: two
/// blanks, or a blank and a star, or with `--tag`.
pub(crate) fn parse(line: &[u8]) -> Result<Option<Hash>, NoLeaf> {
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
    let (leaf, count) = decode(digits);
    let behind = &digits[count..];
    let next = String::from_utf8_lossy(&behind[..behind.len().min(4)])
        .chars()
        .next();
    if count != DIGITS {
        return Err(NoLeaf::new(
            match next.filter(|next| !next.is_whitespace()) {
                Some(next) => Reason::Character(next, count),
                None => Reason::Count(count),
            },
            line,
        ));
    }
    match next {
        Some(next) if !is_name_or_comment(behind) => Err(NoLeaf::new(Reason::Behind(next), line)),
        _ => Ok(Some(leaf)),
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

/// The leaf of the first 64 hex digits, and how many hex digits there are.
fn decode(text: &[u8]) -> (Hash, usize) {
    let mut leaf = [0; 32];
    let mut count = 0;
    let values = text.iter().map_while(|&byte| char::from(byte).to_digit(16));
    for value in values {
        if let Some(byte) = leaf.get_mut(count / 2) {
            *byte = *byte << 4 | value as u8;
        }
        count += 1;
    }
    (leaf, count)
}
