//! Inclusion proofs: of one leaf, of many, or of many at once.

use std::{ops::Range, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use rotortree::{AnySnapshot, Hash};
use rotortree_proof_forms::{Format, Subject, one_proof};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::find::absent;
use crate::{
    answer,
    app::App,
    extract::{InPath, InQuery},
    json_body,
    limits::Limits,
    number::{self, HashText, Number},
    problem::{Code, Problem},
    proof_answers::ProofAnswers,
    source::beyond,
};

/// The form of proofs, in a query.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Form {
    /// Proves for the head when the tree had this many leaves
    size: Option<Number>,
    /// `json`, `bytes`, `circom`, `semaphore`, `rfc6962` or `abi`
    #[param(value_type = Option<FormatName>, inline)]
    format: Option<String>,
    /// Levels of the circuit, for `circom`
    levels: Option<Number>,
}

/// The forms of proofs.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "the names stand in the document alone")]
pub(super) enum FormatName {
    Json,
    Bytes,
    Circom,
    Semaphore,
    Rfc6962,
    Abi,
}

/// The form with this name, or JSON.
pub(super) fn format(name: Option<&str>) -> Result<Format, Problem> {
    name.map_or(Ok(Format::Json), |name| name.parse().map_err(Problem::bad))
}

/// A number of levels; too many are refused by the form.
pub(super) fn levels(levels: Option<Number>) -> Option<usize> {
    levels.map(|Number(levels)| usize::try_from(levels).unwrap_or(usize::MAX))
}

/// The leaf of a proof: an index, or the leaf itself, which is looked for.
#[derive(Clone, Copy)]
enum Name {
    Index(u64),
    Leaf(Hash),
}

impl Name {
    fn parse(text: &str) -> Result<Self, Problem> {
        match HashText::parse(text) {
            Some(HashText(leaf)) => Ok(Self::Leaf(leaf)),
            None if text.starts_with("0x") => number::leaf(text).map(Self::Leaf),
            None => number::number("an index", text).map(Self::Index),
        }
    }

    fn index(self, app: &App, snapshot: &dyn AnySnapshot) -> Result<u64, Problem> {
        match self {
            Self::Index(index) if index < snapshot.size() => Ok(index),
            Self::Index(index) => Err(beyond("index", index, snapshot)),
            Self::Leaf(leaf) => {
                let sought = app.find(snapshot, &leaf)?;
                sought.index.ok_or_else(|| absent(&leaf))
            }
        }
    }
}

/// The inclusion proof of a leaf
#[utoipa::path(get, path = "/v1/proofs/{leaf}", tag = "proofs",
    params(
        ("leaf" = String, Path, description = "An index, or 64 hex digits behind 0x",
            pattern = "^([0-9]{1,19}|(0x)?[0-9a-fA-F]{64})$"),
        Form,
    ),
    responses(ProofAnswers),
)]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    InPath(leaf): InPath<String>,
    InQuery(form): InQuery<Form>,
) -> Result<Response, Problem> {
    let name = Name::parse(&leaf)?;
    let format = format(form.format.as_deref())?;
    let levels = levels(form.levels);
    let size = form.size.map(|Number(size)| size);
    let prove = move |app: &App, snapshot: &dyn AnySnapshot| {
        let bytes = snapshot.generate_proof(name.index(app, snapshot)?)?;
        let mut subject = app.subject(snapshot);
        subject.levels = levels;
        Ok(format.make(&subject, &bytes)?)
    };
    // A leaf may be looked for among many.
    let proof = match name {
        Name::Index(_) => app.ask_briefly(size, prove).await?,
        Name::Leaf(_) => app.ask(size, prove).await?,
    };
    let lasts = answer::lasting(size.is_some());
    Ok(answer::body(proof, answer::media_type(format), lasts))
}

/// Which leaves to prove, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "indices": [0, 2], "one": true, "format": "json" }))]
pub(super) struct Many {
    /// Indices, in any order
    #[serde(default)]
    indices: Vec<Number>,
    /// A run of indices in place of a list: its first one
    start: Option<Number>,
    /// The index behind the last one of the run
    end: Option<Number>,
    /// One proof for all leaves at once
    #[serde(default)]
    one: bool,
    /// Proves for the head when the tree had this many leaves
    size: Option<Number>,
    /// `json`, `bytes`, `circom`, `semaphore`, `rfc6962` or `abi`
    #[schema(value_type = Option<FormatName>, inline)]
    format: Option<String>,
    /// Levels of the circuit, for `circom`
    levels: Option<Number>,
}

/// Many inclusion proofs
///
/// With `one`, a range proof of indices that follow each other, or a multiproof; the answer is the
/// proof. Else `{"proofs": [..]}` with a proof for each index; with `bytes` each proof has its
/// length in front, four bytes, little-endian.
#[utoipa::path(post, path = "/v1/proofs", tag = "proofs", request_body = Many,
    responses(ProofAnswers),
)]
pub(super) async fn many(
    State(app): State<Arc<App>>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let most = Many::longest(&app.limits);
    let many: Many = json_body::read(&app, request, most).await?;
    let format = format(many.format.as_deref())?;
    let indices = many.indices(app.limits.proofs)?;
    let (one, levels) = (many.one, levels(many.levels));
    let size = many.size.map(|Number(size)| size);
    let proofs = app.ask(size, move |app, snapshot| {
        if let Some(&index) = indices.iter().find(|index| **index >= snapshot.size()) {
            return Err(beyond("index", index, snapshot));
        }
        let mut subject = app.subject(snapshot);
        subject.levels = levels;
        match one {
            true => Ok(format.make(&subject, &one_proof(snapshot, indices)?)?),
            false => each(
                snapshot,
                &indices,
                format,
                &subject,
                app.limits.answer_bytes,
            ),
        }
    });
    let proofs = proofs.await?;
    let kind = match (one, format) {
        (false, Format::Abi) => answer::JSON,
        _ => answer::media_type(format),
    };
    Ok(answer::body(proofs, kind, answer::lasting(size.is_some())))
}

impl Many {
    /// The most bytes of a document. Clients without a token send it, and the memory for bodies is
    /// that of writers too: all of it would be taken by few bodies of the size of an append.
    fn longest(limits: &Limits) -> usize {
        /// An index of 20 digits in quotes, and what stands between two of them.
        const INDEX: usize = 32;
        const REST: usize = 4 << 10;

        let longest = limits.proofs.saturating_mul(INDEX).saturating_add(REST);
        longest.min(limits.body_bytes)
    }

    /// The indices, as they were given.
    fn indices(&self, most: usize) -> Result<Vec<u64>, Problem> {
        let many = |count: u64| {
            let message = format!("{count} leaves are asked for, and a request asks for {most}");
            Problem::new(Code::TooMany, message).next("ask several times")
        };
        let run: Range<u64> = match (self.start, self.end, &self.indices[..]) {
            (None, None, []) => return Err(Problem::bad("no index is asked for")),
            (None, None, indices) if indices.len() > most => {
                return Err(many(indices.len() as u64));
            }
            (None, None, indices) => return Ok(indices.iter().map(|Number(at)| *at).collect()),
            (Some(Number(start)), Some(Number(end)), []) if start < end => start..end,
            _ => {
                return Err(Problem::bad(
                    "give either indices, or the start and the end of a run that is not empty",
                ));
            }
        };
        let count = run.end - run.start;
        match count <= most as u64 {
            true => Ok(run.collect()),
            false => Err(many(count)),
        }
    }
}

/// A proof of each leaf, in at most `most` bytes.
fn each(
    snapshot: &dyn AnySnapshot,
    indices: &[u64],
    format: Format,
    subject: &Subject,
    most: usize,
) -> Result<Vec<u8>, Problem> {
    let mut answer = Vec::new();
    if format != Format::Bytes {
        answer.extend_from_slice(b"{\"proofs\":[");
    }
    for (number, index) in indices.iter().enumerate() {
        let proof = format.make(subject, &snapshot.generate_proof(*index)?)?;
        if proof.len() > most.saturating_sub(answer.len()) {
            let message = format!("the proofs of one answer have at most {most} bytes");
            return Err(Problem::new(Code::TooMany, message).next("ask several times"));
        }
        if format == Format::Bytes {
            // A proof has far fewer than 2^32 bytes.
            answer.extend_from_slice(&(proof.len() as u32).to_le_bytes());
            answer.extend_from_slice(&proof);
            continue;
        }
        if number > 0 {
            answer.push(b',');
        }
        let quote: &[u8] = if format == Format::Abi { b"\"" } else { b"" };
        answer.extend_from_slice(quote);
        answer.extend_from_slice(proof.trim_ascii_end());
        answer.extend_from_slice(quote);
    }
    if format != Format::Bytes {
        answer.extend_from_slice(b"]}\n");
    }
    Ok(answer)
}
