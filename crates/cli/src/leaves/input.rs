//! [`Input`]: a file or the standard input, and whether it changes while it is read.

use std::{
    fs::{File, Metadata},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rotortree_proof_forms::leaf_line;

use crate::failure::{Code, Failure};

/// Bytes read at once.
const BUFFER: usize = 1 << 20;

/// The bytes of leaves.
pub(crate) struct Input {
    name: String,
    reader: BufReader<Source>,
    /// What the system said of the file when it was opened.
    before: Option<Metadata>,
    bytes: Arc<AtomicU64>,
}

/// What is read.
enum Source {
    Stdin(io::Stdin),
    File(File),
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stdin(stdin) => stdin.read(buffer),
            Self::File(file) => file.read(buffer),
        }
    }
}

impl Input {
    /// Opens a file; `-` is the standard input.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            let source = Source::Stdin(io::stdin());
            return Ok(Self::new("the standard input".to_owned(), source, None));
        }
        let fail = |error| Failure::file(path, &error);
        let file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Failure::new(Code::Input, "there is no such file").at(path.display())
            }
            _ => fail(error),
        })?;
        let before = file.metadata().map_err(fail)?;
        if before.is_dir() {
            let sentence = "a directory, where a file of leaves is wanted";
            return Err(Failure::new(Code::Input, sentence).at(path.display()));
        }
        let before = before.is_file().then_some(before);
        Ok(Self::new(
            path.display().to_string(),
            Source::File(file),
            before,
        ))
    }

    fn new(name: String, source: Source, before: Option<Metadata>) -> Self {
        Self {
            name,
            reader: BufReader::with_capacity(BUFFER, source),
            before,
            bytes: Arc::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The length, where it is known.
    pub(crate) fn len(&self) -> Option<u64> {
        self.before.as_ref().map(Metadata::len)
    }

    /// A counter of the bytes that were decoded, which another thread may read.
    pub(crate) fn bytes(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes)
    }

    /// The bytes at hand; empty at the end.
    pub(crate) fn fill(&mut self) -> Result<&[u8], Failure> {
        let name = &self.name;
        self.reader
            .fill_buf()
            .map_err(|error| Failure::new(Code::System, error).at(name))
    }

    /// Reads bytes to where they are wanted, without a buffer between where there is room for as
    /// many as a buffer has. Returns how many they are; 0 at the end.
    pub(crate) fn read_to(&mut self, room: &mut [u8]) -> Result<usize, Failure> {
        loop {
            match self.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::new(Code::System, error).at(&self.name)),
                Ok(read) => return Ok(read),
            }
        }
    }

    /// Whether no bytes are at hand, so that the next ones have to be waited for.
    pub(crate) fn is_drained(&self) -> bool {
        self.reader.buffer().is_empty()
    }

    /// Takes bytes at hand.
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.reader.consume(bytes);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The first byte that is neither blank nor a byte-order mark, which is left where it is if it
    /// is within the first bytes at hand.
    pub(crate) fn first_visible(&mut self) -> Result<Option<u8>, Failure> {
        let bytes = self.fill()?;
        let text = bytes.strip_prefix(leaf_line::BOM).unwrap_or(bytes);
        Ok(text.trim_ascii_start().first().copied())
    }

    /// Refuses an input that changed while it was read.
    pub(crate) fn expect_unchanged(&self) -> Result<(), Failure> {
        let (Some(before), Source::File(file)) = (&self.before, self.reader.get_ref()) else {
            return Ok(());
        };
        let path = PathBuf::from(&self.name);
        let after = file
            .metadata()
            .map_err(|error| Failure::file(&path, &error))?;
        let same_time = match (before.modified(), after.modified()) {
            (Ok(before), Ok(after)) => before == after,
            _ => true,
        };
        if same_time && before.len() == after.len() {
            return Ok(());
        }
        let sentence = format!(
            "{}: the file changed while it was read: it had {} bytes and has {} now",
            self.name,
            before.len(),
            after.len()
        );
        Err(Failure::new(Code::Input, sentence))
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
