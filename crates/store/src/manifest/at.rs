//! Offsets of a manifest's fields that errors name.

pub(super) const VERSION: usize = 8;
pub(super) const FLAGS: usize = 12;
pub(super) const LENGTH: usize = 16;
pub(super) const GENERATION: usize = 24;
pub(super) const ARITY: usize = 48;
pub(super) const MAX_DEPTH: usize = 52;
pub(super) const STRIDE: usize = 54;
pub(super) const BASE_SIZE: usize = 88;
pub(super) const SEQUENCE: usize = 96;
pub(super) const SIZE: usize = 104;
pub(super) const ROOT: usize = 112;
pub(super) const FIRST_SEGMENT: usize = 144;
pub(super) const LAST_SEGMENT: usize = 152;
pub(super) const DURABLE_SEQUENCE: usize = 232;
pub(super) const DURABLE_SIZE: usize = 240;
pub(super) const DURABLE_ROOT: usize = 248;
/// The end of the part that every manifest has.
pub(super) const HEAD: usize = 280;
pub(super) const CLOSE_SEGMENT: usize = HEAD;
pub(super) const CLOSE_LENGTH: usize = HEAD + 8;
pub(super) const CLOSE_SEQUENCE: usize = HEAD + 16;
pub(super) const CLOSE_SIZE: usize = HEAD + 24;
pub(super) const CLOSE_ROOT: usize = HEAD + 32;
