//! Transparency logs against other implementations, in both directions.
//!
//! `FOLDER` receives the log that is published and the proofs that are exchanged. Every comparison
//! that fails ends the program with the place; at the end it prints the counts.

mod count;
mod crates;
mod exchange;
mod go;
mod log;
mod ml_dsa;

use std::io::Write;

use crate::{
    count::{Count, Failure},
    log::Sample,
};

fn main() -> Result<(), Failure> {
    let folder = std::env::args_os()
        .nth(1)
        .ok_or("usage: rotortree-interop-logs FOLDER")?;
    let folder = std::path::absolute(folder)?;
    let sample = Sample::publish(&folder)?;
    exchange::write(&sample, &folder.join("ours.txt"))?;
    let rows = [
        ("ct-merkle 0.3.0", crates::ct_merkle(&sample)?),
        ("tlog_tiles 0.2.0", crates::tlog_tiles(&sample)?),
        ("signed_note 0.2.0", crates::signed_note(&sample)?),
        ("fips204 0.5.0", ml_dsa::fips204(&sample)?),
        ("Go x/mod sumdb", go::check(&sample, &folder)?),
    ];
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| counterpart | roots | inclusion | consistency | tiles | notes |"
    )?;
    writeln!(out, "| --- | ---: | ---: | ---: | ---: | ---: |")?;
    for (name, count) in rows {
        let Count {
            roots,
            inclusion,
            consistency,
            tiles,
            notes,
        } = count;
        writeln!(
            out,
            "| {name} | {roots} | {inclusion} | {consistency} | {tiles} | {notes} |"
        )?;
    }
    Ok(())
}
