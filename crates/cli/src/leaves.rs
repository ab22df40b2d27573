//! Leaves from a file or the standard input, in batches, decoded on a thread of their own.

mod batches;
mod form;
mod input;
mod json;
mod lines;
mod received;
mod records;

pub(crate) use self::{
    batches::{Batch, Next},
    form::{Decoder, Form},
    input::Input,
    received::Received,
};
