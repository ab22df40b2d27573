//! The probe: a store that creates an object which is there already has no place for a tree.

use std::io;

use bytes::Bytes;

use crate::{bucket::Bucket, failure::Class, names};

/// Creates an object twice; the second creation must fail. Once for each handle.
///
/// # Errors
/// `Unsupported` for a store without creation if absent, and what keeps the first creation from
/// succeeding: no bucket, no rights, wrong credentials.
pub(crate) fn probe(bucket: &Bucket) -> io::Result<()> {
    bucket.probed.get_or_try(|| {
        probe_once(bucket).or_else(|error| match error.kind() {
            // A probe that stalls may be collected before its second creation.
            io::ErrorKind::Unsupported => probe_once(bucket),
            _ => Err(error),
        })
    })
}

fn probe_once(bucket: &Bucket) -> io::Result<()> {
    let client = &bucket.client;
    let name = names::probe(bucket.tenure.new_id(0));
    client.create_own(&name, Bytes::from_static(b"first"))?;
    let second = client.create_once(&name, Bytes::from_static(b"second"))?;
    let there = client.get(&name, None, 64)?;
    drop(client.delete(&name));
    let is_kept = there.as_deref() == Some(b"first");
    match second {
        Err(failure) if failure.class == Class::Taken && is_kept => Ok(()),
        // The answer was lost; what was written first is there.
        Err(failure) if failure.may_pass() && is_kept => Ok(()),
        Err(failure) if is_kept => {
            Err(failure.to_io("try a creation of", &client.full_name(&name)))
        }
        _ => {
            let name = client.full_name(&name);
            let text = format!(
                "{name} was created twice: the store does not create an object only if it is \
                 absent, so two owners could write here; use a store that does, and switch \
                 conditional writes on where that is a setting"
            );
            Err(io::Error::new(io::ErrorKind::Unsupported, text))
        }
    }
}
