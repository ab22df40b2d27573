//! Leaves as records of 32 bytes, read to where they are appended from.

use rotortree::Hash;

use super::{Input, batches::Batches};
use crate::failure::{Code, Failure};

const RECORD: usize = size_of::<Hash>();

/// Reads all records.
pub(super) fn leaves(input: &mut Input, batches: &mut Batches) -> Result<(), Failure> {
    // The bytes of a record whose rest is still to come, and how many they are.
    let (mut part, mut held) = ([0; RECORD], 0);
    loop {
        batches.before_read(input)?;
        let room = batches.room()?;
        room[0] = part;
        let read = input.read_to(&mut room.as_flattened_mut()[held..])?;
        if read == 0 {
            break;
        }
        let records = (held + read) / RECORD;
        held = (held + read) % RECORD;
        // The room ends with a whole record.
        part = room.get(records).copied().unwrap_or_default();
        batches.count(records)?;
    }
    if held == 0 {
        return Ok(());
    }
    let sentence = format!(
        "{}: the last record has {held} bytes, and a leaf has {RECORD}",
        input.name()
    );
    Err(Failure::new(Code::Input, sentence).next("complete or remove the last record"))
}
