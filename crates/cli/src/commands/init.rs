//! `init`: an empty tree.

use std::{fmt, sync::Arc};

use rotortree::{AnyTree, AnyTreeBuilder, StoreIdentity};
use serde::Serialize;

use crate::{
    failure::{Code, Failure},
    hash_function::HashFunction,
    output::Output,
    place::Place,
    store::OpenTree,
};

/// The most hash layers of a tree if no number is chosen.
const MAX_DEPTH: usize = 32;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Where the tree will be; the directory is created if it is missing
    place: Place,
    #[command(flatten)]
    shape: Shape,
}

/// What a tree is for life.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// The hash function of nodes
    #[arg(long, value_enum, default_value_t = HashFunction::Blake3)]
    hash: HashFunction,
    /// Children of a node: 2, 3, 4, 8 or 16 [default: 2 for rfc6962 and poseidon, else 4]
    #[arg(long, value_name = "N")]
    arity: Option<usize>,
    /// The most hash layers, 1 to 64
    #[arg(long, value_name = "LEVELS", default_value_t = MAX_DEPTH)]
    max_depth: usize,
    /// Store every s-th level of nodes and hash the others; 1 stores all
    /// [default: what suits the hash function]
    #[arg(long, value_name = "S")]
    level_stride: Option<usize>,
}

impl Shape {
    /// The shape of a tree with this function and N, else as usual.
    pub(crate) fn of(hash: HashFunction, arity: usize) -> Self {
        Self {
            hash,
            arity: Some(arity),
            max_depth: MAX_DEPTH,
            level_stride: None,
        }
    }

    /// The options of the command line that ask for this shape.
    pub(crate) fn words(&self) -> Vec<String> {
        let arity = self.arity.unwrap_or(self.hash.default_arity());
        let mut words = vec![
            format!("--hash={}", self.hash),
            format!("--arity={arity}"),
            format!("--max-depth={}", self.max_depth),
        ];
        words.extend(
            self.level_stride
                .map(|stride| format!("--level-stride={stride}")),
        );
        words
    }

    pub(crate) fn hash(&self) -> HashFunction {
        self.hash
    }
}

#[derive(Serialize)]
struct Report {
    place: String,
    hash: &'static str,
    arity: usize,
    max_depth: usize,
    level_stride: usize,
    tree_id: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "created an empty tree in {}: {}, N = {}, at most {} levels, level stride {}",
            self.place, self.hash, self.arity, self.max_depth, self.level_stride
        )
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let Shape { hash, .. } = self.shape;
        create(&self.place, self.shape)?.close()?;
        let identity = StoreIdentity::read(&*self.place.storage()?)?
            .ok_or_else(|| Failure::new(Code::Place, "the new tree is gone").at(&self.place))?;
        output.document(&Report {
            place: identity.place,
            hash: hash.name(),
            arity: identity.arity,
            max_depth: identity.max_depth,
            level_stride: identity.level_stride,
            tree_id: crate::hex::encode(&identity.tree_id),
        })
    }
}

/// Creates a tree where there is none. Everything that can be refused is, before anything is
/// created.
pub(crate) fn create(place: &Place, shape: Shape) -> Result<Arc<dyn AnyTree>, Failure> {
    create_with(place, shape, |builder| builder)
}

/// [`create`], with more settings.
pub(crate) fn create_with(
    place: &Place,
    shape: Shape,
    set: impl FnOnce(AnyTreeBuilder) -> AnyTreeBuilder,
) -> Result<Arc<dyn AnyTree>, Failure> {
    let arity = shape.arity.unwrap_or(shape.hash.default_arity());
    shape.hash.check_arity(arity)?;
    let storage = place.storage()?;
    if StoreIdentity::read(&*storage)?.is_some() {
        let sentence = format!("{place}: there is a tree already");
        return Err(Failure::new(Code::Place, sentence).next(format!(
            "`rotortree info {place}` says which; nothing was changed"
        )));
    }
    let mut builder = AnyTreeBuilder::on(storage)
        .arity(arity)
        .max_depth(shape.max_depth);
    if let Some(stride) = shape.level_stride {
        builder = builder.level_stride(stride);
    }
    Ok(shape.hash.with(OpenTree(set(builder)))?)
}
