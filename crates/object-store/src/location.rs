//! [`Location`]: the store that a URL names, and what may be shown of the URL.

use std::{io, sync::Arc};

use object_store::{ObjectStore, ObjectStoreScheme, path::Path};
use url::Url;

/// A store, a prefix in it, and the two in words.
pub(crate) struct Location {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) prefix: Path,
    /// Ends with a slash.
    pub(crate) shown: String,
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

impl Location {
    /// Reads a URL as `object_store::parse_url_opts` does, with the environment's settings.
    ///
    /// # Errors
    /// `InvalidInput` for no URL, `Unsupported` for a provider that was not compiled in.
    pub(crate) fn parse(url: &str) -> io::Result<Self> {
        let unread = "it is not a URL of an object store, such as s3://bucket/prefix";
        // The text is not shown: it may hold a password.
        let url = Url::parse(url).map_err(|error| invalid(format!("{unread}: {error}")))?;
        let shown = shown(&url);
        let (scheme, prefix) = ObjectStoreScheme::parse(&url)
            .map_err(|_| invalid(format!("cannot open {shown}: {unread}")))?;
        Ok(Self {
            store: store(&scheme, &url, &shown)?,
            prefix,
            shown,
        })
    }
}

/// The URL without password, query and fragment, with a slash at its end.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    // Azure names the container where others have a user.
    let is_container = url.scheme().starts_with("abfs") || url.scheme().starts_with("az");
    let user = match url.username() {
        user if is_container && url.password().is_none() && !user.is_empty() => format!("{user}@"),
        _ => String::new(),
    };
    let path = url.path().trim_end_matches('/');
    format!("{}://{user}{host}{port}{path}/", url.scheme())
}

/// Repetitions are ours alone: a client that repeats a creation on its own hides what became of the
/// first try.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp", feature = "http"))]
fn no_repetition() -> object_store::RetryConfig {
    object_store::RetryConfig {
        max_retries: 0,
        ..object_store::RetryConfig::default()
    }
}

/// Builds a provider's client from the URL and the environment.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp", feature = "http"))]
macro_rules! client {
    ($builder:ty, $url:expr, $shown:expr) => {{
        let builder = <$builder>::new().with_url($url).with_retry(no_repetition());
        let builder = std::env::vars().fold(builder, |builder, (key, value)| {
            match key.to_ascii_lowercase().parse() {
                Ok(key) => builder.with_config(key, value),
                Err(_) => builder,
            }
        });
        match builder.build() {
            Ok(store) => Ok(Arc::new(store) as Arc<dyn ObjectStore>),
            // The cause may hold the value of a setting.
            Err(_) => Err(invalid(format!(
                "cannot open {}: a setting of the store's client is missing or not valid; see the \
                 environment variables that the object_store crate reads for this provider",
                $shown
            ))),
        }
    }};
}

fn store(scheme: &ObjectStoreScheme, url: &Url, shown: &str) -> io::Result<Arc<dyn ObjectStore>> {
    // Read where a provider is compiled in.
    let _ = url;
    match scheme {
        ObjectStoreScheme::Memory => Ok(Arc::new(object_store::memory::InMemory::new())),
        #[cfg(feature = "fs")]
        ObjectStoreScheme::Local => {
            // Without it an object is not durable when it is there.
            let store = object_store::local::LocalFileSystem::new().with_fsync(true);
            Ok(Arc::new(store))
        }
        #[cfg(feature = "aws")]
        ObjectStoreScheme::AmazonS3 => {
            client!(object_store::aws::AmazonS3Builder, url.as_str(), shown)
        }
        #[cfg(feature = "gcp")]
        ObjectStoreScheme::GoogleCloudStorage => {
            client!(
                object_store::gcp::GoogleCloudStorageBuilder,
                url.as_str(),
                shown
            )
        }
        #[cfg(feature = "azure")]
        ObjectStoreScheme::MicrosoftAzure => {
            client!(
                object_store::azure::MicrosoftAzureBuilder,
                url.as_str(),
                shown
            )
        }
        #[cfg(feature = "http")]
        ObjectStoreScheme::Http => {
            let server = &url[..url::Position::BeforePath];
            client!(object_store::http::HttpBuilder, server, shown)
        }
        _ => {
            let text = format!(
                "cannot open {shown}: this build has no client for {scheme:?}; switch on the \
                 feature of rotortree-object-store for it (aws, azure, gcp, http, fs)"
            );
            Err(io::Error::new(io::ErrorKind::Unsupported, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_has_no_credentials() {
        let cases = [
            ("s3://bucket/a/b", "s3://bucket/a/b/"),
            (
                "s3://key:secret@bucket/a/?token=secret#secret",
                "s3://bucket/a/",
            ),
            ("https://user:secret@host:8443/x", "https://host:8443/x/"),
            (
                "abfs://container@account.host/x",
                "abfs://container@account.host/x/",
            ),
            ("memory:///", "memory:///"),
        ];
        for (url, expected) in cases {
            assert_eq!(shown(&Url::parse(url).unwrap()), expected);
        }
    }

    #[test]
    fn what_cannot_be_opened_is_told_without_credentials() {
        for url in ["ftp://user:secret@host/x", "nothing", "s3://k:secret@[/"] {
            let error = Location::parse(url).map(drop).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
