//! Leaves as records of 32 bytes.

use rotortree::Hash;

use super::{Input, batches::Batches};
use crate::failure::{Code, Failure};

const RECORD: usize = size_of::<Hash>();

/// Reads all records.
pub(super) fn leaves(input: &mut Input, batches: &mut Batches) -> Result<(), Failure> {
    // A record may lie across two reads.
    let mut split = [0; RECORD];
    let mut held = 0;
    loop {
        batches.before_read(input)?;
        let bytes = input.fill()?;
        if bytes.is_empty() {
            break;
        }
        let taken = bytes.len();
        let (missing, whole) = bytes.split_at((RECORD - held).min(taken) * usize::from(held > 0));
        split[held..held + missing.len()].copy_from_slice(missing);
        held += missing.len();
        if held == RECORD {
            batches.push(split)?;
            held = 0;
        }
        if held == 0 {
            let (records, rest) = whole.as_chunks::<RECORD>();
            batches.extend(records)?;
            split[..rest.len()].copy_from_slice(rest);
            held = rest.len();
        }
        input.consume(taken);
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
