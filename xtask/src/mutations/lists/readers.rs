//! Readers without ownership: they are shown what no loss of power takes back, and move forward.

use super::tests::{
    READER_ANOTHER, READER_BACK, READER_FAILED_SYNC, READER_IDLE, READER_KILLED, READER_RETRIES,
};
use crate::mutations::Mutation;

pub(super) const LIST: &[Mutation] = &[
    Mutation {
        name: "reader-unattested",
        rows: &[13],
        protects: "a reader shows nothing that is not known to be durable",
        file: "crates/store/src/recovery/mod.rs",
        find: "let stop = assessment.attested.min(assessment.end);",
        put: "let stop = assessment.end;",
        test: READER_FAILED_SYNC,
        explained: None,
    },
    Mutation {
        name: "reader-back",
        rows: &[13],
        protects: "a reader never goes back behind what it has shown",
        file: "crates/store/src/read_only.rs",
        find: "config.expect_head = before.head();",
        put: "",
        test: READER_BACK,
        explained: None,
    },
    Mutation {
        name: "reader-other-tree",
        rows: &[13],
        protects: "a reader refuses another tree that took the place",
        file: "crates/store/src/read_only.rs",
        find: "if now.tree_id != seen.tree_id {",
        put: "if false {",
        test: READER_ANOTHER,
        explained: None,
    },
    Mutation {
        name: "reader-retry",
        rows: &[13],
        protects: "a reader tries again when the writer moves on beside it",
        file: "crates/store/src/read_only.rs",
        find: "Err(error) if generation() == before => return Err(error),",
        put: "Err(error) if generation().is_some() || before.is_none() => return Err(error),",
        test: READER_RETRIES,
        explained: None,
    },
    Mutation {
        name: "recovered-attested-early",
        rows: &[2, 13],
        protects: "the segment that an opening starts attests no more than those before it",
        file: "crates/store/src/recovery/mod.rs",
        find: "identity.header(number, salt, base, attested)",
        put: "identity.header(number, salt, base, assessment.end)",
        test: READER_KILLED,
        explained: None,
    },
    Mutation {
        name: "recovered-marked-early",
        rows: &[2, 13],
        protects: "what was recovered is attested only when the manifest that names it is durable",
        file: "crates/store/src/recovery/mod.rs",
        find: "manifest.generation += 1;
    manifest.last_segment",
        put: "log.attest(&**storage).map_err(StorageError::Io)?;
    manifest.generation += 1;
    manifest.last_segment",
        test: READER_KILLED,
        explained: None,
    },
    Mutation {
        name: "idle-not-attested",
        rows: &[13],
        protects: "whoever led a sync, what it made durable is shown to readers once the log is idle",
        file: "crates/store/src/engine/lead.rs",
        find: "if wants_mark {",
        put: "if wants_mark && self.core.config.flush_policy != crate::FlushPolicy::Manual {",
        test: READER_IDLE,
        explained: None,
    },
];
