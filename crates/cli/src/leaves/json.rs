//! Leaves as a JSON array of strings, decoded while it is read.

use std::{
    cell::RefCell,
    fmt,
    io::{self, BufReader, Read},
};

use rotortree::Hex;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

use super::{Input, batches::Batches};
use crate::failure::{Code, Failure};

/// Reads the array to its end.
pub(super) fn leaves(input: &mut Input, batches: &mut Batches) -> Result<(), Failure> {
    let name = input.name().to_owned();
    let batches = RefCell::new(batches);
    // The library asks for one byte at a time.
    let reader = BufReader::with_capacity(1 << 16, Pausing(input, &batches));
    let mut json = serde_json::Deserializer::from_reader(reader);
    Array(&batches)
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

/// An input that hands leaves over before it waits for more bytes.
struct Pausing<'a, 'b>(&'a mut Input, &'a RefCell<&'b mut Batches>);

impl Read for Pausing<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let handed_over = self.1.borrow_mut().before_read(self.0);
        handed_over.map_err(|ended| io::Error::other(ended.to_string()))?;
        self.0.read(buffer)
    }
}

/// An array whose elements go to batches one after the other.
struct Array<'a, 'b>(&'a RefCell<&'b mut Batches>);

impl<'de> DeserializeSeed<'de> for Array<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Array<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of leaves")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(text) = elements.next_element::<String>()? {
            let leaf: Hex = text.parse().map_err(A::Error::custom)?;
            let pushed = self.0.borrow_mut().push(leaf.0);
            pushed.map_err(A::Error::custom)?;
        }
        Ok(())
    }
}
