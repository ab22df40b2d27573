//! [`Auditor`]: a client that has the name and the key of the log, and the key of a witness.

use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use rotortree::{Rfc6962Hasher, TreeHead};
use rotortree_tiles::{
    Client, FollowError, Log, MemoryTarget, Operation, Quorum, Source, TargetError,
};

use crate::operator::Operator;

/// The published files, as a web server would give them.
pub(crate) struct Files(PathBuf);

impl Source for Files {
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, TargetError> {
        match fs::read(self.0.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TargetError::new(path, Operation::Read, error)),
        }
    }
}

pub(crate) struct Auditor {
    place: PathBuf,
    log: Log,
    client: Client<Files>,
    /// The first checkpoint that was believed.
    first: Option<String>,
}

impl Auditor {
    pub(crate) fn new(place: &Path, operator: &Operator<'_>) -> Result<Self, Box<dyn Error>> {
        let log = operator.log()?;
        let quorum = Quorum::new(1, [operator.witness().clone()])?;
        Ok(Self {
            place: place.to_owned(),
            client: Client::new(Files(place.to_owned()), log.clone()).with_quorum(quorum),
            log,
            first: None,
        })
    }

    pub(crate) fn follow(&mut self) -> Result<TreeHead, Box<dyn Error>> {
        let head = self.client.follow()?;
        let note = self.note()?;
        self.first.get_or_insert(note);
        Ok(head)
    }

    /// The note of the checkpoint that is believed.
    pub(crate) fn note(&self) -> Result<String, Box<dyn Error>> {
        let signed = self.client.checkpoint().ok_or("no checkpoint yet")?;
        Ok(signed.note().to_string())
    }

    /// Proves an entry from tiles, and that the log has only grown since the first checkpoint.
    pub(crate) fn prove(&self, index: u64, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        let entry = String::from_utf8(self.client.entry(index)?)?;
        let proof = self.client.prove(index)?;
        proof.verify_against(&Rfc6962Hasher, self.client.head())?;
        let hashes = proof.to_rfc6962()?.len();
        writeln!(out, "entry {index} is proved with {hashes} hashes: {entry}")?;

        let first = self
            .log
            .open(self.first.as_deref().unwrap_or_default().as_bytes())?
            .head();
        let snapshot = self.client.snapshot()?;
        let proof = snapshot.generate_consistency_proof(first.size, first.root)?;
        proof.verify_against(&Rfc6962Hasher, first, self.client.head())?;
        let hashes = proof.to_rfc6962()?.len();
        writeln!(
            out,
            "growth since {} entries is proved with {hashes} hashes",
            first.size
        )?;
        Ok(())
    }

    /// One bit of the first tile changes.
    pub(crate) fn notices_a_tampered_tile(
        &self,
        out: &mut impl Write,
    ) -> Result<(), Box<dyn Error>> {
        let head = self.client.head();
        let path = match head.size {
            256.. => "tile/0/000".to_owned(),
            size => format!("tile/0/000.p/{size}"),
        };
        let whole = fs::read(self.place.join(&path))?;
        let mut tampered = whole.clone();
        tampered[0] ^= 1;
        fs::write(self.place.join(&path), tampered)?;
        let mut fresh = Client::new(Files(self.place.clone()), self.log.clone());
        let noticed = match fresh.follow() {
            Ok(_) => fresh.prove(0).map(drop).map_err(FollowError::Read),
            Err(error) => Err(error),
        };
        fs::write(self.place.join(&path), whole)?;
        let error = noticed.err().ok_or("a tampered tile was believed")?;
        Ok(writeln!(out, "a tampered tile: {error}")?)
    }

    /// The first checkpoint is served again.
    pub(crate) fn notices_a_rollback(
        &mut self,
        out: &mut impl Write,
    ) -> Result<(), Box<dyn Error>> {
        let first = self.first.clone().unwrap_or_default();
        match self.client.resume(first.as_bytes()) {
            Err(error @ FollowError::RolledBack { .. }) => {
                Ok(writeln!(out, "an old checkpoint: {error}")?)
            }
            other => Err(format!("an old checkpoint was not noticed: {other:?}").into()),
        }
    }

    /// Another client is shown another log. When the two compare notes, both have the evidence.
    pub(crate) fn notices_a_fork(
        &self,
        fork: &MemoryTarget,
        out: &mut impl Write,
    ) -> Result<(), Box<dyn Error>> {
        let mut other = Client::new(fork.clone(), self.log.clone());
        other.follow()?;
        match other.resume(self.note()?.as_bytes()) {
            Err(error @ FollowError::Fork { .. }) => Ok(writeln!(out, "a fork: {error}")?),
            result => Err(format!("a fork was not noticed: {result:?}").into()),
        }
    }
}
