//! [`Registry`]: a recorder of the facade `metrics` with bounded memory.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::{
    family::{Family, Kind, Series},
    histogram::Buckets,
    text,
};

/// Series beyond these are not kept: code that makes up labels must not fill the memory.
const MOST_SERIES: usize = 8192;

/// All metrics of a process, by name.
#[derive(Debug, Default)]
pub(super) struct Registry {
    families: Mutex<BTreeMap<String, Family>>,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Family>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn text(&self) -> String {
        text::of(&self.lock())
    }

    fn describe(&self, name: &KeyName, kind: Kind, help: SharedString) {
        let mut families = self.lock();
        if let Some(family) = family(&mut families, name.as_str(), kind) {
            family.help = help.into_owned();
        }
    }

    /// The series of a key, made if it is new; `None` if the name has another type, or there are
    /// too many.
    fn series<T>(
        &self,
        key: &Key,
        kind: Kind,
        make: impl FnOnce(&str) -> Series,
        take: impl FnOnce(&Series) -> Option<T>,
    ) -> Option<T> {
        let mut families = self.lock();
        let count: usize = families.values().map(|family| family.series.len()).sum();
        let name = text::name(key.name());
        let family = family(&mut families, &name, kind)?;
        match family.series.entry(text::labels(key)) {
            Entry::Occupied(series) => take(series.get()),
            Entry::Vacant(_) if count >= MOST_SERIES => None,
            Entry::Vacant(place) => take(place.insert(make(&name))),
        }
    }
}

/// The family of a name, made if it is new; `None` if it has another type.
fn family<'a>(
    families: &'a mut BTreeMap<String, Family>,
    name: &str,
    kind: Kind,
) -> Option<&'a mut Family> {
    if !families.contains_key(name) && families.len() >= MOST_SERIES {
        return None;
    }
    let new = || Family {
        kind,
        help: String::new(),
        series: BTreeMap::new(),
    };
    let family = families.entry(name.to_owned()).or_insert_with(new);
    (family.kind == kind).then_some(family)
}

impl Recorder for Registry {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&name, Kind::Counter, help);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&name, Kind::Gauge, help);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&name, Kind::Histogram, help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let made = self.series(
            key,
            Kind::Counter,
            |_| Series::Counter(Arc::default()),
            |series| match series {
                Series::Counter(value) => Some(Counter::from_arc(Arc::clone(value))),
                _ => None,
            },
        );
        made.unwrap_or(Counter::noop())
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let made = self.series(
            key,
            Kind::Gauge,
            |_| Series::Gauge(Arc::default()),
            |series| match series {
                Series::Gauge(value) => Some(Gauge::from_arc(Arc::clone(value))),
                _ => None,
            },
        );
        made.unwrap_or(Gauge::noop())
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let made = self.series(
            key,
            Kind::Histogram,
            |name| Series::Histogram(Arc::new(Buckets::of(name))),
            |series| match series {
                Series::Histogram(value) => Some(Histogram::from_arc(Arc::clone(value))),
                _ => None,
            },
        );
        made.unwrap_or(Histogram::noop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: Metadata<'static> = Metadata::new("test", metrics::Level::INFO, None);

    #[test]
    fn a_name_has_one_type_and_labels_that_are_made_up_end() {
        let registry = Registry::default();
        let counter = registry.register_counter(&Key::from_name("one"), &METADATA);
        let again = registry.register_counter(&Key::from_name("one"), &METADATA);
        registry
            .register_gauge(&Key::from_name("one"), &METADATA)
            .set(9.0);
        counter.increment(1);
        again.increment(1);
        assert!(registry.text().contains("\none 2\n"));
        for label in 0..MOST_SERIES + 10 {
            let key = Key::from_parts("many", vec![metrics::Label::new("n", label.to_string())]);
            registry.register_counter(&key, &METADATA).increment(1);
        }
        let most = registry
            .text()
            .lines()
            .filter(|line| line.starts_with("many{"))
            .count();
        assert_eq!(most, MOST_SERIES - 1);
    }

    #[test]
    fn the_text_has_types_help_escapes_and_buckets_that_grow() {
        let registry = Registry::default();
        let place = metrics::Label::new("place", "a \"b\"\\\n");
        let key = |name| Key::from_parts(name, vec![place.clone()]);
        registry.describe_counter("a_total".into(), None, "Two\nlines.".into());
        registry
            .register_counter(&key("a_total"), &METADATA)
            .increment(7);
        registry
            .register_gauge(&Key::from_name("b"), &METADATA)
            .set(-0.5);
        let histogram = registry.register_histogram(&key("c_leaves"), &METADATA);
        [1.0, 3.0, 1e9]
            .iter()
            .for_each(|leaves| histogram.record(*leaves));
        let text = registry.text();
        let place = r#"place="a \"b\"\\\n""#;
        let beginning = format!(
            "# HELP a_total Two\\nlines.\n# TYPE a_total counter\na_total{{{place}}} 7\n\
             # TYPE b gauge\nb -0.5\n# TYPE c_leaves histogram\n\
             c_leaves_bucket{{{place},le=\"1\"}} 1\nc_leaves_bucket{{{place},le=\"4\"}} 2\n"
        );
        assert!(text.starts_with(&beginning), "{text}");
        let end = format!(
            "c_leaves_bucket{{{place},le=\"16777216\"}} 2\n\
             c_leaves_bucket{{{place},le=\"+Inf\"}} 3\nc_leaves_sum{{{place}}} 1000000004\n\
             c_leaves_count{{{place}}} 3\n"
        );
        assert!(text.ends_with(&end), "{text}");
    }
}
