//! An owner's signs of life: an object that it writes over again and again.
//!
//! Nothing but speed depends on them: a second opener sees at once that the owner is there, or that
//! it gave the place up. No clocks are compared. A stale or a lost sign costs an opener time.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{client::Client, names, requests::Requests};

/// Bytes of a sign.
const MOST_BYTES: u64 = 64;
/// The longest that a look waits between two requests.
const LOOK: Duration = Duration::from_secs(1);

const GIVEN_UP: Bytes = Bytes::from_static(b"given up");

fn sign(session: u64, count: u64) -> Bytes {
    Bytes::from(format!("{session:016x} {count}"))
}

/// Writes a sign in each interval, the first one after an interval.
pub(crate) async fn beat(requests: Requests, epoch: u64, session: u64, interval: Duration) {
    let name = names::owner(epoch);
    for count in 1.. {
        tokio::time::sleep(interval).await;
        // A sign that was not written costs nothing but speed.
        drop(requests.overwrite(&name, sign(session, count)).await);
    }
}

/// Writes the first sign.
pub(crate) fn begin(client: &Client, epoch: u64, session: u64) -> io::Result<()> {
    client.overwrite(&names::owner(epoch), sign(session, 0))
}

/// Says that the owner has gone.
pub(crate) fn give_up(client: &Client, epoch: u64) -> io::Result<()> {
    client.overwrite(&names::owner(epoch), GIVEN_UP)
}

/// Whether the owner of an epoch gives a sign within two of its intervals.
pub(crate) fn is_alive(client: &Client, epoch: u64, interval: Duration) -> io::Result<bool> {
    let name = names::owner(epoch);
    let look = || client.get(&name, None, MOST_BYTES);
    let first = look()?;
    if first.as_ref() == Some(&GIVEN_UP) {
        return Ok(false);
    }
    let until = Instant::now() + interval * 2;
    loop {
        let now = look()?;
        if now.as_ref() == Some(&GIVEN_UP) {
            return Ok(false);
        }
        if now != first {
            return Ok(true);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        thread::sleep((interval / 8).min(LOOK).min(left));
    }
}
