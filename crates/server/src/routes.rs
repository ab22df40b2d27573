//! The routes: one table, from which the router and the OpenAPI document are made.

mod about;
mod append;
mod consistency;
mod find;
mod frontier;
mod heads;
mod health;
mod leaves;
mod proofs;

use std::sync::Arc;

use axum::{Router, http::Method};
use utoipa::OpenApi;

use crate::{
    app::App,
    documents::ProofSchema,
    problem::{Code, Problem},
};

/// Declares the routes: method, path, handler. The attribute of each handler repeats method and
/// path for the document; a test compares them.
macro_rules! routes {
    ($($method:ident $path:literal = $module:ident::$handler:ident;)*) => {
        #[derive(OpenApi)]
        #[openapi(paths($($module::$handler),*), components(schemas(ProofSchema)))]
        struct Paths;

        /// Method and path of each route.
        pub(crate) const TABLE: &[(&str, &str)] = &[$((stringify!($method), $path),)*];

        fn table(router: Router<Arc<App>>) -> Router<Arc<App>> {
            router$(.route($path, axum::routing::$method($module::$handler)))*
        }
    };
}

routes! {
    get "/v1/head" = heads::head;
    get "/v1/heads" = heads::follow;
    get "/v1/roots/{size}" = heads::root;
    get "/v1/leaves/{index}" = leaves::one;
    get "/v1/leaves" = leaves::run;
    post "/v1/leaves" = append::append;
    get "/v1/find/{leaf}" = find::find;
    get "/v1/proofs/{leaf}" = proofs::one;
    post "/v1/proofs" = proofs::many;
    get "/v1/consistency/{old}/{new}" = consistency::consistency;
    get "/v1/frontier" = frontier::frontier;
    get "/v1/metadata" = about::metadata;
    get "/v1/info" = about::info;
    get "/v1/stats" = about::stats;
    get "/healthz" = health::healthz;
    get "/readyz" = health::readyz;
    get "/metrics" = health::metrics;
}

/// The routes, and an answer for every other path and method.
pub(crate) fn router() -> Router<Arc<App>> {
    table(Router::new())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}

async fn not_found() -> Problem {
    Problem::new(Code::NotFound, "there is no such path")
}

async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "the path has other methods")
}

/// Method and path of each route, as requests have them.
pub(crate) fn methods() -> impl Iterator<Item = (Method, &'static str)> {
    let method = |name: &str| Method::from_bytes(name.to_uppercase().as_bytes());
    TABLE
        .iter()
        .filter_map(move |(name, path)| Some((method(name).ok()?, *path)))
}

/// The document of the routes.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Paths::openapi()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{TABLE, document};

    fn table() -> BTreeSet<String> {
        let routes = TABLE.iter();
        routes
            .map(|(method, path)| format!("{} {path}", method.to_uppercase()))
            .collect()
    }

    #[test]
    fn the_document_has_every_route_and_no_other() {
        let document = serde_json::to_value(document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let documented: BTreeSet<String> = paths
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        assert_eq!(documented, table());
    }

    #[test]
    fn the_page_has_every_route_and_no_other() {
        let page = include_str!("../../../docs/server.md");
        let section = page.split("\n## Routes\n").nth(1).unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        let rows: BTreeSet<String> = rows
            .filter_map(|row| row.split('`').next())
            .map(str::to_owned)
            .collect();
        assert_eq!(rows, table());
    }
}
