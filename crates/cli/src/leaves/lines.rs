//! Leaves and entries as lines of text.

use rotortree::Hash;
use rotortree_proof_forms::leaf_line::{self, LineError};

use super::{Input, batches::Batches};
use crate::{
    failure::{Code, Failure},
    hex,
};

/// A longer line is not read to its end, which a file without line ends may not have.
const LONGEST: usize = 64 << 10;

/// Reads a leaf from each line that has one.
pub(super) fn leaves(input: &mut Input, batches: &mut Batches) -> Result<(), Failure> {
    let mut number = 0;
    let mut lines = Lines::default();
    loop {
        number += plain_leaves(input, batches)?;
        let Some(line) = lines.next(input, batches, number == 0)? else {
            return Ok(());
        };
        number += 1;
        let leaf = line.and_then(leaf_line::parse);
        if let Some(leaf) = leaf.map_err(|found| refused(input, number, &found))? {
            batches.push(leaf)?;
        }
    }
}

/// Reads an entry from each line, blank ones included, and hashes it.
pub(super) fn entries(
    input: &mut Input,
    hash: fn(&[u8]) -> Hash,
    batches: &mut Batches,
) -> Result<(), Failure> {
    let mut number = 0;
    let mut lines = Lines::default();
    while let Some(line) = lines.next(input, batches, false)? {
        number += 1;
        batches.push(hash(line.map_err(|found| refused(input, number, &found))?))?;
    }
    Ok(())
}

fn refused(input: &Input, number: u64, found: &LineError) -> Failure {
    let at = format!("{}, line {number}, column {}", input.name(), found.column());
    Failure::new(Code::Input, found).at(at)
}

/// The lines at hand that are a leaf's digits and nothing else: almost all lines of most inputs.
/// Returns how many there were.
fn plain_leaves(input: &mut Input, batches: &mut Batches) -> Result<u64, Failure> {
    const LINE: usize = hex::DIGITS + 1;
    batches.before_read(input)?;
    let (lines, _) = input.fill()?.as_chunks::<LINE>();
    let mut count = 0;
    for (leaf, line) in batches.room()?.iter_mut().zip(lines) {
        let digits = line.first_chunk().filter(|_| line.ends_with(b"\n"));
        let Some(decoded) = digits.and_then(hex::decode) else {
            break;
        };
        *leaf = decoded;
        count += 1;
    }
    input.consume(count * LINE);
    batches.count(count)?;
    Ok(count as u64)
}

/// Lines of any kind.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
}

impl Lines {
    /// The next line without its end, or `None` at the end of the input. In the first line of text
    /// a mark of the encoding is looked for.
    fn next(
        &mut self,
        input: &mut Input,
        batches: &mut Batches,
        is_first: bool,
    ) -> Result<Option<Result<&[u8], LineError>>, Failure> {
        self.line.clear();
        loop {
            batches.before_read(input)?;
            let bytes = input.fill()?;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(bytes.len(), |end| end + 1);
            self.line.extend_from_slice(&bytes[..taken.min(LONGEST)]);
            let is_last = taken == 0;
            input.consume(taken);
            if self.line.len() >= LONGEST {
                return Ok(Some(Err(LineError::too_long(&self.line, LONGEST))));
            }
            if is_last && self.line.is_empty() {
                return Ok(None);
            }
            if end.is_some() || is_last {
                break;
            }
        }
        Ok(Some(leaf_line::text(&self.line, is_first)))
    }
}
