//! The promises of the log's format, one behaviour per file.

mod batches;
mod bit_flips;
mod chunk_runs;
mod embedded;
mod golden;
mod header;
mod hostile;
mod model;
mod page;
mod round_trip;
mod rules;
mod source;
mod support;
