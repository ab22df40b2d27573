//! [`import_any`]: the shapes of old trees that the program knows.

use std::path::Path;

use rotortree::{Blake3Hasher, Hash};
use rotortree_import_0x::{Copied, ImportError, Imported, import};

/// Calls [`import`] for the shape that the numbers name.
macro_rules! shapes {
    ($($arity:literal: $($max_depth:literal)*;)*) => {
        fn import_as(
            arity: u32,
            max_depth: u32,
            copy: &Copied,
            root: Option<Hash>,
            to: &Path,
        ) -> Result<Imported, ImportError> {
            match (arity, max_depth) {
                $($(($arity, $max_depth) => import::<_, _, $arity, $max_depth>(
                    copy,
                    old::Blake3Hasher,
                    Blake3Hasher,
                    root,
                    to,
                ),)*)*
                _ => Err(ImportError::Shape { arity, max_depth }),
            }
        }
    };
}

// N, and each MAX_DEPTH with it. Another pair is one more number here.
shapes! {
    2: 16 20 24 32 64;
    4: 10 16 20 32;
    8: 10 16 20;
    16: 8 10 16;
}

/// Imports with BLAKE3 a tree whose shape the directory says.
pub(crate) fn import_any(
    copy: &Copied,
    root: Option<Hash>,
    to: &Path,
) -> Result<Imported, ImportError> {
    match import_as(4, 20, copy, root, to) {
        Err(ImportError::Shape { arity, max_depth }) if (arity, max_depth) != (4, 20) => {
            import_as(arity, max_depth, copy, root, to)
        }
        done => done,
    }
}
