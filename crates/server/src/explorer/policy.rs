//! What the page may do in a browser: load its own files and ask its own server.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// Scripts, styles and pictures from this server alone, none of them inline; no frames around it,
/// no plugins, no base, no forms that are sent, no text that becomes markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
];

pub(super) fn add(headers: &mut HeaderMap) {
    headers.extend(HEADERS);
}
