//! Names of objects. The only module that spells them.

pub(super) const OWNERS: &str = "owner/";
pub(super) const LOG: &str = "log/";
pub(super) const LEVELS: &str = "levels/";
pub(super) const MANIFESTS: &str = "manifest/";
const QUARANTINE: &str = "aside/";
const RELEASED: &str = ".released";

/// Every prefix under which a store keeps objects.
pub(super) const PREFIXES: [&str; 5] = [OWNERS, LOG, LEVELS, MANIFESTS, QUARANTINE];

/// The claim of an epoch's owner.
pub(super) fn owner(epoch: u64) -> String {
    format!("{OWNERS}{epoch:020}")
}

/// The object that an owner leaves when it releases the place.
pub(super) fn released(epoch: u64) -> String {
    owner(epoch) + RELEASED
}

/// The epoch of a claim, and whether the name tells of its end.
pub(super) fn epoch(name: &str) -> Option<(u64, bool)> {
    let name = name.strip_prefix(OWNERS)?;
    let (number, over) = match name.strip_suffix(RELEASED) {
        Some(number) => (number, true),
        None => (name, false),
    };
    Some((number.parse().ok()?, over))
}

/// The bytes of a segment from `offset` on: a header, a part of a long beginning, a
/// group, or a fence.
pub(super) fn piece(segment: u64, offset: u64) -> String {
    format!("{LOG}{segment:020}/{offset:020}")
}

/// Segment and offset of a piece.
pub(super) fn piece_place(name: &str) -> Option<(u64, u64)> {
    let (segment, offset) = name.strip_prefix(LOG)?.split_once('/')?;
    Some((segment.parse().ok()?, offset.parse().ok()?))
}

/// What one writer of units put.
pub(super) fn pack(id: u128) -> String {
    format!("{LEVELS}pack/{id:032x}")
}

/// Which pack has which unit.
pub(super) fn index(id: u128) -> String {
    format!("{LEVELS}index/{id:032x}")
}

pub(super) fn manifest(generation: u64) -> String {
    format!("{MANIFESTS}{generation:020}")
}

pub(super) fn generation(name: &str) -> Option<u64> {
    name.strip_prefix(MANIFESTS)?.parse().ok()
}

pub(super) fn quarantined(label: &str) -> String {
    format!("{QUARANTINE}{}", label.replace('/', "_"))
}
