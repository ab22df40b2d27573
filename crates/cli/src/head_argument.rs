//! [`TrustedHead`]: the head that a verifier trusts, and what gives it its meaning.

use std::{fmt, fs::File, io::Read, path::Path};

use clap::ValueEnum;
use rotortree::{Hex, TreeHead};
use serde::{Deserialize, Serialize};

use crate::{
    failure::{Code, Failure},
    hash_function::HashFunction,
};

/// A head as `head --json` prints it: with N and the hash function, without which a root means
/// nothing.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct HeadDocument {
    pub(crate) size: u64,
    pub(crate) root: String,
    pub(crate) arity: usize,
    pub(crate) hash: String,
}

impl HeadDocument {
    pub(crate) fn new(head: TreeHead, arity: usize, hash: HashFunction) -> Self {
        Self {
            size: head.size,
            root: Hex(head.root).to_string(),
            arity,
            hash: hash.name().to_owned(),
        }
    }
}

/// No file of a head has more bytes.
const LONGEST: u64 = 64 << 10;

/// A head with the N and the hash function of its tree, from a source that the verifier trusts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrustedHead {
    pub(crate) head: TreeHead,
    pub(crate) arity: Option<usize>,
    pub(crate) hash: Option<HashFunction>,
}

impl TrustedHead {
    /// Reads `SIZE:ROOT`, or a file that has that text or the document of `head --json`.
    pub(crate) fn read(argument: &str) -> Result<Self, Failure> {
        if let Ok(head) = argument.parse() {
            return Ok(Self::bare(head));
        }
        let path = Path::new(argument);
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
        read.map_err(|error| {
            Failure::file(path, &error)
                .at("the head is neither SIZE:ROOT nor a file")
                .next("give the head as `rotortree head` prints it, or a file of it")
        })?;
        Self::parse(text.trim()).map_err(|failure| failure.at(path.display()))
    }

    fn bare(head: TreeHead) -> Self {
        Self {
            head,
            arity: None,
            hash: None,
        }
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let refused = |reason: String| Failure::new(Code::Input, reason);
        if !text.starts_with('{') {
            let head = text.parse::<TreeHead>();
            return head
                .map(Self::bare)
                .map_err(|error| refused(error.to_string()));
        }
        let document: HeadDocument =
            serde_json::from_str(text).map_err(|error| refused(error.to_string()))?;
        let head = format!("{}:{}", document.size, document.root);
        let head = head
            .parse::<TreeHead>()
            .map_err(|error| refused(error.to_string()))?;
        let hash = HashFunction::from_str(&document.hash, false).map_err(refused)?;
        Ok(Self {
            head,
            arity: Some(document.arity),
            hash: Some(hash),
        })
    }
}

impl fmt::Display for HeadDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.size, self.root)
    }
}
