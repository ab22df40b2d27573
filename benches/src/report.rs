//! The table: one line per case, as Markdown.

use std::fmt;
use std::io::{self, Write};

use crate::measure::{Samples, Spread};

/// One line of a row's table. A column that does not apply is empty.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// The heading of a table that begins with this line.
    table: Option<String>,
    case: String,
    ours: String,
    peer: String,
    versus_peer: String,
    limit: String,
    versus_limit: String,
    goal: String,
}

/// The unit in which seconds per operation are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Operations per second.
    Rate,
    /// Time per operation.
    Time,
}

impl Unit {
    /// The samples of rounds of `operations` each.
    #[must_use]
    pub fn show(self, samples: &Samples, operations: u64) -> String {
        match self {
            Self::Rate => shown(samples.rate(operations), rate),
            Self::Time => shown(samples.per(operations), seconds),
        }
    }
}

impl Line {
    /// A line about one case.
    #[must_use]
    pub fn new(case: impl Into<String>) -> Self {
        Self {
            case: case.into(),
            ..Self::default()
        }
    }

    /// Begins another table of the row with this line.
    #[must_use]
    pub fn begins(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// Our result, without rounds of another contender.
    #[must_use]
    pub fn ours(mut self, text: impl Into<String>) -> Self {
        self.ours = text.into();
        self
    }

    /// The peer's result.
    #[must_use]
    pub fn peer(mut self, text: impl Into<String>) -> Self {
        self.peer = text.into();
        self
    }

    /// The limit of the machine.
    #[must_use]
    pub fn limit(mut self, text: impl Into<String>) -> Self {
        self.limit = text.into();
        self
    }

    /// The rounds of ours, the peer and the limit, of `operations` each, and our speedups.
    #[must_use]
    pub fn samples(
        mut self,
        unit: Unit,
        operations: u64,
        ours: &Samples,
        peer: Option<&Samples>,
        limit: Option<&Samples>,
    ) -> Self {
        self.ours = unit.show(ours, operations);
        if let Some(peer) = peer {
            self.peer = unit.show(peer, operations);
            self.versus_peer = shown(ours.speedup_over(peer), times);
        }
        if let Some(limit) = limit {
            self.limit = unit.show(limit, operations);
            self.versus_limit = shown(ours.speedup_over(limit), times);
        }
        self
    }

    /// A ratio to the peer that is not one of speeds.
    #[must_use]
    pub fn versus_peer(mut self, ratio: f64) -> Self {
        self.versus_peer = times(ratio);
        self
    }

    /// A ratio to the limit that is not one of speeds.
    #[must_use]
    pub fn versus_limit(mut self, ratio: f64) -> Self {
        self.versus_limit = times(ratio);
        self
    }

    /// The goal, and whether this run met it.
    #[must_use]
    pub fn goal(mut self, text: &str, met: bool) -> Self {
        let verdict = if met { "met" } else { "short" };
        self.goal = format!("{text}: {verdict}");
        self
    }

    fn cells(&self) -> [&str; 7] {
        [
            &self.case,
            &self.ours,
            &self.peer,
            &self.versus_peer,
            &self.limit,
            &self.versus_limit,
            &self.goal,
        ]
    }
}

const HEADINGS: [&str; 7] = [
    "case",
    "ours",
    "peer",
    "ours : peer",
    "limit",
    "ours : limit",
    "target",
];

/// Writes a row's heading and its tables. Columns that no line of a table uses are left out.
///
/// # Errors
/// Those of `out`.
pub fn write_table(out: &mut impl Write, title: &str, lines: &[Line]) -> io::Result<()> {
    writeln!(out, "### {title}\n")?;
    for lines in lines.chunk_by(|_, next| next.table.is_none()) {
        if let Some(table) = lines.first().and_then(|line| line.table.as_ref()) {
            writeln!(out, "#### {table}\n")?;
        }
        write_lines(out, lines)?;
    }
    Ok(())
}

fn write_lines(out: &mut impl Write, lines: &[Line]) -> io::Result<()> {
    let used: Vec<usize> = (0..HEADINGS.len())
        .filter(|&column| column == 0 || lines.iter().any(|line| !line.cells()[column].is_empty()))
        .collect();
    let mut write_cells = |cells: &[&str; 7]| {
        let cells: Vec<&str> = used.iter().map(|&column| cells[column]).collect();
        writeln!(out, "| {} |", cells.join(" | "))
    };
    write_cells(&HEADINGS)?;
    write_cells(&["---"; 7])?;
    for line in lines {
        write_cells(&line.cells())?;
    }
    writeln!(out)
}

/// The median with a unit, and the spread where it shows in the printed digits.
pub fn shown(spread: Spread, unit: impl Fn(f64) -> String) -> String {
    let [median, min, max] = [spread.median, spread.min, spread.max].map(unit);
    if min == max {
        median
    } else {
        format!("{median} ({min} .. {max})")
    }
}

/// A number per second.
#[must_use]
pub fn rate(value: f64) -> String {
    scaled(
        value,
        &[(1e9, "G/s"), (1e6, "M/s"), (1e3, "k/s"), (1.0, "/s")],
    )
}

/// A number of seconds.
#[must_use]
pub fn seconds(value: f64) -> String {
    scaled(
        value,
        &[(1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")],
    )
}

/// A number of bytes.
#[must_use]
pub fn bytes(value: f64) -> String {
    scaled(
        value,
        &[
            ((1_u64 << 30) as f64, "GiB"),
            ((1_u64 << 20) as f64, "MiB"),
            ((1_u64 << 10) as f64, "KiB"),
            (1.0, "B"),
        ],
    )
}

/// A ratio.
#[must_use]
pub fn times(value: f64) -> String {
    format!("{}x", Digits(value))
}

fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let fitting = units.iter().find(|(size, _)| value.abs() >= *size);
    let (size, name) = fitting.or(units.last()).copied().unwrap_or((1.0, ""));
    format!("{} {name}", Digits(value / size))
}

/// Three digits that matter.
struct Digits(f64);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = match self.0.abs() {
            value if value >= 99.95 => 0,
            value if value >= 9.995 => 1,
            _ => 2,
        };
        write!(f, "{:.decimals$}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        assert_eq!(seconds(0.000_000_123_4), "123 ns");
        assert_eq!(seconds(1.5), "1.50 s");
        assert_eq!(rate(61_234_567.0), "61.2 M/s");
        assert_eq!(bytes(1536.0), "1.50 KiB");
        assert_eq!(times(99.99), "100x");
        assert_eq!(seconds(0.0), "0.00 ns");
    }

    #[test]
    fn the_spread_is_shown_where_it_can_be_seen() {
        let wide = Spread::of([1.0, 2.0, 4.0]);
        assert_eq!(shown(wide, times), "2.00x (1.00x .. 4.00x)");
        let narrow = Spread::of([2.0, 2.000_1]);
        assert_eq!(shown(narrow, times), "2.00x");
    }

    #[test]
    fn empty_columns_are_left_out() {
        let lines = [Line::new("a").ours("1"), Line::new("b").goal("more", false)];
        let mut out = Vec::new();
        write_table(&mut out, "title", &lines).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "### title\n\n| case | ours | target |\n| --- | --- | --- |\n| a | 1 |  |\n| b |  | more: short |\n\n"
        );
    }

    #[test]
    fn a_line_begins_another_table() {
        let lines = [Line::new("a"), Line::new("b").begins("more").ours("1")];
        let mut out = Vec::new();
        write_table(&mut out, "title", &lines).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "### title\n\n| case |\n| --- |\n| a |\n\n\
             #### more\n\n| case | ours |\n| --- | --- |\n| b | 1 |\n\n"
        );
    }
}
