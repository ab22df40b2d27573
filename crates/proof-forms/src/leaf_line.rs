//! Leaves as lines of text: [`text`] takes a line's marks off, [`parse`] finds its leaf.
//!
//! ```
//! use rotortree_proof_forms::leaf_line::{parse, text};
//!
//! let digits = "ab".repeat(32);
//! for line in [
//!     format!("{digits}\r\n"),
//!     format!("\u{feff}0x{digits}"),
//!     format!("{digits}  a.deb"),
//! ] {
//!     assert_eq!(parse(text(line.as_bytes(), true)?)?, Some([0xab; 32]));
//! }
//! assert_eq!(parse(b"# a comment")?, None);
//! let error = parse(b"0x12").expect_err("a leaf has 64 digits");
//! assert_eq!(error.to_string(), "2 hex digits, not 64, in `0x12`");
//! # Ok::<(), rotortree_proof_forms::leaf_line::LineError>(())
//! ```

use std::fmt;

use rotortree_lean_imt::Hash;

use crate::hex::{self, DIGITS};

/// Characters of a line that a message shows.
const TOLD: usize = 80;

/// The mark that some editors put in front of UTF-8.
pub const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why a line has no leaf, and where. Its text shows the beginning of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    reason: Reason,
    /// Bytes of the line in front of the defect.
    before: usize,
    /// The beginning of the line.
    found: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
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

impl LineError {
    /// The error of a line that does not end within `longest` bytes.
    #[must_use]
    pub fn too_long(line: &[u8], longest: usize) -> Self {
        Self::new(Reason::TooLong(longest), longest, line)
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
    #[must_use]
    pub fn column(&self) -> usize {
        self.before + 1
    }
}

impl fmt::Display for LineError {
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

impl std::error::Error for LineError {}

/// A line without its end, and the first line without the mark of its encoding.
///
/// # Errors
/// [`LineError`] for the first line of a file in UTF-16.
pub fn text(line: &[u8], is_first: bool) -> Result<&[u8], LineError> {
    let mut text = line;
    if is_first {
        if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
            return Err(LineError::new(Reason::Utf16, 0, line));
        }
        text = line.strip_prefix(BOM).unwrap_or(line);
    }
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    Ok(text.strip_suffix(b"\r").unwrap_or(text))
}

/// The leaf in a line, or `None` for a blank line and a comment. A leaf is 64 hex digits, perhaps
/// behind `0x`, perhaps before a comment or a file's name as sha256sum and its kin print it: two
/// blanks, or a blank and a star, or with `--tag`.
///
/// # Errors
/// [`LineError`] for a line with anything else.
pub fn parse(line: &[u8]) -> Result<Option<Hash>, LineError> {
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
            return Err(LineError::new(reason, before, line));
        }
    };
    match next {
        Some(next) if !is_name_or_comment(behind) => {
            Err(LineError::new(Reason::Behind(next), before, line))
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

    #[test]
    fn a_leaf_is_read_in_every_spelling_that_leaves_no_doubt() {
        let mut leaf = [0; 32];
        for (index, byte) in leaf.iter_mut().enumerate() {
            *byte = 0x11 * (index % 16) as u8;
        }
        for line in [
            LEAF.to_owned(),
            format!("0x{LEAF}"),
            format!("  0X{LEAF} \t"),
            format!("{LEAF}  pool/main/a/a file.deb"),
            format!("{LEAF} *binary"),
            format!("{LEAF}  -"),
            format!("{LEAF}  a name ) = {LEAF}"),
            format!("\\{LEAF}  a\\nb"),
            format!("SHA256 (a (b) = c) = {LEAF}"),
            format!("SHA2-256 (a) = {LEAF}"),
            format!("BLAKE3 (a) = (b) = ) = {LEAF}"),
            format!("SHA512/256 () = {LEAF}"),
            format!("{LEAF} # the first"),
            format!("{LEAF}\t#the first"),
        ] {
            assert_eq!(parse(line.as_bytes()), Ok(Some(leaf)), "{line}");
            for end in ["", "\n", "\r\n"] {
                let whole = format!("\u{feff}{line}{end}");
                assert_eq!(text(whole.as_bytes(), true), Ok(line.as_bytes()));
                assert_eq!(
                    text(&whole.as_bytes()[BOM.len()..], false),
                    Ok(line.as_bytes())
                );
            }
        }
        for line in ["", "   ", "# a comment", "  # another"] {
            assert_eq!(parse(line.as_bytes()), Ok(None), "{line}");
        }
    }

    #[test]
    fn a_defect_is_told_with_its_column_and_what_was_found() {
        let short = &LEAF[1..];
        let cases: [(String, usize, &str); 17] = [
            (
                "  12g4".into(),
                5,
                "`g` behind 2 hex digits, where 64 are wanted, in `  12g4`",
            ),
            ("0x12 ".into(), 5, "2 hex digits, not 64, in `0x12 `"),
            (short.into(), 64, "63 hex digits, not 64, in `0112"),
            (format!("{LEAF}0"), 66, "65 hex digits, not 64"),
            (
                format!("{LEAF}{LEAF}  sha512sum"),
                129,
                "128 hex digits, not 64",
            ),
            (
                format!("MD5 (a) = {}", &LEAF[..32]),
                43,
                "32 hex digits, not 64",
            ),
            (format!("{short}g"), 64, "`g` behind 63 hex digits"),
            ("12\u{e4}".into(), 3, "`\u{e4}` behind 2 hex digits"),
            (format!("\"{LEAF}\""), 1, "`\\\"` behind 0 hex digits"),
            (format!("{LEAF}, "), 65, "`,` behind the 64 hex digits"),
            (format!("{LEAF} {LEAF}"), 65, "` ` behind the 64 hex digits"),
            (
                format!("{LEAF} apt.deb"),
                65,
                "` ` behind the 64 hex digits",
            ),
            (
                format!("{LEAF}\r{LEAF}"),
                65,
                "`\\r` behind the 64 hex digits",
            ),
            (
                format!("not a tag (x) = {LEAF}"),
                1,
                "`n` behind 0 hex digits",
            ),
            (
                "x".repeat(500),
                1,
                "`x` behind 0 hex digits, where 64 are wanted, in `xxxx",
            ),
            (
                "\0\u{1b}[2J".into(),
                1,
                "`\\0` behind 0 hex digits, where 64 are wanted, in `\\0\\u",
            ),
            ("hello".into(), 1, "`h` behind 0 hex digits"),
        ];
        for (line, column, text) in cases {
            let refused = parse(line.as_bytes()).unwrap_err();
            let told = refused.to_string();
            assert_eq!(refused.column(), column, "{told}");
            assert!(told.starts_with(text) && told.len() < 500, "{told}");
        }
        let not_text = parse(b"\xff\xfd").unwrap_err().to_string();
        assert!(
            not_text.starts_with("`\u{fffd}` behind 0 hex digits"),
            "{not_text}"
        );
    }

    #[test]
    fn a_file_in_utf_16_is_told_as_one() {
        for mark in [b"\xff\xfea\0", b"\xfe\xff\0a"] {
            let told = text(mark, true).unwrap_err().to_string();
            assert!(told.starts_with("UTF-16, where UTF-8 is wanted"), "{told}");
            assert_eq!(text(mark, false), Ok(&mark[..]));
        }
    }
}
