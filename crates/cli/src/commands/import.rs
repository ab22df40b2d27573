//! `import`: the tree of another program.

use std::{
    fmt,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
};

use rotortree::{AnyTree, Hash, Hex, StoreIdentity, TreeHead, lean_imt::LeanImtNodes};
use serde::Serialize;

use super::init::{self, Shape};
use crate::{
    failure::{Code, Failure},
    hash_function::HashFunction,
    output::Output,
    place::Place,
    progress::Progress,
    store::Store,
};

/// Hash layers of the deepest tree that the other programs have.
const MAX_DEPTH: usize = 64;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The place of the tree, which is created if there is none; N is 2
    place: Place,
    /// The JSON of `export()` of Semaphore's Group or of @zk-kit/lean-imt
    file: PathBuf,
    /// The hash function of the tree
    #[arg(long, value_enum, default_value_t = HashFunction::Poseidon)]
    hash: HashFunction,
    /// Takes zeros as leaves. In a group a zero is a removed member, which an append-only tree
    /// cannot have
    #[arg(long)]
    zeros: bool,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    head: TreeHead,
    appended: u64,
    /// Nodes above the leaves that were computed and compared.
    compared: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            head,
            appended,
            compared,
        } = self;
        write!(
            f,
            "imported {appended} leaves, and found {compared} nodes above them equal; all are on \
             disk\n{head}"
        )
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let _bar = Progress::of("importing");
        let nodes = read(&self.file)?;
        let named = |failure: Failure| failure.at(self.file.display());
        let leaves = nodes.levels.first().map_or(&[][..], Vec::as_slice);
        let zero = leaves.iter().position(|leaf| *leaf == [0; 32]);
        if let (Some(at), false) = (zero, self.zeros) {
            let sentence = format!("leaf {at} is zero, which stands for a removed member");
            return Err(named(Failure::new(Code::Input, sentence)).next(
                "import the remaining members into a new group first; --zeros takes zeros as \
                 leaves, as @zk-kit/lean-imt has them",
            ));
        }
        self.hash.check_arity(2)?;
        // Every node of the export is computed and compared.
        let theirs = nodes.to_tree::<_, MAX_DEPTH>(self.hash.shared());
        let theirs = theirs.map_err(|error| named(Failure::new(Code::Input, error)))?;
        let tree = self.tree()?;
        let before = tree.size();
        let new = behind(&*tree, leaves).map_err(named)?;
        if !new.is_empty() {
            tree.append(new).at(before).durable()?;
        }
        let head = tree.durable_snapshot().head().unwrap_or(TreeHead::EMPTY);
        tree.close()?;
        if head != theirs.head().unwrap_or(TreeHead::EMPTY) {
            let sentence = format!("the tree is {head} now, and not that of the export");
            return Err(named(Failure::new(Code::Differs, sentence)));
        }
        output.document(&Report {
            head,
            appended: head.size - before,
            compared: nodes
                .levels
                .iter()
                .skip(1)
                .map(|level| level.len() as u64)
                .sum(),
        })
    }

    /// Opens the tree, or creates it.
    fn tree(&self) -> Result<Arc<dyn AnyTree>, Failure> {
        let shape = Shape::of(self.hash, 2);
        if StoreIdentity::read(&*self.place.storage()?)?.is_none() {
            return init::create(&self.place, shape);
        }
        let store = Store::at(&self.place)?;
        if (store.hash, store.identity.arity) == (self.hash, 2) {
            return store.own();
        }
        let sentence = format!(
            "{}: the tree has N = {} and {}, and the export is to have N = 2 and {}",
            self.place, store.identity.arity, store.hash, self.hash
        );
        Err(Failure::new(Code::Place, sentence).next("give --hash, or another place"))
    }
}

/// The nodes in a file.
fn read(path: &Path) -> Result<LeanImtNodes, Failure> {
    if path.is_dir() {
        let sentence = "a directory, where the JSON of an export is wanted";
        return Err(Failure::new(Code::Input, sentence).at(path.display()).next(
            "for a directory of the crate `rotortree` 0.1 to 0.20 there is a tool of its own, \
             `import-0x`",
        ));
    }
    let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
    // A stream is refused at its first wrong byte: what is no JSON may have no end.
    let nodes = serde_json::from_reader(BufReader::new(file));
    nodes.map_err(|error| match error.is_io() {
        true => Failure::file(path, &error.into()),
        false => Failure::new(Code::Input, error).at(path.display()),
    })
}

/// The leaves of the export that the tree does not have. It has the first ones, or none.
fn behind<'a>(tree: &dyn AnyTree, leaves: &'a [Hash]) -> Result<&'a [Hash], Failure> {
    let mut there = tree.leaves(..)?;
    for (index, leaf) in leaves.iter().enumerate() {
        match there.next().transpose()? {
            None => return Ok(&leaves[index..]),
            Some(there) if there == *leaf => {}
            Some(there) => {
                let (here, there) = (Hex(*leaf), Hex(there));
                let sentence = format!("leaf {index} is {here}, but the tree has {there} there");
                return Err(Failure::new(Code::Differs, sentence)
                    .next("nothing was appended: give another place"));
            }
        }
    }
    Ok(&[])
}
