//! Events through `tracing`, from the threads of callers, and nothing without that feature.

/// An event of this crate: its level, its name and its fields.
#[cfg(feature = "tracing")]
macro_rules! event {
    ($level:ident, $name:literal, $($fields:tt)*) => {
        tracing::event!(
            name: $name,
            target: "rotortree_object_store",
            tracing::Level::$level,
            $($fields)*
        )
    };
}

#[cfg(not(feature = "tracing"))]
macro_rules! event {
    ($level:ident, $name:literal, $($field:ident = $value:expr),* $(,)?) => {{
        $(let _ = &$value;)*
    }};
}

pub(crate) use event;
