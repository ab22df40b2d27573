//! [`Failure`]: why a request failed, in words of ours.
//!
//! The messages of `object_store` hold what a server answered, and servers answer with keys and
//! signatures. So a failure keeps the status, the server's code and the cause within this machine,
//! and nothing else of them.

use std::{error::Error, fmt, io};

/// What is known of a request that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The object is not there.
    Absent,
    /// The object is there already, or another request is at it.
    Taken,
    /// The store refused it, and would again: nothing was applied.
    Refused,
    /// It never reached the store, or was turned away for now: nothing was applied.
    NotSent,
    /// It may have been applied, and may still be.
    Unclear,
}

/// A request that failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) class: Class,
    kind: io::ErrorKind,
    cause: String,
    remedy: &'static str,
}

const TIMED_OUT: &str = "look at the network and at the store's health, then try again";
const CREDENTIALS: &str = "give credentials that are valid now; they are read when the storage is \
                           made, from its URL's environment";
const RIGHTS: &str = "give the credentials the right to it: reading, listing, creating and \
                      deleting below the prefix, or the first two for a reader";
const REGION: &str = "name the bucket's own region and endpoint";
const CLOCK: &str = "set this machine's clock";
const BUCKET: &str = "create the bucket, or name the one that is there";
const CONDITIONS: &str = "use a store that creates an object only if it is absent, and let the \
                          client do so";
const CHECKSUM: &str = "set AWS_CHECKSUM_ALGORITHM=SHA256 where the bucket locks its objects: it \
                        takes none without a checksum";
const RETRY: &str = "try again later";
const BACKUP: &str = "restore it from a backup";
/// A range of an object that does not have it, in the words of the stores of this machine; the
/// others have a status for it.
const NO_RANGE: [&str; 2] = ["Range started at ", "Wanted range starting at "];

/// The server's codes that tell more than their status.
const CODES: [(&[&str], io::ErrorKind, &str); 6] = [
    (
        &["NoSuchBucket", "ContainerNotFound"],
        io::ErrorKind::NotFound,
        BUCKET,
    ),
    (
        &[
            "ExpiredToken",
            "TokenRefreshRequired",
            "InvalidToken",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "AuthenticationFailed",
        ],
        io::ErrorKind::PermissionDenied,
        CREDENTIALS,
    ),
    (
        &["RequestTimeTooSkewed", "RequestExpired"],
        io::ErrorKind::PermissionDenied,
        CLOCK,
    ),
    (
        &[
            "PermanentRedirect",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
        ],
        io::ErrorKind::InvalidInput,
        REGION,
    ),
    (&["InvalidRequest"], io::ErrorKind::InvalidInput, CHECKSUM),
    (
        &["NotImplemented", "XNotImplemented"],
        io::ErrorKind::Unsupported,
        CONDITIONS,
    ),
];

impl Failure {
    pub(crate) fn timed_out() -> Self {
        Self {
            class: Class::Unclear,
            kind: io::ErrorKind::TimedOut,
            cause: "no answer came in time".into(),
            remedy: TIMED_OUT,
        }
    }

    /// What the answer to a request was not.
    pub(crate) fn invalid(cause: String, kind: io::ErrorKind) -> Self {
        Self {
            class: Class::Refused,
            kind,
            cause,
            remedy: BACKUP,
        }
    }

    pub(crate) fn of(error: &object_store::Error) -> Self {
        use object_store::Error as E;
        let answer = Answer::of(error);
        let known = answer.code.as_deref().and_then(|code| {
            let known = CODES.iter().find(|(codes, ..)| codes.contains(&code));
            known.map(|(_, kind, remedy)| (*kind, *remedy))
        });
        let (class, kind, remedy) = match error {
            _ if known.is_some() => {
                let (kind, remedy) = known.unwrap_or((io::ErrorKind::Other, RETRY));
                (Class::Refused, kind, remedy)
            }
            E::NotFound { .. } => (Class::Absent, io::ErrorKind::NotFound, BUCKET),
            E::AlreadyExists { .. } | E::Precondition { .. } | E::NotModified { .. } => {
                (Class::Taken, io::ErrorKind::AlreadyExists, RETRY)
            }
            E::PermissionDenied { .. } => (Class::Refused, io::ErrorKind::PermissionDenied, RIGHTS),
            E::Unauthenticated { .. } => {
                (Class::Refused, io::ErrorKind::PermissionDenied, CREDENTIALS)
            }
            E::NotSupported { .. } | E::NotImplemented { .. } => {
                (Class::Refused, io::ErrorKind::Unsupported, CONDITIONS)
            }
            E::InvalidPath { .. } => (Class::Refused, io::ErrorKind::InvalidInput, RETRY),
            _ => answer.class_of_status(),
        };
        // A client that repeats requests on its own reports the last one alone.
        let is_settled = matches!(class, Class::Refused | Class::NotSent);
        Self {
            class: if is_settled && answer.was_repeated {
                Class::Unclear
            } else {
                class
            },
            kind,
            cause: answer.cause,
            remedy,
        }
    }

    /// Whether the same request may succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self.class, Class::NotSent | Class::Unclear)
    }

    /// The error of an operation on an object.
    pub(crate) fn to_io(&self, operation: &str, object: &str) -> io::Error {
        io::Error::new(self.kind, format!("cannot {operation} {object}: {self}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.cause, self.remedy)
    }
}

/// The part of a client's error that may be shown.
struct Answer {
    status: Option<u16>,
    code: Option<String>,
    /// The failure of this machine's own connection.
    is_unsent: bool,
    io_kind: Option<io::ErrorKind>,
    was_repeated: bool,
    is_redirect: bool,
    is_out_of_range: bool,
    cause: String,
}

impl Answer {
    fn of(error: &object_store::Error) -> Self {
        let text = error.to_string();
        let status = text.split_once("status code: ").and_then(|(_, rest)| {
            let digits = rest.get(..3)?;
            digits.parse().ok()
        });
        let code = text
            .split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once("</Code>"))
            .map(|(code, _)| code.to_owned())
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let mut io_error = None;
        let mut is_unsent = false;
        let mut source = error.source();
        while let Some(inner) = source {
            io_error = io_error.or_else(|| inner.downcast_ref::<io::Error>());
            is_unsent |= is_connection_failure(inner);
            source = inner.source();
        }
        let is_out_of_range =
            status == Some(416) || NO_RANGE.iter().any(|words| text.contains(words));
        let cause = match (status, &code, io_error) {
            _ if is_out_of_range => "it was cut: it ends before the bytes asked for".into(),
            (Some(status), Some(code), _) => format!("the store answered {status} {code}"),
            (Some(status), None, _) => format!("the store answered {status}"),
            (None, _, Some(error)) => error.to_string(),
            (None, _, None) if is_unsent => "the store cannot be reached".into(),
            (None, ..) => kind_of(error).into(),
        };
        Self {
            status,
            code,
            is_unsent,
            io_kind: io_error.map(io::Error::kind),
            was_repeated: text.contains(" retries, max_retries: "),
            is_out_of_range,
            is_redirect: text.contains("redirect without LOCATION"),
            cause,
        }
    }

    fn class_of_status(&self) -> (Class, io::ErrorKind, &'static str) {
        let throttled = self.status == Some(429) || self.code.as_deref() == Some("SlowDown");
        match self.status {
            _ if self.is_out_of_range => (Class::Refused, io::ErrorKind::UnexpectedEof, BACKUP),
            _ if self.is_redirect => (Class::Refused, io::ErrorKind::InvalidInput, REGION),
            _ if throttled => (Class::NotSent, io::ErrorKind::ResourceBusy, RETRY),
            // Of a listing the client tells the status alone.
            Some(401) => (Class::Refused, io::ErrorKind::PermissionDenied, CREDENTIALS),
            Some(403) => (Class::Refused, io::ErrorKind::PermissionDenied, RIGHTS),
            Some(301 | 307) => (Class::Refused, io::ErrorKind::InvalidInput, REGION),
            Some(501) => (Class::Refused, io::ErrorKind::Unsupported, CONDITIONS),
            Some(408 | 409) => (Class::Unclear, io::ErrorKind::TimedOut, TIMED_OUT),
            Some(400..=499) => (Class::Refused, io::ErrorKind::InvalidInput, RETRY),
            _ if self.is_unsent => (Class::NotSent, io::ErrorKind::NotConnected, TIMED_OUT),
            _ => {
                let kind = self.io_kind.unwrap_or(io::ErrorKind::Other);
                (Class::Unclear, kind, TIMED_OUT)
            }
        }
    }
}

/// Whether a client could not connect, so that no byte of the request left.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp", feature = "http"))]
fn is_connection_failure(error: &(dyn Error + 'static)) -> bool {
    use object_store::client::{HttpError, HttpErrorKind};
    let http = error.downcast_ref::<HttpError>();
    http.is_some_and(|error| error.kind() == HttpErrorKind::Connect)
}

#[cfg(not(any(feature = "aws", feature = "azure", feature = "gcp", feature = "http")))]
fn is_connection_failure(_error: &(dyn Error + 'static)) -> bool {
    false
}

/// An error without a status, by its kind alone.
fn kind_of(error: &object_store::Error) -> &'static str {
    use object_store::Error as E;
    match error {
        E::NotFound { .. } => "it is not there",
        E::AlreadyExists { .. } | E::Precondition { .. } => "it is there already",
        E::PermissionDenied { .. } => "the store refused it for want of rights",
        E::Unauthenticated { .. } => "the store did not accept the credentials",
        E::NotSupported { .. } | E::NotImplemented { .. } => "the store does not support it",
        E::InvalidPath { .. } => "its name is not valid there",
        _ => "the request failed on its way",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: text.to_owned().into(),
        }
    }

    #[test]
    fn no_part_of_an_answer_that_may_hold_a_key_is_shown() {
        let error = generic(
            "Error performing PUT http://AKIA:secret@host/b/o in 1s - Server returned non-2xx \
             status code: 403: <Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIA\
             </AWSAccessKeyId><StringToSign>secret</StringToSign></Error>",
        );
        let failure = Failure::of(&error);
        let text = failure.to_io("create", "s3://b/o").to_string();
        assert!(!text.contains("secret") && !text.contains("AKIA"), "{text}");
        assert!(text.contains("403 SignatureDoesNotMatch"), "{text}");
        assert!(text.contains("credentials"), "{text}");
        assert_eq!(failure.class, Class::Refused);
    }

    #[test]
    fn each_mishap_has_its_class_and_its_remedy() {
        let cases = [
            (
                "status code: 404: <Code>NoSuchBucket</Code>",
                Class::Refused,
                "create the bucket",
            ),
            (
                "status code: 400: <Code>ExpiredToken</Code>",
                Class::Refused,
                "valid now",
            ),
            (
                "status code: 403: <Code>RequestTimeTooSkewed</Code>",
                Class::Refused,
                "clock",
            ),
            (
                "status code: 403: <Code>AccessDenied</Code>",
                Class::Refused,
                "the right to it",
            ),
            ("status code: 401: ", Class::Refused, "valid now"),
            (
                "status code: 400: <Code>InvalidRequest</Code>",
                Class::Refused,
                "AWS_CHECKSUM_ALGORITHM",
            ),
            ("redirect without LOCATION, this", Class::Refused, "region"),
            (
                "status code: 503: <Code>SlowDown</Code>",
                Class::NotSent,
                "later",
            ),
            ("status code: 500: ", Class::Unclear, "network"),
            ("status code: 409: ", Class::Unclear, "network"),
            (
                "after 3 retries, max_retries: 9 status code: 400: ",
                Class::Unclear,
                "",
            ),
            ("connection reset", Class::Unclear, "network"),
            (
                "Wanted range starting at 9, but object was only 4 bytes long",
                Class::Refused,
                "backup",
            ),
        ];
        for (text, class, remedy) in cases {
            let failure = Failure::of(&generic(text));
            assert_eq!(failure.class, class, "{text}");
            assert!(failure.to_string().contains(remedy), "{text}: {failure}");
        }
    }
}
