//! Proofs as lines of text: `root SIZE HASH`, `leaf INDEX HASH`, `inclusion SIZE INDEX HASH..`,
//! `consistency OLD NEW HASH..`; hashes in base64.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rotortree_hasher::Hash;

use crate::{
    count::{Count, Failure, expect},
    log::{PAIRS, Sample},
};

/// Every proof of the small logs.
pub(crate) fn write(sample: &Sample, path: &Path) -> Result<(), Failure> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut line = |words: &str, hashes: &[Hash]| {
        write!(out, "{words}")?;
        hashes
            .iter()
            .try_for_each(|hash| write!(out, " {}", STANDARD.encode(hash)))?;
        writeln!(out)
    };
    for new in 0..=PAIRS {
        line(&format!("root {new}"), &[sample.head(new)?.rfc6962_root()])?;
        for index in 0..new {
            line(
                &format!("inclusion {new} {index}"),
                &sample.inclusion(index, new)?,
            )?;
        }
        for old in 1..=new {
            line(
                &format!("consistency {old} {new}"),
                &sample.consistency(old, new)?,
            )?;
        }
    }
    Ok(out.flush()?)
}

/// Verifies the lines of another implementation, and compares them with ours.
pub(crate) fn read(sample: &Sample, path: &Path) -> Result<Count, Failure> {
    let mut count = Count::default();
    for line in fs::read_to_string(path)?.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let numbers = |at: usize| -> Result<u64, Failure> { Ok(words[at].parse()?) };
        let hashes = |from: usize| -> Result<Vec<Hash>, Failure> {
            let hashes = words[from..].iter().map(|word| {
                let bytes: Hash = STANDARD.decode(word)?.try_into().map_err(|_| "no hash")?;
                Ok(bytes)
            });
            hashes.collect()
        };
        match words[0] {
            "root" => {
                let root = sample.head(numbers(1)?)?.rfc6962_root();
                expect(hashes(2)? == [root], || format!("another root: {line}"))?;
                count.roots += 1;
            }
            "inclusion" => {
                let (size, index, path) = (numbers(1)?, numbers(2)?, hashes(3)?);
                sample.verify_inclusion(index, size, &path)?;
                expect(path == sample.inclusion(index, size)?, || line.to_owned())?;
                count.inclusion += 1;
            }
            "consistency" => {
                let (old, new, list) = (numbers(1)?, numbers(2)?, hashes(3)?);
                sample.verify_consistency(old, new, &list)?;
                expect(list == sample.consistency(old, new)?, || line.to_owned())?;
                count.consistency += 1;
            }
            // What the counterpart compared itself.
            "compared" => {
                count.roots += numbers(1)?;
                count.inclusion += numbers(2)?;
                count.consistency += numbers(3)?;
                count.tiles += numbers(4)?;
                count.notes += numbers(5)?;
            }
            _ => return Err(format!("an unknown line: {line}").into()),
        }
    }
    Ok(count)
}
