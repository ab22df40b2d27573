//! [`Meter`]: the server's own metrics.

use std::{
    collections::HashMap,
    sync::OnceLock,
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Recorder, with_recorder};
use tokio::{sync::Semaphore, task};

use super::Metrics;

const METADATA: metrics::Metadata<'static> =
    metrics::Metadata::new("rotortree_server", Level::INFO, None);

/// The route of requests that no route matches.
const OTHER: &str = "other";

/// Declares the metrics with their types and texts. `docs/observability.md` has the same names.
macro_rules! names {
    ($($constant:ident = $name:literal, $describe:ident, $help:literal;)*) => {
        $(const $constant: &str = $name;)*

        fn describe(recorder: &dyn Recorder) {
            $(recorder.$describe(KeyName::from_const_str($name), None, $help.into());)*
        }
    };
}

names! {
    REQUESTS = "rotortree_http_requests_total", describe_counter,
        "Requests that were answered, by method, route and status.";
    SECONDS = "rotortree_http_request_seconds", describe_histogram,
        "Time until an answer was made, by method and route.";
    IN_FLIGHT = "rotortree_http_requests_in_flight", describe_gauge,
        "Requests that wait for their answer.";
    ABANDONED = "rotortree_http_abandoned_requests_total", describe_counter,
        "Requests that ended without an answer.";
    SHED = "rotortree_http_shed_requests_total", describe_counter,
        "Requests and connections that were refused for want of room.";
    CONNECTIONS = "rotortree_http_connections", describe_gauge, "Connections that are open.";
    FOLLOWERS = "rotortree_http_followers", describe_gauge,
        "Clients that follow the heads as events.";
    APPEND_GROUP = "rotortree_http_append_entries", describe_histogram,
        "Entries of all connections that one sync was asked for.";
    READY = "rotortree_http_ready", describe_gauge, "1 while the server is of use.";
    LAG = "rotortree_http_lag_seconds", describe_gauge,
        "Time since a reader last looked at what its writer did; 0 for a writer.";
}

/// The server's own metrics: registered once, told without a lock.
pub(crate) struct Meter {
    routes: Routes,
    pub(crate) shed: Counter,
    present: Present,
    pub(crate) append_group: Histogram,
    readiness: Readiness,
    metrics: Option<Metrics>,
    /// One scrape at a time.
    scrape: Semaphore,
}

struct Routes {
    /// By path and method.
    known: HashMap<&'static str, Vec<(Method, Route)>>,
    other: Route,
}

/// How many there are now.
struct Present {
    in_flight: Gauge,
    connections: Gauge,
    followers: Gauge,
}

struct Readiness {
    ready: Gauge,
    lag: Gauge,
}

/// The metrics of one route.
pub(crate) struct Route {
    recording: Recording,
    labels: [Label; 2],
    seconds: Histogram,
    abandoned: Counter,
    /// By status, from 100 to 599; registered with the first answer that has the status.
    answers: Box<[OnceLock<Counter>]>,
}

/// Where metrics go: to the metrics of the server, or else to the recorder of the process.
#[derive(Clone)]
struct Recording(Option<Metrics>);

impl Recording {
    fn with<T>(&self, call: impl FnOnce(&dyn Recorder) -> T) -> T {
        match &self.0 {
            Some(metrics) => call(&*metrics.0),
            None => with_recorder(call),
        }
    }

    fn gauge(&self, name: &'static str) -> Gauge {
        self.with(|to| to.register_gauge(&Key::from_static_name(name), &METADATA))
    }
}

impl Meter {
    pub(crate) fn new(
        metrics: Option<Metrics>,
        routes: impl IntoIterator<Item = (Method, &'static str)>,
    ) -> Self {
        let to = Recording(metrics.clone());
        to.with(describe);
        let mut by_path = HashMap::<_, Vec<_>>::new();
        for (method, path) in routes {
            let route = Route::new(&to, method.to_string(), path);
            by_path.entry(path).or_default().push((method, route));
        }
        Self {
            routes: Routes {
                known: by_path,
                other: Route::new(&to, OTHER.to_owned(), OTHER),
            },
            present: Present {
                in_flight: to.gauge(IN_FLIGHT),
                connections: to.gauge(CONNECTIONS),
                followers: to.gauge(FOLLOWERS),
            },
            shed: to.with(|to| to.register_counter(&Key::from_static_name(SHED), &METADATA)),
            append_group: to
                .with(|to| to.register_histogram(&Key::from_static_name(APPEND_GROUP), &METADATA)),
            readiness: Readiness {
                ready: to.gauge(READY),
                lag: to.gauge(LAG),
            },
            metrics,
            scrape: Semaphore::new(1),
        }
    }

    /// A request from here to its answer.
    pub(crate) fn request(&self, method: &Method, path: Option<&str>) -> Request<'_> {
        let methods = path.and_then(|path| self.routes.known.get(path));
        let route = methods
            .and_then(|methods| methods.iter().find(|(known, _)| known == method))
            .map_or(&self.routes.other, |(_, route)| route);
        Request {
            route,
            began: Instant::now(),
            is_answered: false,
            _inside: Inside::of(&self.present.in_flight),
        }
    }

    /// Counts a connection until the guard is dropped.
    pub(crate) fn connection(&self) -> Inside {
        Inside::of(&self.present.connections)
    }

    /// Counts a follower until the guard is dropped.
    pub(crate) fn follower(&self) -> Inside {
        Inside::of(&self.present.followers)
    }

    /// The metrics of the server, if it was given some.
    pub(crate) fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_ref()
    }

    /// Runs `read` on a thread that may block, one call at a time. A panic ends there.
    pub(crate) async fn scrape(&self, read: impl FnOnce() + Send + 'static) {
        let turn = self.scrape.acquire().await;
        drop(task::spawn_blocking(read).await);
        drop(turn);
    }

    pub(crate) fn readiness(&self, is_ready: bool, lag: Duration) {
        self.readiness.ready.set(f64::from(u8::from(is_ready)));
        self.readiness.lag.set(lag.as_secs_f64());
    }
}

impl Route {
    fn new(to: &Recording, method: String, path: &'static str) -> Self {
        let labels = [Label::new("method", method), Label::new("route", path)];
        let key = |name: &'static str| Key::from_parts(name, labels.to_vec());
        Self {
            seconds: to.with(|to| to.register_histogram(&key(SECONDS), &METADATA)),
            abandoned: to.with(|to| to.register_counter(&key(ABANDONED), &METADATA)),
            answers: (100..600).map(|_| OnceLock::new()).collect(),
            recording: to.clone(),
            labels,
        }
    }

    fn answered(&self, status: StatusCode, took: Duration) {
        self.seconds.record(took.as_secs_f64());
        let Some(answers) = self.answers.get(usize::from(status.as_u16()) - 100) else {
            return;
        };
        let counter = answers.get_or_init(|| {
            let mut labels = self.labels.to_vec();
            labels.push(Label::new("status", status.as_str().to_owned()));
            let key = Key::from_parts(REQUESTS, labels);
            self.recording
                .with(|to| to.register_counter(&key, &METADATA))
        });
        counter.increment(1);
    }
}

/// A request under way. One that is dropped without an answer was abandoned.
pub(crate) struct Request<'a> {
    route: &'a Route,
    began: Instant,
    is_answered: bool,
    _inside: Inside,
}

impl Request<'_> {
    pub(crate) fn answered(mut self, status: StatusCode) {
        self.is_answered = true;
        self.route.answered(status, self.began.elapsed());
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.route.abandoned.increment(1);
        }
    }
}

/// Counts one in a gauge while it lives.
pub(crate) struct Inside(Gauge);

impl Inside {
    fn of(gauge: &Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge.clone())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
