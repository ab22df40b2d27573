//! Input of `wal_scan`: a log of one to four segments, and a flag to repair its checksums.
//!
//! | bytes | field |
//! | ---: | --- |
//! | 1 | 1: make all checksums right, so that fields behind them are reached |
//! | 1 | sequence that the reader has already |
//! | 1 | number of segments less one, the low two bits |
//! | 1 each | length of every segment but the last, in sectors |
//! | | the segments |

use rotortree_wal::SECTOR;

const RIGHT_CHECKSUMS: u8 = 1;

/// A log to scan.
#[derive(Clone, Debug)]
pub struct Log {
    /// The sequence that the reader has already.
    pub start: u64,
    /// The segments' bytes, in order.
    pub segments: Vec<Vec<u8>>,
}

impl Log {
    /// Reads an input; `None` if it is too short for its own frame.
    pub fn decode(input: &[u8]) -> Option<Self> {
        let ([flags, start, count], rest) = input.split_first_chunk::<3>()?;
        let (sectors, mut rest) = rest.split_at_checked(usize::from(count & 3))?;
        let mut segments = Vec::new();
        for sectors in sectors {
            let (segment, behind) = rest.split_at_checked(usize::from(*sectors) * SECTOR)?;
            segments.push(segment.to_vec());
            rest = behind;
        }
        segments.push(rest.to_vec());
        if flags & RIGHT_CHECKSUMS != 0 {
            for segment in &mut segments {
                repair(segment);
            }
        }
        Some(Self {
            start: u64::from(*start),
            segments,
        })
    }

    /// Writes an input.
    ///
    /// # Panics
    ///
    /// If the log does not fit the frame: seeds are small.
    pub fn encode(&self, right_checksums: bool) -> Vec<u8> {
        let (last, before) = self.segments.split_last().expect("a log has a segment");
        assert!(before.len() < 4, "at most four segments");
        let start = u8::try_from(self.start).expect("a small start");
        let mut input = vec![u8::from(right_checksums), start, before.len() as u8];
        for segment in before {
            assert!(
                segment.len().is_multiple_of(SECTOR),
                "whole sectors but for the last segment"
            );
            input.push(u8::try_from(segment.len() / SECTOR).expect("a small segment"));
        }
        before.iter().for_each(|segment| input.extend(segment));
        input.extend(last);
        input
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// Makes the checksums of a segment right wherever something looks like a header, a group or a
/// record.
pub fn repair(segment: &mut [u8]) {
    if segment.len() < SECTOR {
        return;
    }
    let crc = crc32c::crc32c_append(crc32c::crc32c(&segment[..12]), &segment[16..SECTOR]);
    segment[12..16].copy_from_slice(&crc.to_le_bytes());
    let salt: [u8; 8] = segment[32..40].try_into().expect("eight bytes");
    let mut at = SECTOR;
    while at + 128 <= segment.len() {
        at = match &segment[at..at + 4] {
            b"ROTG" => repair_group(segment, at, salt).next_multiple_of(SECTOR),
            _ => at + SECTOR,
        };
    }
}

/// Makes the checksums of the group at `group` right, and gives it the salt of its segment if it
/// has none. Returns where its records end, as far as they are there.
fn repair_group(segment: &mut [u8], group: usize, salt: [u8; 8]) -> usize {
    let own = &mut segment[group + 80..group + 88];
    if own == [0; 8] {
        own.copy_from_slice(&salt);
    }
    let seed = crc32c::crc32c(&salt);
    let crc = crc32c::crc32c(&segment[group..group + 4]);
    let crc = crc32c::crc32c_append(crc, &segment[group + 8..group + 128]);
    segment[group + 4..group + 8].copy_from_slice(&crc.to_le_bytes());
    let first = u64_at(segment, group + 16).unwrap_or(0);
    let count = u32_at(segment, group + 24).unwrap_or(0);
    let mut at = group + 128;
    for index in 0..u64::from(count) {
        let lengths = [4, 8, 12].map(|field| u32_at(segment, at + field));
        let [Some(leaves), Some(metadata), Some(flags_and_chunks)] = lengths else {
            break;
        };
        let run = match u64::from(flags_and_chunks >> 8) {
            0 => 0,
            chunks => 80 + (4 * chunks).next_multiple_of(16),
        };
        let body = run + (u64::from(leaves) * 32 + u64::from(metadata)).next_multiple_of(16);
        let end = usize::try_from(body)
            .ok()
            .and_then(|body| (at + 16).checked_add(body));
        let Some(end) = end.filter(|end| *end <= segment.len()) else {
            break;
        };
        let crc = crc32c::crc32c_append(seed, &first.wrapping_add(index).to_le_bytes());
        let crc = crc32c::crc32c_append(crc, &segment[at + 4..end]);
        segment[at..at + 4].copy_from_slice(&crc.to_le_bytes());
        at = end;
    }
    at
}
