//! Names of objects below the prefix of a store. The only module that spells them.
//!
//! ```text
//! manifest/<2^64 - 1 - number, hexadecimal>-<number>   the newest sorts first
//! floor/<number>                                       manifests below it count for nothing
//! log/<segment>/<id>/<offset>                          a piece of a segment, or the fence behind
//! pack/<id>   index/<id>                               units of the levels, and where they are
//! owner/<epoch>                                        the heartbeat of an owner
//! aside/<label>                                        bytes that recovery cut from the log
//! probe/<id>                                           written to try the store, and removed
//! ```

use crate::id::Id;

pub(crate) const MANIFESTS: &str = "manifest/";
pub(crate) const FLOORS: &str = "floor/";
pub(crate) const LOG: &str = "log/";
pub(crate) const PACKS: &str = "pack/";
pub(crate) const INDEXES: &str = "index/";
pub(crate) const OWNERS: &str = "owner/";
const ASIDE: &str = "aside/";
pub(crate) const PROBES: &str = "probe/";

/// Whether a name is one of ours.
pub(crate) fn is_ours(name: &str) -> bool {
    let prefixes = [
        MANIFESTS, FLOORS, LOG, PACKS, INDEXES, OWNERS, ASIDE, PROBES,
    ];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

pub(crate) fn manifest(number: u64) -> String {
    format!("{MANIFESTS}{:016x}-{number}", u64::MAX - number)
}

/// The number of a manifest object.
pub(crate) fn manifest_number(name: &str) -> Option<u64> {
    let (_, number) = name.strip_prefix(MANIFESTS)?.split_once('-')?;
    let number = number.parse().ok()?;
    (manifest(number) == name).then_some(number)
}

pub(crate) fn floor(number: u64) -> String {
    format!("{FLOORS}{number:020}")
}

pub(crate) fn floor_number(name: &str) -> Option<u64> {
    name.strip_prefix(FLOORS)?.parse().ok()
}

/// Everything of a segment, in all its beginnings.
pub(crate) fn segment(number: u64) -> String {
    format!("{LOG}{number:020}/")
}

/// The objects of one beginning of a segment.
pub(crate) fn pieces(number: u64, id: Id) -> String {
    format!("{}{id}/", segment(number))
}

/// The bytes of a segment from `offset` on, or the fence there.
pub(crate) fn piece(number: u64, id: Id, offset: u64) -> String {
    format!("{}{offset:020}", pieces(number, id))
}

/// Segment, beginning and offset of a piece.
pub(crate) fn piece_place(name: &str) -> Option<(u64, Id, u64)> {
    let mut parts = name.strip_prefix(LOG)?.split('/');
    let number = parts.next()?.parse().ok()?;
    let id = parts.next()?.parse().ok()?;
    let offset = parts.next()?.parse().ok()?;
    (piece(number, id, offset) == name).then_some((number, id, offset))
}

pub(crate) fn pack(id: Id) -> String {
    format!("{PACKS}{id}")
}

pub(crate) fn index(id: Id) -> String {
    format!("{INDEXES}{id}")
}

/// The id of a pack or an index.
pub(crate) fn id(name: &str, prefix: &str) -> Option<Id> {
    name.strip_prefix(prefix)?.parse().ok()
}

pub(crate) fn owner(epoch: u64) -> String {
    format!("{OWNERS}{epoch:020}")
}

pub(crate) fn probe(id: Id) -> String {
    format!("{PROBES}{id}")
}

/// A label is any text: each byte that could lead elsewhere, or that a store may change, is spelled
/// in hexadecimal, so that two labels have two names.
pub(crate) fn quarantined(label: &str) -> String {
    let mut name = ASIDE.to_owned();
    for byte in label.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b' ' => name.push(char::from(byte)),
            _ => name.push_str(&format!("_{byte:02x}")),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_manifest_sorts_first_and_names_read_back() {
        let numbers = [0, 1, 9, 10, 99, 1 << 40, u64::MAX];
        let names: Vec<String> = numbers.iter().rev().map(|n| manifest(*n)).collect();
        assert!(names.is_sorted());
        for number in numbers {
            assert_eq!(manifest_number(&manifest(number)), Some(number));
            assert_eq!(floor_number(&floor(number)), Some(number));
            let id = Id {
                epoch: number,
                sequence: 3,
                session: 77,
            };
            assert_eq!(
                piece_place(&piece(number, id, 512)),
                Some((number, id, 512))
            );
        }
        assert_eq!(manifest_number("manifest/0000000000000000-7"), None);
        assert_eq!(piece_place("log/1/2/3"), None);
    }

    #[test]
    fn labels_stay_within_the_place_and_apart() {
        assert_eq!(quarantined("cut/../x"), "aside/cut_2f_2e_2e_2fx");
        assert_ne!(quarantined("a/b"), quarantined("a_2fb"));
        assert!(is_ours(&quarantined("..")));
    }
}
