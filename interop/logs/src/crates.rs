//! The counterparts that are crates.

use std::{fs, path::Path};

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
use rotortree_hasher::Hash;
use rotortree_tiles::{Log, Note, Tile};
use sha2::Sha256;
use signed_note::{StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{HashReader, TileHashReader, TileReader};

use crate::{
    count::{Count, Failure, expect},
    log::{ORIGIN, PAIRS, SIZE, Sample, entry},
};

/// Every pair of small logs, both ways.
pub(crate) fn ct_merkle(sample: &Sample) -> Result<Count, Failure> {
    let mut count = Count::default();
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let hashes = |bytes: &[u8]| bytes.as_chunks::<32>().0.to_vec();
    let mut roots: Vec<RootHash<Sha256>> = vec![theirs.root()];
    for size in 0..=PAIRS {
        let root = theirs.root();
        let ours = sample.head(size)?.rfc6962_root();
        expect(root.as_bytes()[..] == ours, || {
            format!("root of size {size}")
        })?;
        count.roots += 1;
        for index in 0..size {
            let proof = theirs.prove_inclusion(index as usize);
            sample.verify_inclusion(index, size, &hashes(proof.as_bytes()))?;
            let ours = sample.inclusion(index, size)?.into_flattened();
            root.verify_inclusion(&entry(index), index, &InclusionProof::from_bytes(ours))
                .map_err(|error| format!("inclusion {index} of {size}: {error:?}"))?;
            count.inclusion += 2;
        }
        for old in 1..=size {
            let proof = theirs.prove_consistency((size - old) as usize);
            sample.verify_consistency(old, size, &hashes(proof.as_bytes()))?;
            let ours = sample.consistency(old, size)?.into_flattened();
            let ours = ConsistencyProof::try_from_bytes(ours).map_err(|_| "their form")?;
            root.verify_consistency(&roots[old as usize], &ours)
                .map_err(|error| format!("consistency {old} to {size}: {error:?}"))?;
            count.consistency += 2;
        }
        theirs.push(entry(size));
        roots.push(theirs.root());
    }
    Ok(count)
}

/// Our files, for their reader. Their paths name the height of tiles, and those of the
/// specification do not.
struct Place<'a>(&'a Path);

impl TileReader for Place<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &tlog_tiles::Tile| {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            fs::read(self.0.join(&path))
                .map_err(|error| tlog_tiles::Error::InvalidInput(format!("{path}: {error}")))
        };
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

/// Our tiles with their reader, which verifies them, and their proofs from it.
pub(crate) fn tlog_tiles(sample: &Sample) -> Result<Count, Failure> {
    let mut count = Count::default();
    let place = sample.folder.join("place");
    let hash = |hash: Hash| tlog_tiles::Hash(hash);
    let fail = |what: String| move |error| Failure::from(format!("{what}: {error:?}"));
    let reader = Place(&place);
    let root = hash(sample.head(SIZE)?.root);
    let tiles = TileHashReader::new(SIZE, root, &reader);
    let list = |proof: &[tlog_tiles::Hash]| proof.iter().map(|hash| hash.0).collect::<Vec<_>>();
    for index in (0..SIZE).step_by(997).chain([SIZE - 1]) {
        let theirs = tlog_tiles::prove_record(SIZE, index, &tiles)
            .map_err(fail(format!("their proof of {index}")))?;
        sample.verify_inclusion(index, SIZE, &list(&theirs))?;
        let ours = sample
            .inclusion(index, SIZE)?
            .into_iter()
            .map(hash)
            .collect();
        tlog_tiles::check_record(&ours, SIZE, root, index, hash(sample.leaf(index)?))
            .map_err(fail(format!("our proof of {index}")))?;
        count.inclusion += 2;
    }
    for old in (1..SIZE).step_by(997).chain([256, 65_536, SIZE]) {
        let theirs = tlog_tiles::prove_tree(SIZE, old, &tiles)
            .map_err(fail(format!("their proof from {old}")))?;
        sample.verify_consistency(old, SIZE, &list(&theirs))?;
        let ours = sample
            .consistency(old, SIZE)?
            .into_iter()
            .map(hash)
            .collect();
        tlog_tiles::check_tree(&ours, SIZE, root, old, hash(sample.head(old)?.root))
            .map_err(fail(format!("our proof from {old}")))?;
        count.consistency += 2;
    }
    // Every hash of every tile, compared with the root by them.
    for tile in tlog_tiles::Tile::new_tiles(8, 0, SIZE) {
        let path = tile.path().replacen("tile/8/", "tile/", 1);
        expect(Tile::parse(&path).is_some(), || {
            format!("their path {path}")
        })?;
        let bytes = tile.read_data(&tiles).map_err(fail(path.clone()))?;
        expect(fs::read(place.join(&path))? == bytes, || {
            format!("their tile {path}")
        })?;
        count.tiles += 1;
    }
    let index = tlog_tiles::stored_hash_index(0, 0);
    tiles
        .read_hashes(&[index])
        .map_err(fail("their reader".to_owned()))?;
    count.roots += 1;
    Ok(count)
}

/// Their verifier of our note, and our verifier of theirs.
pub(crate) fn signed_note(sample: &Sample) -> Result<Count, Failure> {
    let fail = |error: &dyn std::fmt::Debug| Failure::from(format!("signed_note: {error:?}"));
    let ours = fs::read(sample.folder.join("place/checkpoint"))?;
    let verifier = StandardVerifier::new(&sample.key.public().to_string());
    let known = VerifierList::new(vec![Box::new(verifier.map_err(|error| fail(&error))?)]);
    let note = signed_note::Note::from_bytes(&ours).map_err(|error| fail(&error))?;
    let (verified, others) = note.verify(&known).map_err(|error| fail(&error))?;
    expect((verified.len(), others.len()) == (1, 1), || {
        "the log, and the witness".to_owned()
    })?;

    let text = note.text().to_vec();
    let mut theirs = signed_note::Note::new(&text, &[]).map_err(|error| fail(&error))?;
    let signer = StandardSigner::new(&sample.key.expose()).map_err(|error| fail(&error))?;
    theirs.add_sigs(&[&signer]).map_err(|error| fail(&error))?;
    let signed = Log::new(ORIGIN, sample.key.public().clone()).open(&theirs.to_bytes())?;
    let mut note = Note::parse(&ours)?;
    note.add(signed.note().signatures().iter().cloned());
    note.verify(&[sample.key.public(), sample.witness.public()])?;
    Ok(Count {
        notes: 2,
        ..Count::default()
    })
}
