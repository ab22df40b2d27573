//! [`Witness`]: a minimal witness of one log, without the HTTP around it.

use std::{
    error::Error,
    fs::{self, File},
    io::Write,
    path::PathBuf,
};

use rotortree::TreeHead;
use rotortree_tiles::{
    AddCheckpoint, Cosigner, KeyError, KeyKind, Log, PublicKey, SecretKey, WitnessError,
};

/// Cosigns checkpoints that continue the one that it cosigned last.
pub(crate) struct Witness {
    log: Log,
    key: SecretKey,
    /// Holds the head that was cosigned last.
    file: PathBuf,
}

impl Witness {
    pub(crate) fn new(log: Log, file: PathBuf) -> Result<Self, KeyError> {
        let key = SecretKey::from_seed("witness.example/w1", KeyKind::Cosignature, &[9; 32])?;
        Ok(Self { log, key, file })
    }

    pub(crate) fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// The head that was cosigned last.
    pub(crate) fn known(&self) -> Result<TreeHead, Box<dyn Error>> {
        match fs::read_to_string(&self.file) {
            Ok(text) => Ok(text.trim().parse()?),
            Err(_) => Ok(TreeHead::EMPTY),
        }
    }

    /// The request `add-checkpoint`: status and body of the answer. `&mut` makes comparing and
    /// keeping one step.
    pub(crate) fn add_checkpoint(
        &mut self,
        body: &str,
        time: u64,
    ) -> Result<(u16, String), Box<dyn Error>> {
        let known = self.known()?;
        let request = AddCheckpoint::parse(body.as_bytes());
        let signed = match request.and_then(|request| request.check(&self.log, known)) {
            Ok(signed) => signed,
            Err(WitnessError::Conflict { known }) => return Ok((409, format!("{}\n", known.size))),
            Err(error) => return Ok((error.status(), format!("{error}\n"))),
        };
        // Kept durably before the cosignature leaves the witness.
        let unfinished = self.file.with_extension("new");
        let mut file = File::create(&unfinished)?;
        file.write_all(signed.head().to_string().as_bytes())?;
        file.sync_all()?;
        drop(file);
        fs::rename(&unfinished, &self.file)?;
        Ok((
            200,
            format!("{}\n", self.key.cosign(signed.note().text(), time)?),
        ))
    }
}
