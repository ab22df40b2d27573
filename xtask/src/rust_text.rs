//! Rust source, told apart into code, comments and literals, line by line.
//!
//! Enough of the lexer for checks that must not mistake a word in a comment or a string for code.
//! It knows nested block comments, raw strings and the difference between a lifetime and a
//! character; it leaves macros, types and everything else to the compiler.

/// One file's source, line by line.
#[derive(Debug)]
pub(crate) struct RustText {
    lines: Vec<Line>,
}

/// One line, three times over; each part stands at its own column, the rest is blank.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The code: comments and the insides of literals are blank.
    pub(crate) code: String,
    /// The comments, markers included.
    pub(crate) comment: String,
    /// True inside an inline module under `#[cfg(test)]`.
    pub(crate) in_test: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Code,
    LineComment,
    BlockComment { depth: usize },
    Text,
    RawText { hashes: usize },
    Character,
}

impl RustText {
    /// Takes `source` apart.
    pub(crate) fn parse(source: &str) -> Self {
        let mut lines = split(source);
        mark_tests(&mut lines);
        Self { lines }
    }

    /// The lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &Line)> {
        self.lines
            .iter()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }

    /// The names in `#[cfg(test)] mod name;`: modules in files of their own that only tests have.
    pub(crate) fn test_modules(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut attributed = false;
        for line in &self.lines {
            let mut code = line.code.trim();
            if let Some(rest) = after_test_attribute(code) {
                attributed = true;
                code = rest.trim();
            }
            if !attributed || code.is_empty() || code.starts_with("#[") {
                continue;
            }
            if let Some(rest) = after_word(code, "mod")
                && let Some(name) = rest.trim().strip_suffix(';')
            {
                names.push(name.trim().to_owned());
            }
            attributed = false;
        }
        names
    }
}

/// True when `text` has `word` with no letter, digit or underscore on either side.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        // A word that ends in a sign, like `todo!`, ends whatever follows.
        let goes_on = word.ends_with(is_word_part) && after.is_some_and(is_word_part);
        !(goes_on || before.is_some_and(is_word_part))
    })
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What follows `word`, visibility aside, when `code` starts with it.
fn after_word<'a>(code: &'a str, word: &str) -> Option<&'a str> {
    let code = code
        .strip_prefix("pub(crate)")
        .or_else(|| code.strip_prefix("pub"))
        .unwrap_or(code)
        .trim_start();
    code.strip_prefix(word)
        .filter(|rest| rest.starts_with(char::is_whitespace))
}

/// What follows the attribute when `code` starts with one that only tests satisfy.
fn after_test_attribute(code: &str) -> Option<&str> {
    if let Some(rest) = code.strip_prefix("#[cfg(test)]") {
        return Some(rest);
    }
    let rest = code.strip_prefix("#[cfg(all(test,")?;
    rest.find(")]").map(|at| &rest[at + 2..])
}

fn split(source: &str) -> Vec<Line> {
    let chars: Vec<char> = source.chars().collect();
    let mut lines = Vec::new();
    let mut line = Line::default();
    let mut state = State::Code;
    let mut at = 0;
    while at < chars.len() {
        let (next, step, is_comment, is_code) = advance(&chars, at, state);
        for &c in &chars[at..at + step] {
            if c == '\n' {
                lines.push(std::mem::take(&mut line));
                continue;
            }
            line.code.push(if is_code { c } else { ' ' });
            line.comment.push(if is_comment { c } else { ' ' });
        }
        state = next;
        at += step;
    }
    if !line.code.is_empty() {
        lines.push(line);
    }
    lines
}

/// The state after the next few characters, how many they are, and whether they are comment or
/// code.
fn advance(chars: &[char], at: usize, state: State) -> (State, usize, bool, bool) {
    let starts = |text: &str| {
        text.chars()
            .enumerate()
            .all(|(offset, c)| chars.get(at + offset) == Some(&c))
    };
    match state {
        State::Code => {
            if starts("//") {
                (State::LineComment, 2, true, false)
            } else if starts("/*") {
                (State::BlockComment { depth: 1 }, 2, true, false)
            } else if starts("\"") {
                (State::Text, 1, false, true)
            } else if let Some((hashes, length)) = raw_text_start(chars, at) {
                (State::RawText { hashes }, length, false, true)
            } else if starts("'") && is_character(chars, at) {
                (State::Character, 1, false, true)
            } else {
                (State::Code, 1, false, true)
            }
        }
        State::LineComment if starts("\n") => (State::Code, 1, true, false),
        State::LineComment => (State::LineComment, 1, true, false),
        State::BlockComment { depth } => {
            if starts("/*") {
                (State::BlockComment { depth: depth + 1 }, 2, true, false)
            } else if starts("*/") && depth == 1 {
                (State::Code, 2, true, false)
            } else if starts("*/") {
                (State::BlockComment { depth: depth - 1 }, 2, true, false)
            } else {
                (state, 1, true, false)
            }
        }
        State::Text | State::Character => {
            let end = if state == State::Text { "\"" } else { "'" };
            if starts("\\") {
                (state, 2.min(chars.len() - at), false, false)
            } else if starts(end) {
                (State::Code, 1, false, true)
            } else {
                (state, 1, false, false)
            }
        }
        State::RawText { hashes } => {
            let closes = starts("\"")
                && chars[at + 1..]
                    .iter()
                    .take(hashes)
                    .filter(|&&c| c == '#')
                    .count()
                    == hashes;
            if closes {
                (State::Code, 1 + hashes, false, true)
            } else {
                (state, 1, false, false)
            }
        }
    }
}

/// The number of `#` and the length of the opening of a raw string, if one starts here.
fn raw_text_start(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let preceded = at > 0 && is_word_part(chars[at - 1]);
    // `br"` and `cr"` are met at their `r`, whose predecessor is then part of the prefix.
    let prefixed =
        at > 0 && matches!(chars[at - 1], 'b' | 'c') && !(at > 1 && is_word_part(chars[at - 2]));
    if chars[at] != 'r' || (preceded && !prefixed) {
        return None;
    }
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    (chars.get(at + 1 + hashes) == Some(&'"')).then_some((hashes, hashes + 2))
}

/// Whether the quote at `at` opens a character; otherwise it opens a lifetime.
fn is_character(chars: &[char], at: usize) -> bool {
    chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\'')
}

/// Marks the lines of inline modules under `#[cfg(test)]`.
fn mark_tests(lines: &mut [Line]) {
    let mut at = 0;
    while at < lines.len() {
        if after_test_attribute(lines[at].code.trim()).is_none() {
            at += 1;
            continue;
        }
        let end = item_end(lines, at);
        for line in &mut lines[at..=end] {
            line.in_test = true;
        }
        at = end + 1;
    }
}

/// The last line of the item that the attribute on line `start` belongs to.
fn item_end(lines: &[Line], start: usize) -> usize {
    let mut depth = 0_usize;
    for (index, line) in lines.iter().enumerate().skip(start) {
        for c in line.code.chars() {
            match c {
                '{' | '(' | '[' => depth += 1,
                '}' | ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && (c == ';' || c == '}') {
                return index;
            }
        }
    }
    lines.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(source: &str) -> Vec<String> {
        RustText::parse(source)
            .lines()
            .map(|(_, line)| line.code.trim_end().to_owned())
            .collect()
    }

    #[test]
    fn comments_are_not_code() {
        assert_eq!(
            code("a(); // b()\n/* c\n /* d */ e */ f();"),
            ["a();", "", "              f();"]
        );
        let text = RustText::parse("a(); // b()");
        let (_, line) = text.lines().next().unwrap();
        assert_eq!(line.comment.trim(), "// b()");
    }

    #[test]
    fn the_insides_of_literals_are_not_code() {
        assert_eq!(
            code(r#"f("x\"//", 'y', '"', '\'');"#),
            [r#"f("     ", ' ', ' ', '  ');"#]
        );
        assert_eq!(code("f(r#\"a\"b\"#); g()"), ["f(r#\"   \"#); g()"]);
        assert_eq!(code("f(br\"\\\"); g()"), ["f(br\" \"); g()"]);
    }

    #[test]
    fn lifetimes_and_raw_names_stay_code() {
        assert_eq!(
            code("fn f<'a>(r#in: &'a str) {}"),
            ["fn f<'a>(r#in: &'a str) {}"]
        );
    }

    #[test]
    fn lines_keep_their_numbers_through_long_literals() {
        let text = RustText::parse("let a = \"x\n y\n\";\nlast();\n");
        let (number, line) = text.lines().last().unwrap();
        assert_eq!((number, line.code.as_str()), (4, "last();"));
    }

    #[test]
    fn test_modules_are_marked_to_their_end() {
        let source = "a();\n#[cfg(test)]\nmod tests {\n fn f() { \"}\"; }\n}\nb();\n";
        let marked: Vec<bool> = RustText::parse(source)
            .lines()
            .map(|(_, line)| line.in_test)
            .collect();
        assert_eq!(marked, [false, true, true, true, true, false]);
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_named() {
        let source = "mod a;\n#[cfg(test)]\nmod b;\n#[cfg(all(test, feature = \"x\"))]\n\
                      pub(crate) mod c;\n#[cfg(test)]\nuse d::e;\nmod f;\n";
        assert_eq!(RustText::parse(source).test_modules(), ["b", "c"]);
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("x unsafe {", "unsafe"));
        assert!(!has_word("unsafe_code", "unsafe"));
        assert!(has_word("todo!()", "todo!"));
        assert!(!has_word("my_todo!()", "todo!"));
    }
}
