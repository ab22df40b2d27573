//! [`openapi`]: the document of the routes.

use std::sync::Arc;

use axum::{Router, response::Response, routing::get};
use utoipa::openapi::{
    Contact, Info, License, OpenApi,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use crate::{answer, app::App, problem::Problem, routes};

/// The OpenAPI document of the routes, which is also at `/openapi.json`.
///
/// # Errors
/// If the document cannot be written as JSON.
pub fn openapi() -> Result<String, serde_json::Error> {
    Ok(document().to_pretty_json()? + "\n")
}

fn document() -> OpenApi {
    let mut document = routes::document();
    let mut contact = Contact::new();
    contact.name = Some("The rotortree authors".to_owned());
    contact.url = Some("https://github.com/rotortree/rotortree".to_owned());
    let mut license = License::new("MIT OR Apache-2.0");
    license.identifier = Some("MIT OR Apache-2.0".to_owned());
    let mut info = Info::new("rotortree", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "An append-only Merkle tree: heads, leaves, proofs, durable appends. Every answer comes from \
         what is durable. Numbers of 64 bits may be sent as text."
            .to_owned(),
    );
    info.contact = Some(contact);
    info.license = Some(license);
    document.info = info;
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    document
        .components
        .get_or_insert_default()
        .add_security_scheme("token", SecurityScheme::Http(token));
    document
}

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/openapi.json", get(serve))
}

async fn serve() -> Result<Response, Problem> {
    answer::json(&document(), answer::NOW)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_document_is_that_of_the_routes() {
        let committed = include_str!("../openapi.json");
        assert!(
            committed == super::openapi().unwrap(),
            "`cargo xtask server --write` writes the document anew"
        );
    }
}
