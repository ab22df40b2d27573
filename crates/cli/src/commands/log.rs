//! `log`: what stands in the log, event by event, also of a damaged tree. Opens nothing: the
//! segments are read as they are.

use std::fmt;

use rotortree::{Hex, StorageError, store::storage::Part};
use rotortree_wal::{Event, Scanner, SegmentStart};
use serde::Serialize;

use crate::{
    failure::{Code, Failure},
    hex,
    output::Output,
    place::Place,
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    /// Prints the leaves of each record too
    #[arg(long)]
    leaves: bool,
}

/// A line of the dump.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Segment {
        name: String,
        bytes: u64,
        number: u64,
        base_sequence: u64,
        base_size: u64,
        attested: u64,
    },
    Unreadable {
        name: String,
        bytes: u64,
        reason: String,
    },
    Group {
        offset: u64,
        first_sequence: u64,
        records: u32,
        attested: u64,
        size_after: u64,
        root_after: String,
    },
    Record {
        offset: u64,
        sequence: u64,
        leaves: u64,
        /// The first chunk on level 0 and the number of chunks that hold leaves of the record.
        chunks: Option<(u64, u64)>,
        metadata: Option<String>,
        /// Whether the batch goes on in the next record.
        more: bool,
    },
    Leaf {
        leaf: String,
    },
    Invalid {
        offset: u64,
        bytes: u64,
        reason: String,
    },
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment {
                name,
                bytes,
                number,
                base_sequence,
                base_size,
                attested,
            } => write!(
                f,
                "{name}: segment {number}, {bytes} bytes, continues from record {base_sequence} \
                 ({base_size} leaves), attests record {attested}"
            ),
            Self::Unreadable {
                name,
                bytes,
                reason,
            } => write!(f, "{name}: {bytes} bytes, no header: {reason}"),
            Self::Group {
                offset,
                first_sequence,
                records,
                attested,
                size_after,
                ..
            } => match records {
                0 => write!(f, "{offset:>10}  mark: attests record {attested}"),
                _ => write!(
                    f,
                    "{offset:>10}  group of {records} records from {first_sequence} on, attests \
                     record {attested}, {size_after} leaves behind it"
                ),
            },
            Self::Record {
                offset,
                sequence,
                leaves,
                chunks,
                metadata,
                more,
            } => {
                write!(f, "{offset:>10}    record {sequence}: {leaves} leaves")?;
                if let Some((first, count)) = chunks {
                    write!(f, ", {count} chunks of level 0 from {first} on")?;
                }
                if let Some(metadata) = metadata {
                    write!(f, ", metadata {metadata}")?;
                }
                if *more {
                    write!(f, ", the batch goes on")
                } else {
                    Ok(())
                }
            }
            Self::Leaf { leaf } => write!(f, "{:>10}      {leaf}", ""),
            Self::Invalid {
                offset,
                bytes,
                reason,
            } => write!(f, "{offset:>10}  {bytes} bytes are no group: {reason}"),
        }
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let storage = self.place.storage()?;
        let numbers = storage.list_segments().map_err(StorageError::from)?;
        if numbers.is_empty() {
            let sentence = format!("{}: there is no log here", self.place);
            return Err(Failure::new(Code::Place, sentence));
        }
        for number in numbers {
            let name = storage.name(Part::Segment(number));
            let mut segment = storage.read_segment(number).map_err(StorageError::from)?;
            let bytes = segment.len();
            let header = match SegmentStart::read(&mut segment).map_err(StorageError::from)? {
                SegmentStart::Header(header) => header,
                SegmentStart::Blank => {
                    let reason = "it is blank, as a crash leaves a new segment".to_owned();
                    output.document(&Line::Unreadable {
                        name,
                        bytes,
                        reason,
                    })?;
                    continue;
                }
                SegmentStart::Unreadable(error) => {
                    let reason = error.to_string();
                    output.document(&Line::Unreadable {
                        name,
                        bytes,
                        reason,
                    })?;
                    continue;
                }
            };
            output.document(&Line::Segment {
                name,
                bytes,
                number: header.number,
                base_sequence: header.base.sequence,
                base_size: header.base.size,
                attested: header.attested,
            })?;
            let mut scanner = Scanner::new(segment, header.salt);
            while let Some(event) = scanner.next().map_err(StorageError::from)? {
                if output.is_closed() {
                    return Ok(());
                }
                self.print(event, output)?;
            }
        }
        Ok(())
    }

    fn print(&self, event: Event<'_>, output: &mut Output) -> Result<(), Failure> {
        let record = match event {
            Event::Group(group) => {
                return output.document(&Line::Group {
                    offset: group.offset,
                    first_sequence: group.first_sequence,
                    records: group.record_count,
                    attested: group.attested,
                    size_after: group.size_after,
                    root_after: Hex(group.root_after).to_string(),
                });
            }
            Event::Invalid {
                offset,
                len,
                reason,
            } => {
                return output.document(&Line::Invalid {
                    offset,
                    bytes: len,
                    reason: reason.to_string(),
                });
            }
            Event::Record(record) => record,
            _ => return Ok(()),
        };
        output.document(&Line::Record {
            offset: record.offset,
            sequence: record.sequence,
            leaves: record.leaf_count(),
            chunks: record.chunks.map(|run| (run.first, run.sums.len() as u64)),
            metadata: record.metadata.map(hex::encode),
            more: record.more,
        })?;
        if self.leaves {
            for leaf in record.leaves {
                let leaf = hex::encode(leaf);
                output.document(&Line::Leaf { leaf })?;
            }
        }
        Ok(())
    }
}
