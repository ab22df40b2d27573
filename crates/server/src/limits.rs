//! [`Limits`]: how much of everything the server takes at once.

use std::time::Duration;

/// Declares the limits with their defaults. `docs/server.md` has the same table.
macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident: $Type:ty = $default:expr, $text:literal;)*) => {
        /// How much of everything the server takes at once. Beyond a limit a request is refused,
        /// and never kept in a queue without a bound.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct Limits {
            $($(#[$doc])* pub $name: $Type,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Limits {
            /// Name and default of each limit, as the page has them.
            #[cfg(test)]
            const TABLE: &'static [(&'static str, &'static str)] =
                &[$((stringify!($name), $text),)*];
        }
    };
}

limits! {
    /// Connections at once.
    connections: usize = 1024, "1,024";
    /// Followers of heads at once, out of the connections.
    followers: usize = 256, "256";
    /// Calls of the tree that run at once, each on a thread that may block.
    calls: usize = 8, "8";
    /// Calls of the tree that wait for one of these threads.
    waiting_calls: usize = 1024, "1,024";
    /// Appends at once, waiting for the disk or for their turn.
    appends: usize = 4096, "4,096";
    /// Bytes of one body.
    body_bytes: usize = 8 << 20, "8 MiB";
    /// Bytes of all bodies at once.
    bodies_bytes: usize = 64 << 20, "64 MiB";
    /// Bytes of the proofs of one answer.
    answer_bytes: usize = 32 << 20, "32 MiB";
    /// Bytes of all long answers that clients have yet to take. Answers up to 64 KiB always come.
    answers_bytes: usize = 256 << 20, "256 MiB";
    /// Leaves of one append.
    append_leaves: usize = 1 << 16, "65,536";
    /// Leaves of one answer.
    read_leaves: u64 = 1 << 14, "16,384";
    /// Proofs of one answer, or leaves of one proof.
    proofs: usize = 1024, "1,024";
    /// Leaves that are read to find one without an index.
    scan_leaves: u64 = 1 << 20, "1,048,576";
    /// Header fields of a request.
    headers: usize = 64, "64";
    /// Bytes of the header fields of a request.
    header_bytes: usize = 16 << 10, "16 KiB";
    /// Bytes of path and query.
    uri_bytes: usize = 4 << 10, "4 KiB";
    /// Time for the head of a request, idle time of a connection included.
    head_time: Duration = Duration::from_secs(30), "30 s";
    /// Time for a body to come.
    body_time: Duration = Duration::from_secs(30), "30 s";
    /// Time for an answer to be made.
    answer_time: Duration = Duration::from_secs(30), "30 s";
    /// Time for which a client may take no byte of an answer.
    stall_time: Duration = Duration::from_secs(30), "30 s";
    /// Time for answers under way, once the server stops.
    stop_time: Duration = Duration::from_secs(30), "30 s";
    /// A view that has not been refreshed for longer is not ready.
    lag_time: Duration = Duration::from_secs(10), "10 s";
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn the_page_has_every_limit_with_its_default_and_no_other() {
        let page = include_str!("../../../docs/server.md");
        let section = page.split("\n## Limits\n").nth(1).unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows: Vec<Vec<&str>> = section
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.split('|').map(str::trim).take(3).skip(1).collect())
            .collect();
        let table: Vec<Vec<String>> = Limits::TABLE
            .iter()
            .map(|(name, default)| vec![format!("`{name}`"), (*default).to_owned()])
            .collect();
        assert_eq!(rows, table);
    }
}
