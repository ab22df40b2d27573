//! [`Form`]: the forms of leaves in an input.

use clap::ValueEnum;
use rotortree::Hash;

use super::{Input, batches::Batches, json, lines, records};
use crate::{
    failure::{Code, Failure},
    hash_function::HashFunction,
};

/// How leaves are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A JSON array if the first character is `[`, else lines
    Auto,
    /// 64 hex digits a line, or lines of sha256sum; blank lines and # comments are passed over
    Lines,
    /// Records of 32 bytes, without anything between them
    Raw,
    /// A JSON array of strings: hex, or decimal numbers
    Json,
}

/// What a decoder of leaves does with the input.
#[derive(Clone, Copy)]
pub(crate) enum Decoder {
    Leaves(Form),
    /// Each line, without its end, is an entry, and its hash is a leaf.
    Entries(fn(&[u8]) -> Hash),
}

impl Decoder {
    pub(crate) fn new(
        form: Form,
        hash_lines: bool,
        function: HashFunction,
    ) -> Result<Self, Failure> {
        match (form, hash_lines) {
            (Form::Auto | Form::Lines, true) => Ok(Self::Entries(function.of_entries()?)),
            (_, true) => Err(Failure::new(Code::Usage, "--hash-lines hashes lines alone")
                .next("give no other --form with it")),
            (form, false) => Ok(Self::Leaves(form)),
        }
    }

    /// Reads all leaves of the input.
    pub(super) fn run(self, input: &mut Input, batches: &mut Batches) -> Result<(), Failure> {
        match self {
            Self::Entries(hash) => lines::entries(input, hash, batches),
            Self::Leaves(Form::Lines) => lines::leaves(input, batches),
            Self::Leaves(Form::Raw) => records::leaves(input, batches),
            Self::Leaves(Form::Json) => json::leaves(input, batches),
            Self::Leaves(Form::Auto) => match input.first_visible()? {
                Some(b'[') => json::leaves(input, batches),
                _ => lines::leaves(input, batches),
            },
        }
    }
}
