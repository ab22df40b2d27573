//! [`RecoveryReport`] and its parts as sentences.

use std::fmt;

use super::report::{Damage, LogBreak, RecoveryReport};

/// The report in one line, for a log or a terminal. Semicolons separate its parts, and empty parts
/// are omitted.
impl fmt::Display for RecoveryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every field by name: a new field that is not written here does not compile.
        let Self {
            created,
            was_closed,
            size,
            checkpoint_size,
            verified,
            segments,
            replayed_records,
            replayed_leaves,
            cut_records,
            cut_leaves,
            tear,
            damage,
            restored_headers,
            cuts,
        } = self;
        if *created {
            return f.write_str("created a new store");
        }
        let after = if *was_closed {
            "an orderly close"
        } else {
            "a crash"
        };
        write!(
            f,
            "opened after {after} with {size} leaves; {checkpoint_size} leaves from the checkpoint; {replayed_leaves} leaves replayed from \
             {replayed_records} records in {segments} segments of the log"
        )?;
        if *verified {
            f.write_str("; every stored node verified")?;
        }
        if let Some(tear) = tear {
            write!(f, "; the log ends at {tear}")?;
        }
        if let Some(damage) = damage {
            write!(f, "; {damage}")?;
        }
        if *cut_records > 0 {
            let durable = if damage.is_some() {
                "some of which had been durable"
            } else {
                "none of which had been acknowledged as durable"
            };
            write!(
                f,
                "; cut off {cut_leaves} leaves in {cut_records} records, {durable}"
            )?;
        }
        if !restored_headers.is_empty() {
            let files = restored_headers.join(", ");
            write!(f, "; damaged headers, read from their copies: {files}")?;
        }
        cuts.iter()
            .try_for_each(|cut| write!(f, "; NOT ACKNOWLEDGED: {cut}"))
    }
}

impl fmt::Display for LogBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            offset,
            reason,
        } = self;
        write!(f, "byte {offset} of {file}: {reason}")
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            valid_sequence,
            valid_size,
            durable_sequence,
            lost,
            quarantined,
        } = self;
        write!(
            f,
            "DAMAGE at {at}; recovered up to record {valid_sequence} ({valid_size} leaves), {durable_sequence} had been durable"
        )?;
        if let Some(lost) = lost {
            write!(f, "; the head {lost} is lost")?;
        }
        if !quarantined.is_empty() {
            write!(f, "; the bytes are kept in {}", quarantined.join(", "))?;
        }
        Ok(())
    }
}
