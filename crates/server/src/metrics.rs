//! [`Metrics`]: the metrics of a process, for a scrape by Prometheus.

mod family;
mod histogram;
mod meter;
mod registry;
mod text;

use std::sync::Arc;

use metrics::{Recorder, SetRecorderError};

pub(crate) use self::meter::{Inside, Meter};
use self::registry::Registry;

/// The metrics of a process in memory: a recorder of the facade [`metrics`], and their text for
/// Prometheus. A clone is another handle.
///
/// Memory is constant however many samples come: a histogram has fixed buckets, and there are at
/// most 8,192 series.
///
/// ```
/// use rotortree_server::{Metrics, Server};
/// # use std::sync::Arc;
/// # use rotortree::{AnyTreeBuilder, Blake3Hasher, RotorTreeConfig};
///
/// // Before the tree is opened, so that it is told.
/// let metrics = Metrics::install()?;
/// # let directory = tempfile::tempdir()?;
/// # let directory = directory.path().join("tree");
/// let tree = AnyTreeBuilder::new(RotorTreeConfig::new(directory)).arity(4).open(Blake3Hasher)?;
/// let server = Server::of_tree(Arc::clone(&tree)).metrics(metrics.clone());
///
/// tree.insert_durable([7; 32])?;
/// tree.stats();
/// assert!(metrics.text().contains("\nrotortree_durable_leaves{place="));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Registry>);

impl Metrics {
    /// Metrics that nothing records to yet. [`recorder`](Self::recorder) records to them.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Metrics that are the recorder of this process from here on.
    ///
    /// # Errors
    /// If the process has a recorder already.
    pub fn install() -> Result<Self, SetRecorderError<impl Recorder + use<>>> {
        let metrics = Self::new();
        metrics::set_global_recorder(Arc::clone(&metrics.0))?;
        Ok(metrics)
    }

    /// The recorder, for a program that has several.
    #[must_use]
    pub fn recorder(&self) -> impl Recorder + Send + Sync + Clone + use<> {
        Arc::clone(&self.0)
    }

    /// All metrics in the text format of Prometheus, version 0.0.4.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.text()
    }
}
