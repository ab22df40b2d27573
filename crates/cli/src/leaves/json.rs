//! Leaves as a JSON array of strings, decoded while it is read.

use std::{fmt, io::BufReader};

use rotortree::Hex;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

use super::{Input, batches::Batches};
use crate::failure::{Code, Failure};

/// Reads the array to its end.
pub(super) fn leaves(input: &mut Input, batches: &mut Batches) -> Result<(), Failure> {
    let name = input.name().to_owned();
    // The library asks for one byte at a time.
    let reader = BufReader::with_capacity(1 << 16, input);
    let mut json = serde_json::Deserializer::from_reader(reader);
    Array(batches)
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| {
            Failure::new(
                if error.is_io() {
                    Code::System
                } else {
                    Code::Input
                },
                error,
            )
            .at(name)
        })
}

/// An array whose elements go to batches one after the other.
struct Array<'a>(&'a mut Batches);

impl<'de> DeserializeSeed<'de> for Array<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Array<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of leaves")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(text) = elements.next_element::<String>()? {
            let leaf: Hex = text.parse().map_err(A::Error::custom)?;
            self.0
                .push(leaf.0)
                .map_err(|_| A::Error::custom("no more leaves are wanted"))?;
        }
        Ok(())
    }
}
