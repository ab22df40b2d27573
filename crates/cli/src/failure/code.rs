//! [`Code`]: the exit codes.

/// Declares the codes with their numbers, names and meanings, and what to do next where a failure
/// knows no better. `docs/cli.md` has the same table.
macro_rules! codes {
    ($($Name:ident = $number:literal, $text:literal, $meaning:literal, $next:literal;)*) => {
        /// What kind of failure a command ended with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $(#[doc = $meaning] $Name,)*
        }

        impl Code {
            /// The number that the process exits with.
            pub(crate) fn number(self) -> u8 {
                match self { $(Self::$Name => $number,)* }
            }

            /// The word in JSON.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$Name => $text,)* }
            }

            /// What to do next. `None` where the failure is an answer.
            pub(crate) fn next(self) -> Option<&'static str> {
                let next = match self { $(Self::$Name => $next,)* };
                Some(next).filter(|next| !next.is_empty())
            }

            /// Number, word, meaning and next step of each code.
            #[cfg(test)]
            const TABLE: &'static [(u8, &'static str, &'static str, &'static str)] =
                &[$(($number, $text, $meaning, $next),)*];
        }
    };
}

codes! {
    No = 1, "no", "the answer is no: a proof does not hold, a leaf is not there", "";
    Usage = 2, "usage", "the command line is not understood, or asks for what cannot be",
        "`rotortree COMMAND --help` says what a command takes";
    Input = 3, "input", "the input has no leaf, proof or number where one is wanted, or changed",
        "mend the input, and give the command again";
    Place = 4, "place", "the place has no tree, has one already, or holds something else",
        "name another place; nothing was changed there";
    InUse = 5, "in-use", "another process has the tree open for writing",
        "wait for the other process, or use a command that only reads, which needs no lock";
    Damaged = 6, "damaged", "stored bytes are damaged or missing",
        "restore a backup with `rotortree restore`, and check the device";
    Differs = 7, "differs", "the tree has other leaves or another head than expected",
        "find out which of the two is right before anything is changed";
    System = 8, "system", "the system refuses: no room, no rights, a read-only place, a device",
        "mend that, and give the command again; nothing durable is lost";
    Interrupted = 130, "interrupted", "Ctrl-C; what was reported durable is",
        "give the command again";
    Terminated = 143, "terminated", "SIGTERM; what was reported durable is",
        "give the command again";
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn the_page_has_every_code_and_no_other() {
        let page = include_str!("../../../../docs/cli.md");
        let section = page.split("\n## Exit codes\n").nth(1).unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows: Vec<&str> = section
            .lines()
            .filter(|line| line.starts_with("| ") && line.contains("` |"))
            .collect();
        let table: Vec<String> = Code::TABLE
            .iter()
            .map(|(number, name, meaning, next)| {
                let row = format!("| {number} | `{name}` | {meaning} | {next} |");
                row.replace("  ", " ")
            })
            .collect();
        assert_eq!(rows, table);
    }
}
