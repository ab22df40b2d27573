//! The text format of Prometheus, version 0.0.4.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    sync::atomic::Ordering,
};

use metrics::Key;

use super::family::{Family, Kind, Series};

/// The text of all metrics.
pub(super) fn of(families: &BTreeMap<String, Family>) -> String {
    let mut text = String::new();
    for (name, family) in families {
        if !family.series.is_empty() {
            // A string takes everything that is written to it.
            let _ = write_family(&mut text, name, family);
        }
    }
    text
}

fn write_family(text: &mut String, name: &str, family: &Family) -> fmt::Result {
    if !family.help.is_empty() {
        writeln!(
            text,
            "# HELP {name} {}",
            escaped(&family.help, &['\\', '\n'])
        )?;
    }
    let kind = match family.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    writeln!(text, "# TYPE {name} {kind}")?;
    for (labels, series) in &family.series {
        write_series(text, name, labels, series)?;
    }
    Ok(())
}

fn write_series(text: &mut String, name: &str, labels: &str, series: &Series) -> fmt::Result {
    let in_braces = |more: &str| match (labels, more) {
        ("", "") => String::new(),
        ("", one) | (one, "") => format!("{{{one}}}"),
        (labels, more) => format!("{{{labels},{more}}}"),
    };
    let own = in_braces("");
    match series {
        Series::Counter(value) => {
            writeln!(text, "{name}{own} {}", value.load(Ordering::Relaxed))
        }
        Series::Gauge(bits) => {
            let value = f64::from_bits(bits.load(Ordering::Relaxed));
            writeln!(text, "{name}{own} {}", number(value))
        }
        Series::Histogram(buckets) => {
            let mut count = 0;
            let mut outcome = Ok(());
            buckets.cumulative(|bound, up_to| {
                let bound = in_braces(&format!("le=\"{}\"", number(bound)));
                let written = writeln!(text, "{name}_bucket{bound} {up_to}");
                outcome = outcome.and(written);
                count = up_to;
            });
            outcome?;
            writeln!(text, "{name}_sum{own} {}", number(buckets.sum()))?;
            writeln!(text, "{name}_count{own} {count}")
        }
    }
}

fn number(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        value.to_string()
    }
}

/// A name with the characters that Prometheus takes.
pub(super) fn name(name: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':');
    name.chars()
        .map(|letter| if fits(letter) { letter } else { '_' })
        .collect()
}

/// The labels of a key, without braces.
pub(super) fn labels(key: &Key) -> String {
    let labels = key.labels().map(|label| {
        let value = escaped(label.value(), &['\\', '\n', '"']);
        format!("{}=\"{value}\"", name(label.key()).replace(':', "_"))
    });
    labels.collect::<Vec<_>>().join(",")
}

fn escaped(text: &str, special: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            _ if !special.contains(&letter) => escaped.push(letter),
            '\n' => escaped.push_str("\\n"),
            _ => escaped.extend(['\\', letter]),
        }
    }
    escaped
}
