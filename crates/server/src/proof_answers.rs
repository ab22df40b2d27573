//! [`ProofAnswers`]: what the document of the routes says of the answers with proofs.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema},
};

use crate::{documents::ProofSchema, problem::ProblemDocument};

/// The answers of the routes that make proofs, in every form.
pub(crate) struct ProofAnswers;

impl IntoResponses for ProofAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        fn named<S: ToSchema>() -> RefOr<Schema> {
            Ref::from_schema_name(S::name()).into()
        }
        let answer = |contents: Vec<(&str, RefOr<Schema>)>| {
            let response = ResponseBuilder::new();
            let response = contents
                .into_iter()
                .fold(response, |response, (kind, schema)| {
                    response.content(kind, ContentBuilder::new().schema(Some(schema)).build())
                });
            response.build().into()
        };
        let proof = vec![
            ("application/json", named::<ProofSchema>()),
            ("application/octet-stream", <Vec<u8>>::schema()),
            ("text/plain", String::schema()),
        ];
        let problem = vec![("application/json", named::<ProblemDocument>())];
        BTreeMap::from([
            ("200".to_owned(), answer(proof)),
            ("default".to_owned(), answer(problem)),
        ])
    }
}
