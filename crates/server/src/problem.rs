//! [`Problem`]: why a request was not done, as a status and a document.

mod library;

use std::{borrow::Cow, fmt};

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rotortree::TreeHead;
use serde::Serialize;
use utoipa::ToSchema;

use crate::documents::Head;

/// Declares the codes with their words, statuses and meanings. `docs/server.md` has the same table.
macro_rules! codes {
    ($($Name:ident = $text:literal, $status:ident, $meaning:literal;)*) => {
        /// What kind of problem a request met.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $(#[doc = $meaning] $Name,)*
        }

        impl Code {
            /// The word in the document.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$Name => $text,)* }
            }

            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$Name => StatusCode::$status,)* }
            }

            /// Word, status and meaning of each code.
            #[cfg(test)]
            const TABLE: &'static [(&'static str, StatusCode, &'static str)] =
                &[$(($text, StatusCode::$status, $meaning),)*];
        }
    };
}

codes! {
    BadRequest = "bad_request", BAD_REQUEST,
        "the path, the query, a header or the body is not understood";
    TooMany = "too_many", BAD_REQUEST, "the request asks for more at once than a limit allows";
    Unauthorized = "unauthorized", UNAUTHORIZED, "the token is missing or wrong";
    ReadOnly = "read_only", FORBIDDEN, "the server only reads";
    NotFound = "not_found", NOT_FOUND, "there is no such path, leaf or file";
    OutOfRange = "out_of_range", NOT_FOUND, "the durable tree has no such index or size";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "the path has other methods";
    SlowRequest = "slow_request", REQUEST_TIMEOUT, "the request came too slowly";
    SizeDiffers = "size_differs", CONFLICT,
        "the tree has another size than expected, or other leaves there";
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "the body is longer than the limit";
    UriTooLong = "uri_too_long", URI_TOO_LONG, "the path and query are longer than the limit";
    MediaType = "media_type", UNSUPPORTED_MEDIA_TYPE,
        "the body is neither JSON nor records of 32 bytes, or is in a coding";
    Refused = "refused", UNPROCESSABLE_ENTITY,
        "the hash function or the index refuses a leaf, or the entry is empty";
    NoSuchForm = "no_such_form", UNPROCESSABLE_ENTITY,
        "a proof of this kind and tree does not have this form";
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE,
        "the headers are longer or more than the limit";
    Internal = "internal", INTERNAL_SERVER_ERROR, "stored bytes are damaged, or the server is wrong";
    NoIndex = "no_index", NOT_IMPLEMENTED, "finding this leaf wants an index, which the server lacks";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "a limit of concurrent work is reached";
    TimedOut = "timed_out", SERVICE_UNAVAILABLE, "the answer took longer than the limit";
    WritingOff = "writing_off", SERVICE_UNAVAILABLE,
        "nothing can be written for now or until a restart; reading goes on";
    Stopping = "stopping", SERVICE_UNAVAILABLE, "the server stops";
    StorageFull = "storage_full", INSUFFICIENT_STORAGE, "there is no room to write; reading goes on";
}

/// Why a request was not done: a code, a sentence, and the next step where there is one.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    message: Cow<'static, str>,
    next: Option<Cow<'static, str>>,
    /// The durable head, where the caller has another one in mind.
    head: Option<TreeHead>,
}

/// The document of an error.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemDocument {
    error: ProblemBody,
}

#[derive(Serialize, ToSchema)]
struct ProblemBody {
    /// The word of the table in `docs/server.md`.
    code: String,
    /// A sentence.
    message: String,
    /// The next step, where there is advice.
    next: Option<String>,
    /// The durable head, where the request expects another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Head>,
}

impl Problem {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            next: None,
            head: None,
        }
    }

    /// A call that panicked: a hash function, a hook or the tree is wrong.
    pub(crate) fn panicked() -> Self {
        Self::new(Code::Internal, "a call of the tree panicked")
    }

    /// A path, query, header or body that is not understood.
    pub(crate) fn bad(reason: impl fmt::Display) -> Self {
        Self::new(Code::BadRequest, reason.to_string())
    }

    /// Says what to do next.
    pub(crate) fn next(mut self, step: impl Into<Cow<'static, str>>) -> Self {
        self.next = Some(step.into());
        self
    }

    /// Says which head the tree has.
    pub(crate) fn head(mut self, head: TreeHead) -> Self {
        self.head = Some(head);
        self
    }

    /// The document, on one line.
    pub(crate) fn text(&self) -> String {
        let document = ProblemDocument {
            error: ProblemBody {
                code: self.code.name().to_owned(),
                message: self.message.to_string(),
                next: self.next.as_ref().map(|next| next.to_string()),
                head: self.head.map(Head::new),
            },
        };
        let text = serde_json::to_string(&document);
        text.unwrap_or_default() + "\n"
    }

    /// What the answer says beside status and document.
    fn headers(&self) -> Option<(HeaderName, &'static str)> {
        match self.code {
            Code::Unauthorized => Some((header::WWW_AUTHENTICATE, "Bearer")),
            Code::Overloaded | Code::TimedOut | Code::Stopping => Some((header::RETRY_AFTER, "1")),
            Code::WritingOff | Code::StorageFull => Some((header::RETRY_AFTER, "10")),
            _ => None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (
            self.code.status(),
            [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-store"),
            ],
            self.text(),
        )
            .into_response();
        // For the gate, which counts.
        response.extensions_mut().insert(self.code);
        if let Some((name, value)) = self.headers() {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn the_page_has_every_code_and_no_other() {
        let page = include_str!("../../../docs/server.md");
        let section = page.split("\n## Errors\n").nth(1).unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows: Vec<&str> = section
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        let table: Vec<String> = Code::TABLE
            .iter()
            .map(|(name, status, meaning)| {
                format!("| `{name}` | {} | {meaning} |", status.as_u16())
            })
            .collect();
        assert_eq!(rows, table);
    }
}
