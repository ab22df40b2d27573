//! [`LeafName`]: a leaf on the command line, by its index or by its value.

use std::{str::FromStr, sync::Arc};

use rotortree::{AnySnapshot, Hash, Hex, IndexOptions};

use crate::{
    failure::{Code, Failure},
    hex,
    leaf_search::find,
};

/// A leaf: a number is an index, 64 hex digits are a leaf's value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LeafName {
    Index(u64),
    Value(Hash),
}

impl FromStr for LeafName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && text.len() < hex::DIGITS {
            return text
                .parse()
                .map(Self::Index)
                .map_err(|error| error.to_string());
        }
        let value = value(text).map(Self::Value);
        value.map_err(|_| "neither an index nor the 64 hex digits of a leaf".to_owned())
    }
}

/// The hash of 64 hex digits, with or without `0x`.
pub(crate) fn value(text: &str) -> Result<Hash, String> {
    let prefixed = if text.starts_with("0x") {
        text.to_owned()
    } else {
        format!("0x{text}")
    };
    let value = prefixed.parse::<Hex>();
    value
        .map(|Hex(hash)| hash)
        .map_err(|error| error.to_string())
}

impl LeafName {
    /// The index of the leaf in a tree when it had `size` leaves.
    pub(crate) fn index(
        self,
        tree: &Arc<dyn AnySnapshot>,
        size: u64,
        index: Option<&IndexOptions>,
    ) -> Result<u64, Failure> {
        match self {
            Self::Index(index) => Ok(index),
            Self::Value(leaf) => {
                let found = find(tree, index, &leaf)?
                    .index
                    .filter(|index| *index < size);
                found.ok_or_else(|| {
                    let sentence = format!("{} is no leaf of the tree", Hex(leaf));
                    Failure::new(Code::No, sentence)
                })
            }
        }
    }
}
