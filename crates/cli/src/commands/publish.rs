//! `publish`: a log of RFC 6962 as static files, for any web server.

mod entries;

use std::{fmt, fs::OpenOptions, io::Write, path::PathBuf};

use rotortree::{RotorTree, SharedHasher, TreeHead};
use rotortree_tiles::{Directory, KeyKind, PublishError, Publisher, SecretKey};
use serde::Serialize;

use self::entries::Entries;
use crate::{
    failure::{Code, Failure},
    hash_function::HashFunction,
    output::Output,
    outside::expect_outside,
    place::Place,
    progress::{Progress, Unit},
    store::Store,
};

/// The type that the erased trees of N = 2 have too, so that no code is compiled for it.
type Log = RotorTree<SharedHasher, 2, 64>;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// A tree of --hash rfc6962
    place: Place,
    /// The folder that a web server serves
    target: PathBuf,
    /// The name of the log: a URL without its scheme
    #[arg(long)]
    origin: String,
    /// The file of the secret key that signs checkpoints
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Makes the key first; the file must not exist
    #[arg(long)]
    create_key: bool,
    /// The file whose lines were appended with --hash-lines
    #[arg(long, value_name = "FILE")]
    entries: PathBuf,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    head: TreeHead,
    tiles: u64,
    bytes: u64,
    /// The key that clients verify with.
    public_key: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            head,
            tiles,
            bytes,
            public_key,
        } = self;
        write!(
            f,
            "published {head}, {tiles} new tiles of {bytes} bytes\npublic key {public_key}"
        )
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let store = Store::at(&self.place)?;
        if store.hash != HashFunction::Rfc6962 {
            let sentence = format!("{}: the tree has {}", self.place, store.hash);
            return Err(Failure::new(Code::Usage, sentence)
                .next("a log is a tree that was made with --hash rfc6962"));
        }
        expect_outside(&self.target)?;
        let key = self.key()?;
        let public_key = key.public().to_string();
        let mut entries = Entries::open(&self.entries)?;
        // A view shows what is durable, and nothing else may be signed.
        let view = Log::on(store.storage)
            .verify_checkpoint(false)
            .recovery(rotortree::RecoveryMode::Strict)
            .open_read_only(store.hash.shared())?;
        let snapshot = view.snapshot();
        let target =
            Directory::open(&self.target).map_err(|error| Failure::new(Code::System, error))?;
        let publisher = Publisher::new(target, self.origin, key);
        let mut bar = Progress::new("publishing", Unit::Leaves, Some(snapshot.size()));
        let published = publisher
            .publish(&snapshot, |index| {
                bar.set(index);
                entries.get(index)
            })
            .map_err(failure)?;
        output.document(&Report {
            head: snapshot.head().unwrap_or(TreeHead::EMPTY),
            tiles: published.tiles,
            bytes: published.bytes,
            public_key,
        })
    }

    /// The key of the file, or a new one.
    fn key(&self) -> Result<SecretKey, Failure> {
        let named =
            |error: &dyn fmt::Display| Failure::new(Code::Input, error).at(self.key.display());
        if !self.create_key {
            return SecretKey::from_file(&self.key).map_err(|error| {
                named(&error).next("--create-key makes a key and writes the file")
            });
        }
        let key =
            SecretKey::generate(&self.origin, KeyKind::Note).map_err(|error| named(&error))?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&self.key).and_then(|mut file| {
            writeln!(file, "{}", key.expose())?;
            file.sync_all()
        });
        written.map_err(|error| Failure::file(&self.key, &error))?;
        Ok(key)
    }
}

/// Which code a refusal to publish has.
fn failure(error: PublishError) -> Failure {
    let code = match &error {
        PublishError::Shrunk { .. }
        | PublishError::Forked { .. }
        | PublishError::OtherLog { .. } => Code::Differs,
        PublishError::Entry { .. }
        | PublishError::Mismatch { .. }
        | PublishError::TooLong { .. } => Code::Input,
        PublishError::DamagedGuard { .. } | PublishError::Checkpoint(_) => Code::Damaged,
        _ => Code::System,
    };
    Failure::new(code, error)
}
