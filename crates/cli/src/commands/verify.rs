//! `verify`: a proof of any kind and form against a head.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use rotortree::{AnyProof, DecodeError, Hash, VerifyError, any::Heads};
use rotortree_proof_forms::{Claim, LeafAt, read};
use serde::Serialize;

use crate::{
    failure::{Code, Failure},
    hash_function::HashFunction,
    head_argument::TrustedHead,
    leaf_name,
    output::Output,
};

/// No proof that a command takes is longer: a multiproof of a million leaves is shorter.
const LONGEST: u64 = 256 << 20;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The proof in any form, or lines with a proof each; `-` is the standard input
    #[arg(default_value = "-")]
    proof: PathBuf,
    /// The head that you trust: SIZE:ROOT, or a file with it or with the output of `head --json`
    #[arg(long)]
    head: String,
    /// The earlier head, for a proof that the tree only grew
    #[arg(long, value_name = "HEAD")]
    old: Option<String>,
    /// The hash function of the tree [default: the head file's, or blake3]
    #[arg(long, value_enum)]
    hash: Option<HashFunction>,
    /// Children of a node [default: the head file's, or that of the hash function]
    #[arg(long, value_name = "N")]
    arity: Option<usize>,
    /// Also asks that the proof is about this index; some forms do not say theirs
    #[arg(long)]
    index: Option<u64>,
    /// Also asks that the proof is about this leaf; some forms do not say theirs
    #[arg(long, value_parser = leaf_name::value)]
    leaf: Option<Hash>,
}

#[derive(Serialize)]
struct Report {
    valid: bool,
    kind: String,
    head: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    leaves: Vec<LeafAt>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, old, .. } = self;
        match (old, &self.leaves[..]) {
            (Some(old), _) => write!(f, "valid: the tree {old} grew into {head}"),
            (None, [LeafAt { index, leaf }]) => {
                write!(f, "valid: leaf {index} of the tree {head} is {leaf}")
            }
            (None, leaves) => {
                write!(f, "valid: {} leaves of the tree {head}", leaves.len())?;
                let mut leaves = leaves.iter();
                leaves.try_for_each(|LeafAt { index, leaf }| write!(f, "\n{index} {leaf}"))
            }
        }
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let (claim, hash) = self.claim()?;
        let input = self.bytes()?;
        let proofs = lines(&input);
        let count = proofs.len();
        let mut bar = output.progress("verifying", Some(count as u64));
        for (number, proof) in (1..).zip(proofs) {
            bar.set(number - 1);
            let verified = self
                .verify(proof, &claim, hash)
                .map_err(|failure| match count {
                    1 => failure.at(self.name()),
                    _ => failure.at(format!("{}, line {number}", self.name())),
                });
            output.document(&verified?)?;
        }
        Ok(())
    }

    fn verify(&self, proof: &[u8], claim: &Claim, hash: HashFunction) -> Result<Report, Failure> {
        let bytes = read(proof, claim)?;
        let proof = AnyProof::from_bytes(&bytes, claim.arity).map_err(|error| {
            let code = match error {
                DecodeError::WrongArity { .. } => Code::No,
                _ => Code::Input,
            };
            Failure::new(code, error)
        })?;
        let heads = match claim.old {
            Some(old) => Heads::Two {
                old,
                new: claim.head,
            },
            None => Heads::One(claim.head),
        };
        let verdict = proof.verify_against(&hash.shared(), heads);
        verdict.map_err(|error| match error {
            VerifyError::HeadCount { .. } => Failure::new(Code::Usage, error)
                .next("give --head, and --old for a proof that the tree only grew"),
            _ => Failure::new(Code::No, format!("the proof does not hold: {error}")),
        })?;
        self.expect_question(&proof)?;
        Ok(Report {
            valid: true,
            kind: proof.kind().to_string(),
            head: claim.head.to_string(),
            old: claim.old.map(|old| old.to_string()),
            leaves: proof.leaves().map(LeafAt::new).collect(),
        })
    }

    /// What is known beside the proof.
    fn claim(&self) -> Result<(Claim, HashFunction), Failure> {
        let trusted = TrustedHead::read(&self.head)?;
        let old = self.old.as_deref().map(TrustedHead::read).transpose()?;
        let hash = self.hash.or(trusted.hash).unwrap_or(HashFunction::Blake3);
        let arity = self.arity.or(trusted.arity).unwrap_or(hash.default_arity());
        hash.check_arity(arity)?;
        let mut claim = Claim::new(trusted.head, arity);
        claim.old = old.map(|old| old.head);
        claim.is_little_endian = hash.is_little_endian();
        (claim.index, claim.leaf) = (self.index, self.leaf);
        Ok((claim, hash))
    }

    /// Refuses a proof that holds and is about something else.
    fn expect_question(&self, proof: &AnyProof<'_>) -> Result<(), Failure> {
        let is_answer = |(index, leaf): (u64, &Hash)| {
            self.index.is_none_or(|asked| asked == index)
                && self.leaf.is_none_or(|asked| asked == *leaf)
        };
        let is_asked = self.index.is_some() || self.leaf.is_some();
        if !is_asked || proof.leaves().any(is_answer) {
            return Ok(());
        }
        let sentence = "the proof holds, but not for the index and leaf that are asked for";
        Err(Failure::new(Code::No, sentence))
    }

    fn name(&self) -> String {
        match self.proof == Path::new("-") {
            true => "the standard input".to_owned(),
            false => self.proof.display().to_string(),
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let fail = |error: io::Error| Failure::file(Path::new(&self.name()), &error);
        let reader: Box<dyn Read> = match self.proof == Path::new("-") {
            true => Box::new(io::stdin().lock()),
            false => Box::new(File::open(&self.proof).map_err(fail)?),
        };
        let mut bytes = Vec::new();
        reader
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(fail)?;
        if bytes.len() as u64 > LONGEST {
            let sentence = format!("{}: longer than any proof", self.name());
            return Err(Failure::new(Code::Input, sentence));
        }
        Ok(bytes)
    }
}

/// The proofs of an input: lines that are one each, as `prove-many` prints them, or one proof.
fn lines(input: &[u8]) -> Vec<&[u8]> {
    let lines: Vec<&[u8]> = input
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .collect();
    let lines: Vec<&[u8]> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let is_one_each = lines
        .iter()
        .all(|line| line.starts_with(b"{") || line.starts_with(b"0x"));
    if is_one_each && lines.len() > 1 {
        lines
    } else {
        vec![input]
    }
}
