//! The bytes of manifests: pinned, read back, and refused in every other form.

mod damage;
mod golden;
mod hostile;
mod page;
mod round_trip;
mod samples;
