//! The limits of the machine, with which the other rows compare.

use std::hint::black_box;

use rotortree_hasher::{Blake3Hasher, Hasher};

use super::row::Row;
use crate::Outcome;
use crate::context::{Context, fresh, leaves, warm};
use crate::limits;
use crate::measure::{alternate, time, wall_time};
use crate::report::{Line, Unit, bytes, shown};

pub(super) const ROW: Row = Row {
    name: "limits",
    title: "What the machine allows (limit: the blake3 crate)",
    alone: false,
    run,
};

fn run(context: &Context) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    lines.extend(hashes::<2>(context)?);
    lines.extend(hashes::<4>(context)?);
    lines.extend(hashes::<8>(context)?);
    lines.extend(hashes::<16>(context)?);
    lines.push(warm(|| copies(context, "warm"))?);
    lines.push(fresh(|| copies(context, "fresh"))?);
    lines.extend(disk(context)?);
    Ok(lines)
}

/// Hashes of groups of `N` nodes: in a run, and each waiting for the one before.
fn hashes<const N: usize>(context: &Context) -> Outcome<[Line; 2]> {
    const GROUPS: usize = 1024;
    const TIMES: usize = 20;
    let children = leaves(0, GROUPS * N);
    let mut parents = vec![[0; 32]; GROUPS];
    let in_a_chain = |hash: limits::HashOne| {
        let mut group = [[1; 32]; N];
        time(|| {
            for _ in 0..GROUPS * TIMES {
                group[0] = hash(black_box(&group));
            }
            group
        })
    };
    let in_a_run = |hash: &mut dyn FnMut()| {
        time(|| {
            for _ in 0..TIMES {
                hash();
            }
        })
    };
    let mut other_parents = parents.clone();
    let [run, run_limit, chain, chain_limit] = alternate(
        context.rounds(),
        [
            &mut || {
                Ok(in_a_run(&mut || {
                    Blake3Hasher.hash_groups(N, black_box(&children), &mut parents);
                }))
            },
            &mut || {
                Ok(in_a_run(&mut || {
                    let groups = black_box(&children).chunks_exact(N);
                    for (group, parent) in groups.zip(&mut other_parents) {
                        *parent = limits::blake3_hash(group);
                    }
                }))
            },
            &mut || Ok(in_a_chain(|group| Blake3Hasher.hash_children(group))),
            &mut || Ok(in_a_chain(limits::blake3_hash)),
        ],
    )?;
    let hashes = (GROUPS * TIMES) as u64;
    let size = 32 * N;
    Ok([
        Line::new(format!("BLAKE3 of {size} bytes, many groups in a run")).samples(
            Unit::Time,
            hashes,
            &run,
            None,
            Some(&run_limit),
        ),
        Line::new(format!("BLAKE3 of {size} bytes, each waiting for the last")).samples(
            Unit::Time,
            hashes,
            &chain,
            None,
            Some(&chain_limit),
        ),
    ])
}

/// Copies into memory that is allocated for them.
fn copies(context: &Context, kind: &str) -> Outcome<Line> {
    let source = leaves(0, 1 << 20);
    let [copies] = alternate(context.rounds(), [&mut || Ok(time(|| source.clone()))])?;
    Ok(Line::new(format!("copying nodes into {kind} memory"))
        .ours(Unit::Rate.show(&copies, source.len() as u64)))
}

fn disk(context: &Context) -> Outcome<[Line; 3]> {
    const TIMES: u64 = 100;
    const BULK: u64 = 256 << 20;
    let folder = context.folder()?;
    let mut appended = limits::AppendFile::create(&folder.path().join("appended"))?;
    let mut overwritten = limits::OverwrittenFile::create(&folder.path().join("overwritten"))?;
    let mut number = 0;
    let [append, overwrite, bulk] = alternate(
        context.pick(3, 7),
        [
            &mut || {
                wall_time(|| {
                    (0..TIMES).try_for_each(|_| Ok(appended.append_durably(&[0x5a; 512])?))
                })
            },
            &mut || {
                wall_time(|| {
                    (0..TIMES).try_for_each(|_| Ok(overwritten.overwrite_durably(&[0x5a; 512])?))
                })
            },
            &mut || {
                number += 1;
                let path = folder.path().join(number.to_string());
                let took = wall_time(|| Ok(limits::write_durably(&path, BULK)?))?;
                std::fs::remove_file(&path)?;
                Ok(took)
            },
        ],
    )?;
    let megabytes = |value: f64| format!("{}/s", bytes(value));
    Ok([
        Line::new("append 512 bytes and fdatasync").ours(Unit::Time.show(&append, TIMES)),
        Line::new("overwrite 512 bytes and fdatasync").ours(Unit::Time.show(&overwrite, TIMES)),
        Line::new("write a file and fsync it").ours(shown(bulk.rate(BULK), megabytes)),
    ])
}
