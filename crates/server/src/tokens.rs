//! [`Tokens`]: what clients show that may write, or read metrics.

use std::{
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, header};
use subtle::{Choice, ConstantTimeEq};

use crate::problem::{Code, Problem};

/// The longest token. All are compared at this length.
const LONGEST: usize = 256;
/// A shorter one could be guessed.
const SHORTEST: usize = 16;
/// A file is read again after this time.
const LOOK: Duration = Duration::from_secs(1);
/// A longer file is refused. Its part would end in a part of a token, which would be valid.
const LONGEST_FILE: u64 = 64 << 10;

/// The tokens that clients show: from a file, with one on each line, or a single one.
///
/// A file is read again each second in which a token is shown, so that a token is replaced without
/// a restart: add the new one, move the clients to it, remove the old one. While a file cannot be
/// read, or has a line that is no token, no token is valid.
///
/// A file may be put in place by renaming it, or be written over. One that is empty or does not end
/// with a newline is being written: a part of a token would be easy to guess, so nothing is taken
/// from it. The tokens before stay valid until the next reading; if the file is not whole by then,
/// none is.
pub struct Tokens {
    file: Option<PathBuf>,
    state: Mutex<State>,
}

struct State {
    tokens: Vec<Padded>,
    /// When the file was read.
    read: Instant,
    /// Whether it was not whole then.
    was_cut: bool,
}

/// A token and its length, at one length for all. In words: bytes take eight times as long to
/// compare.
struct Padded([u64; LONGEST / 8], u64);

impl Padded {
    fn new(token: &[u8]) -> Option<Self> {
        let mut bytes = [0_u8; LONGEST];
        bytes.get_mut(..token.len())?.copy_from_slice(token);
        let (words, _) = bytes.as_chunks();
        let mut padded = [0; LONGEST / 8];
        for (padded, word) in padded.iter_mut().zip(words) {
            *padded = u64::from_ne_bytes(*word);
        }
        Some(Self(padded, token.len() as u64))
    }

    fn equals(&self, other: &Self) -> Choice {
        self.0.as_slice().ct_eq(&other.0) & self.1.ct_eq(&other.1)
    }
}

impl Tokens {
    /// A single token, as from the environment.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for one that is not 16 to 256 visible ASCII characters.
    pub fn single(token: &str) -> io::Result<Self> {
        Ok(Self::new(None, parse(token.trim())?))
    }

    /// The tokens of a file: one on each line; blank lines and lines behind `#` count for nothing.
    ///
    /// # Errors
    /// Those of reading the file; [`io::ErrorKind::UnexpectedEof`] if it is empty or does not end
    /// with a newline; [`io::ErrorKind::InvalidInput`] if it has no token, a line that is none, or
    /// more than 64 KiB.
    pub fn from_file(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let tokens = read(&path)?;
        Ok(Self::new(Some(path), tokens))
    }

    fn new(file: Option<PathBuf>, tokens: Vec<Padded>) -> Self {
        let state = State {
            tokens,
            read: Instant::now(),
            was_cut: false,
        };
        Self {
            file,
            state: Mutex::new(state),
        }
    }

    /// Refuses a request that shows none of them; `what` wants one.
    pub(crate) fn check(&self, headers: &HeaderMap, what: &str) -> Result<(), Problem> {
        let given = headers
            .get(header::AUTHORIZATION)
            .map(|value| value.as_bytes());
        let token = given.and_then(|value| {
            let (scheme, token) = value.split_at_checked(7)?;
            scheme
                .eq_ignore_ascii_case(b"Bearer ")
                .then_some(token.trim_ascii())
        });
        let refused = |message| Err(Problem::new(Code::Unauthorized, message));
        match token {
            Some(token) if self.has(token) => Ok(()),
            Some(_) => refused("the token is wrong".to_owned()),
            None => refused(format!("{what} wants a token"))
                .map_err(|problem| problem.next("send `Authorization: Bearer TOKEN`")),
        }
    }

    /// Whether a token is one of them.
    fn has(&self, token: &[u8]) -> bool {
        if let Some(file) = self.due() {
            let tokens = read(file);
            self.lock().take(tokens);
        }
        self.lock().has(token)
    }

    /// The file, if its time has come: then for this caller alone, and no other one waits for the
    /// disk.
    fn due(&self) -> Option<&Path> {
        let file = self.file.as_deref()?;
        let mut state = self.lock();
        if state.read.elapsed() < LOOK {
            return None;
        }
        state.read = Instant::now();
        Some(file)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes what the file has. One that is not whole is read once more before it counts.
    fn take(&mut self, tokens: io::Result<Vec<Padded>>) {
        let is_cut = matches!(&tokens, Err(error) if error.kind() == io::ErrorKind::UnexpectedEof);
        if self.was_cut || !is_cut {
            self.tokens = tokens.unwrap_or_default();
        }
        self.was_cut = is_cut;
    }

    /// Whether a token is one of them. Takes the same time for every wrong one of any length, and
    /// compares it with all of them.
    fn has(&self, token: &[u8]) -> bool {
        let Some(token) = Padded::new(token) else {
            return false;
        };
        let none = Choice::from(0);
        let known = self.tokens.iter();
        let found = known.fold(none, |found, known| found | known.equals(&token));
        found.into()
    }
}

fn read(path: &Path) -> io::Result<Vec<Padded>> {
    // A pipe would be waited for, and could not be read again.
    if !fs::metadata(path)?.is_file() {
        return Err(refused("tokens come from a regular file".to_owned()));
    }
    let mut text = String::new();
    fs::File::open(path)?
        .take(LONGEST_FILE + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(refused(format!(
            "a file of tokens has at most {LONGEST_FILE} bytes"
        )));
    }
    if !text.ends_with('\n') {
        let reason = "the file does not end with a newline: it may lack the end of a token";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
    }
    parse(&text)
}

fn refused(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

fn parse(text: &str) -> io::Result<Vec<Padded>> {
    let lines = (1..).zip(text.lines().map(str::trim));
    let tokens: io::Result<Vec<Padded>> = lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let is_token = (SHORTEST..=LONGEST).contains(&line.len())
                && line.bytes().all(|byte| byte.is_ascii_graphic());
            let token = Padded::new(line.as_bytes()).filter(|_| is_token);
            token.ok_or_else(|| {
                refused(format!(
                    "line {number} is no token: a token is {SHORTEST} to {LONGEST} visible ASCII \
                     characters"
                ))
            })
        })
        .collect();
    match tokens {
        Ok(tokens) if tokens.is_empty() => Err(refused("there is no token".to_owned())),
        other => other,
    }
}

impl fmt::Debug for Tokens {
    /// Shows no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An editor, or `echo > file`, empties a file and then writes it.
    #[test]
    fn a_file_that_is_written_over_counts_once_it_is_whole() {
        const FIRST: &str = "the-first-token-of-all";
        const SECOND: &str = "the-second-token-of-all";
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens");
        fs::write(&file, format!("{FIRST}\n")).unwrap();
        let tokens = Tokens::from_file(&file).unwrap();
        let reads = |text: &str| {
            fs::write(&file, text).unwrap();
            let mut state = tokens.lock();
            state.take(read(&file));
            let part = &SECOND[..SHORTEST];
            assert!(!state.has(part.as_bytes()), "a part of a token");
            [FIRST, SECOND].map(|token| state.has(token.as_bytes()))
        };
        assert_eq!(reads(""), [true, false]);
        assert_eq!(reads(&format!("{SECOND}\n")), [false, true]);
        // Read twice as it is, a part is no file that is being written.
        assert_eq!(reads(&SECOND[..SHORTEST]), [false, true]);
        assert_eq!(reads(SECOND), [false, false]);
        assert_eq!(reads(""), [false, false]);
        assert_eq!(reads(&format!("{FIRST}\n{SECOND}\n")), [true, true]);
        // What is whole, and no file of tokens, counts at once.
        assert_eq!(reads("short\n"), [false, false]);
    }
}
