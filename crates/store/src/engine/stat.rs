//! [`Stat`]: a field of the statistics, as text and serialized. [`stats!`]: a struct of them, and
//! their metrics.

use std::{fmt, sync::Arc, time::Duration};

/// The value of a field.
pub(super) trait Stat {
    /// The value in a line of text; `None` leaves it out.
    fn text(&self) -> Option<String>;

    #[cfg(feature = "serde")]
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>
    where
        Self: Sized;
}

/// Writes a [`Stat`] as the text of one type, and serializes it as the value of another.
macro_rules! stat {
    ($type:ty $(where $error:ident)?; |$value:ident| $text:expr, $serialized:expr) => {
        impl$(<$error: fmt::Display>)? Stat for $type {
            fn text(&self) -> Option<String> {
                let $value = self;
                $text
            }

            #[cfg(feature = "serde")]
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self;
                serde::Serialize::serialize(&$serialized, serializer)
            }
        }
    };
}

stat!(u64; |number| Some(number.to_string()), number);
stat!(Duration; |time| Some(format!("{time:?}")), time.as_secs_f64());
stat!(Option<Duration>; |time| time.as_ref()?.text(), time.map(|time| time.as_secs_f64()));
stat!(
    Vec<(&'static str, u64)>;
    |counters| (!counters.is_empty()).then(|| {
        let pairs = counters.iter().map(|(name, value)| format!("{name}:{value}"));
        pairs.collect::<Vec<_>>().join(",")
    }),
    counters.iter().copied().collect::<std::collections::BTreeMap<_, _>>()
);
stat!(
    Option<Arc<E>> where E;
    |error| Some(format!("{:?}", error.as_ref()?.to_string())),
    error.as_ref().map(ToString::to_string)
);

/// The metric of a field, if the field has one; with a value, what the field tells of it.
#[cfg(feature = "metrics")]
macro_rules! metric {
    ([] $($rest:tt)*) => { None };
    ([Flag $name:literal] $help:expr) => { metric!([Gauge $name] $help) };
    ([$kind:ident $name:literal] $help:expr) => {
        Some(Description { kind: Kind::$kind, name: $name, help: $help })
    };
    ([Flag $name:literal] = $value:expr) => { Some(Reading::Number(u64::from($value.is_some()))) };
    ([Time $name:literal] = $value:expr) => { Some(Reading::Age($value)) };
    ([$number:ident $name:literal] = $value:expr) => { Some(Reading::Number($value)) };
}
#[cfg(feature = "metrics")]
pub(super) use metric;

/// Makes a struct of public fields that are [`Stat`]s. Its `Display` is one line of `name=value`
/// pairs with the names of the fields. A field may have a metric: a `Counter` or a `Gauge` of a
/// number, a `Flag` of whether the field has a value, a `Time` of an age.
macro_rules! stats {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident { $(
            $(#[doc = $doc:literal])*
            $field:ident: $type:ty $(=> $kind:ident $metric:literal)?,
        )+ }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[doc = $doc])*
                #[cfg_attr(feature = "serde", serde(serialize_with = "Stat::serialize"))]
                pub $field: $type,
            )+
        }

        #[cfg(feature = "metrics")]
        impl $name {
            /// The metrics of the fields. An exporter shows the documentation of the field.
            pub(super) const METRICS: &'static [Option<Description>] =
                &[$(metric!([$($kind $metric)?] concat!($($doc),*))),+];

            /// Their values, in the same order.
            pub(super) fn readings(&self) -> Vec<Option<Reading>> {
                vec![$(metric!([$($kind $metric)?] = self.$field)),+]
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let fields = [$((stringify!($field), self.$field.text())),+];
                let texts = fields.into_iter().filter_map(|(name, text)| Some((name, text?)));
                let pairs: Vec<String> = texts.map(|(name, text)| format!("{name}={text}")).collect();
                f.write_str(&pairs.join(" "))
            }
        }
    };
}
pub(super) use stats;
