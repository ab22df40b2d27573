//! The tables of `docs/format/checkpoint.md` against the bytes of a manifest with everything that
//! is optional.

use std::fs;

use rotortree_store::manifest::Manifest;

use super::samples;

/// The rows of the first table behind `heading`: offset and length, where they are numbers,
/// and the field.
fn table(heading: &str) -> Vec<(Option<usize>, Option<usize>, String)> {
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/format/checkpoint.md"
    );
    let page = fs::read_to_string(page).expect("the page is there");
    let (_, behind) = page.split_once(heading).expect("the heading is there");
    let rows = behind.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (
            cells[1].parse().ok(),
            cells[2].parse().ok(),
            cells[3].to_owned(),
        )
    })
    .collect()
}

/// Compares the rows with the bytes: each row starts at the end of the previous one and holds its
/// expected content. Returns the number of bytes.
fn assert_holds(
    rows: &[(Option<usize>, Option<usize>, String)],
    bytes: &[u8],
    fields: &[(&str, Vec<u8>)],
) -> usize {
    let mut end = 0;
    for ((offset, length, field), (name, content)) in rows.iter().zip(fields) {
        assert!(field.contains(name), "`{field}` is not `{name}`");
        assert!(
            offset.is_none_or(|offset| offset == end),
            "`{field}` starts at {end}"
        );
        assert!(
            length.is_none_or(|length| length == content.len()),
            "`{field}` has {} bytes",
            content.len()
        );
        assert_eq!(&bytes[end..end + content.len()], content, "`{field}`");
        end += content.len();
    }
    assert_eq!(rows.len(), fields.len(), "every row has its field");
    end
}

fn joined<const K: usize>(numbers: [u64; K], root: &[u8]) -> Vec<u8> {
    [numbers.map(u64::to_le_bytes).as_flattened(), root].concat()
}

#[test]
fn the_manifest_is_as_its_tables_say() {
    let manifest = samples::full(4, 600);
    let bytes = manifest.encode();
    let (newest, durable) = (&manifest.newest, &manifest.durable);
    let close = manifest.clean_close.unwrap();
    let of = manifest.backup_of.unwrap();
    let carried = of.carried.unwrap();
    let metadata = manifest.metadata.clone().unwrap();
    let locator = manifest.locator.as_bytes();
    let cuts = cut_bytes(&manifest);
    let tails: Vec<u8> = manifest
        .levels
        .iter()
        .flat_map(|tail| {
            [
                tail.nodes.as_flattened(),
                tail.sums
                    .iter()
                    .flat_map(|sum| sum.to_le_bytes())
                    .collect::<Vec<_>>()
                    .as_slice(),
            ]
            .concat()
        })
        .collect();
    let header = [
        joined(
            [
                newest.number,
                newest.salt,
                newest.base.sequence,
                newest.base.size,
            ],
            &newest.base.root,
        ),
        joined([newest.attested, newest.copied], &[]),
    ]
    .concat();
    let closing = joined(
        [close.segment, close.length, close.sequence, close.size],
        &close.root,
    );
    let fields = [
        ("magic", b"ROTORMAN".to_vec()),
        ("format version", Manifest::VERSION.to_le_bytes().to_vec()),
        ("flags", vec![0b11_1111, 0, 0, 0]),
        ("length of the whole", joined([bytes.len() as u64], &[])),
        ("generation", joined([manifest.generation], &[])),
        ("tree id", manifest.tree_id.to_vec()),
        ("N, ", manifest.arity.to_le_bytes().to_vec()),
        (
            "ceiling",
            (manifest.max_depth as u16).to_le_bytes().to_vec(),
        ),
        ("stride", (manifest.stride as u16).to_le_bytes().to_vec()),
        ("fingerprint", manifest.fingerprint.to_vec()),
        ("base size", joined([0], &[])),
        ("sequence", joined([manifest.sequence], &[])),
        ("size", joined([manifest.size], &[])),
        ("root", manifest.root.to_vec()),
        ("first log segment", joined([manifest.first_segment], &[])),
        ("the header of the last log segment", header),
        (
            "durable",
            joined([durable.sequence, durable.size], &durable.root),
        ),
        ("with flag bit 1", closing),
        (
            "with flag bit 2",
            [&of.tree_id[..], &of.generation.to_le_bytes()].concat(),
        ),
        (
            "with flag bit 3",
            [&(manifest.cuts.len() as u32).to_le_bytes()[..], &cuts].concat(),
        ),
        (
            "with flag bit 0",
            [&(metadata.len() as u32).to_le_bytes()[..], &metadata].concat(),
        ),
        (
            "with flag bit 4",
            [&(locator.len() as u32).to_le_bytes()[..], locator].concat(),
        ),
        ("with flag bit 5", joined([carried.size], &carried.root)),
        ("for each stored level", tails),
        (
            "CRC",
            crc32c::crc32c(&bytes[..bytes.len() - 4])
                .to_le_bytes()
                .to_vec(),
        ),
    ];
    let end = assert_holds(&table("## Manifest\n"), &bytes, &fields);
    assert_eq!(end, bytes.len());
}

/// The notices of a manifest, each held to its table.
fn cut_bytes(manifest: &Manifest) -> Vec<u8> {
    let rows = table("A **cut notice**");
    let bytes = manifest.encode();
    let mut at = 280 + 64 + 24 + 4;
    let start = at;
    for cut in &manifest.cuts {
        let labels: Vec<u8> = cut
            .files
            .iter()
            .flat_map(|label| [&(label.len() as u16).to_le_bytes()[..], label.as_bytes()].concat())
            .collect();
        let head = cut.lost;
        let fields = [
            ("generation", joined([cut.generation], &[])),
            ("number of cuts", cut.cuts.to_le_bytes().to_vec()),
            (
                "lost head is known",
                u32::from(head.is_some()).to_le_bytes().to_vec(),
            ),
            (
                "state that was left",
                joined([cut.kept_sequence, cut.kept.size], &cut.kept.root),
            ),
            ("A: sequence", joined([cut.attested], &[])),
            (
                "lost head",
                head.map_or(vec![0; 40], |head| joined([head.size], &head.root)),
            ),
            ("number of files", cut.file_count.to_le_bytes().to_vec()),
            (
                "number of labels",
                (cut.files.len() as u32).to_le_bytes().to_vec(),
            ),
            ("for each its length", labels),
        ];
        at += assert_holds(&rows, &bytes[at..], &fields);
    }
    assert!(manifest.cuts.len() > 1);
    bytes[start..at].to_vec()
}
