//! Random histories against a model that is too simple to be wrong: a list of the values that each
//! thing may have.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const FILES: [&str; 3] = ["/a", "/b", "/c"];

#[derive(Debug, Clone)]
enum Step {
    Create(usize),
    Write {
        file: usize,
        piece: u64,
        count: u64,
        value: u8,
    },
    Sync(usize),
    SyncDir,
    Remove(usize),
    Rename(usize, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let file = 0..FILES.len();
    let step = prop_oneof![
        2 => file.clone().prop_map(Step::Create),
        4 => (file.clone(), 0..3_u64, 1..3_u64, 1..=255_u8).prop_map(|(file, piece, count, value)| {
            Step::Write { file, piece, count, value }
        }),
        2 => file.clone().prop_map(Step::Sync),
        1 => Just(Step::SyncDir),
        1 => file.clone().prop_map(Step::Remove),
        1 => (file.clone(), file).prop_map(|(from, to)| Step::Rename(from, to)),
    ];
    prop::collection::vec(step, 1..14)
}

/// One file: for each piece and for the length the values that a crash may leave. The last value is
/// the one that programs see.
#[derive(Debug, Clone, Default)]
struct Model {
    pieces: BTreeMap<u64, Vec<u8>>,
    lengths: Vec<u64>,
}

impl Model {
    fn allows(&self, bytes: &[u8]) -> bool {
        self.lengths.contains(&(bytes.len() as u64))
            && (0..).zip(bytes.chunks(PIECE_BYTES)).all(|(index, piece)| {
                let one_value = piece.iter().all(|byte| *byte == piece[0]);
                let values = self.pieces.get(&index).map_or(&[0][..], Vec::as_slice);
                one_value && values.contains(&piece[0])
            })
    }
}

proptest! {
    #[test]
    fn no_image_holds_what_no_crash_could_leave_and_no_certain_thing_is_missing(
        steps in steps(),
        seed: u64,
    ) {
        let files = SimFiles::new();
        let mut handles = BTreeMap::new();
        let mut models = BTreeMap::<u64, Model>::new();
        // Which file a name stands for: every possibility since the directory was synced, the last
        // one for programs.
        let mut names = [const { Vec::<Option<u64>>::new() }; FILES.len()];
        for name in &mut names {
            name.push(None);
        }
        let mut next = 0;
        for step in steps {
            let now = |names: &[Vec<Option<u64>>; FILES.len()], name: usize| *names[name].last().unwrap();
            match step {
                Step::Create(name) if now(&names, name).is_none() => {
                    let file = files.create_new(&root(), Path::new(FILES[name])).unwrap();
                    handles.insert(next, file);
                    models.insert(next, Model { pieces: BTreeMap::new(), lengths: vec![0] });
                    names[name].push(Some(next));
                    next += 1;
                }
                Step::Write { file, piece, count, value } => {
                    let Some(id) = now(&names, file) else { continue };
                    let bytes = vec![value; count as usize * PIECE_BYTES];
                    write(&files, &handles[&id], piece * PIECE_BYTES as u64, &bytes);
                    let model = models.get_mut(&id).unwrap();
                    for index in piece..piece + count {
                        model.pieces.entry(index).or_insert_with(|| vec![0]).push(value);
                    }
                    let end = (piece + count) * PIECE_BYTES as u64;
                    if end > *model.lengths.last().unwrap() {
                        model.lengths.push(end);
                    }
                }
                Step::Sync(file) => {
                    let Some(id) = now(&names, file) else { continue };
                    files.sync(&handles[&id]).unwrap();
                    let model = models.get_mut(&id).unwrap();
                    for values in model.pieces.values_mut() {
                        values.drain(..values.len() - 1);
                    }
                    let lengths = model.lengths.len();
                    model.lengths.drain(..lengths - 1);
                }
                Step::SyncDir => {
                    files.sync_dir(&root(), Path::new("/")).unwrap();
                    for name in &mut names {
                        name.drain(..name.len() - 1);
                    }
                }
                Step::Remove(name) if now(&names, name).is_some() => {
                    files.remove(&root(), Path::new(FILES[name])).unwrap();
                    names[name].push(None);
                }
                Step::Rename(from, to) if from != to && now(&names, from).is_some() => {
                    files.rename(&root(), Path::new(FILES[from]), Path::new(FILES[to])).unwrap();
                    let id = now(&names, from);
                    names[to].push(id);
                    names[from].push(None);
                }
                _ => {}
            }
        }
        let point = files.crash_point();
        let bound = Bound::new(200, seed);
        let mut images = 0_u128;
        for image in point.images(bound) {
            images += 1;
            for (path, ids) in FILES.iter().zip(&names) {
                let allowed = match image.files.read_file(path) {
                    None => ids.contains(&None),
                    Some(bytes) => ids.iter().flatten().any(|id| models[id].allows(&bytes)),
                };
                prop_assert!(allowed, "{path} in an image of {:?}", image.picks);
            }
        }
        prop_assert!(images >= 1 && images <= point.ways());
        // And the crash that loses nothing shows the content that programs see.
        let most = files.settled();
        for path in FILES {
            prop_assert_eq!(most.read_file(path), files.read_file(path));
        }
    }
}
