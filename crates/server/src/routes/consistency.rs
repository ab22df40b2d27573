//! Proofs that the tree only grew.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::proofs::{FormatName, format};
use crate::{
    answer,
    app::App,
    extract::{InPath, InQuery},
    number::{Number, number},
    problem::{Code, Problem},
    proof_answers::ProofAnswers,
    source,
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Form {
    /// `json`, `bytes`, `rfc6962` or `abi`
    #[param(value_type = Option<FormatName>, inline)]
    format: Option<String>,
    /// Also proves which leaves came
    #[serde(default)]
    leaves: bool,
}

/// The proof that the tree of one size grew into that of another
#[utoipa::path(get, path = "/v1/consistency/{old}/{new}", tag = "proofs",
    params(
        ("old" = Number, Path, description = "The earlier size"),
        ("new" = Number, Path, description = "The later size"),
        Form,
    ),
    responses(ProofAnswers),
)]
pub(super) async fn consistency(
    State(app): State<Arc<App>>,
    InPath((old, new)): InPath<(String, String)>,
    InQuery(form): InQuery<Form>,
) -> Result<Response, Problem> {
    let (old, new) = (number("a size", &old)?, number("a size", &new)?);
    if old > new {
        return Err(Problem::bad(format_args!(
            "a tree of {old} leaves cannot become a tree of {new} leaves"
        )));
    }
    let format = format(form.format.as_deref())?;
    let with_leaves = form.leaves;
    let proof = app.ask(Some(new), move |app, snapshot| {
        let old = source::head(&*snapshot.snapshot_at(old)?);
        let most = app.limits.read_leaves;
        let bytes = match with_leaves {
            true if snapshot.size() - old.size > most => {
                let message = format!("a proof has at most {most} leaves");
                return Err(Problem::new(Code::TooMany, message).next("go in several steps"));
            }
            true => snapshot.generate_catch_up_proof(old.size, old.root)?,
            false => snapshot.generate_consistency_proof(old.size, old.root)?,
        };
        let mut subject = app.subject(snapshot);
        subject.old = Some(old);
        Ok(format.make(&subject, &bytes)?)
    });
    Ok(answer::body(
        proof.await?,
        answer::media_type(format),
        answer::FOR_EVER,
    ))
}
