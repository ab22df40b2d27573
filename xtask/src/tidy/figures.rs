//! Figures of bench rows stand as the newest results have them: a table of a document that names
//! the row of each figure, `| work | 1.03 M/s | P4 |`, is compared with the section `## P4:` of the
//! newest page that has one.

use super::{Finding, Tree};

const RESULTS: &str = "docs/performance/20";
const UNITS: [&str; 10] = [
    "M/s", "k/s", "s", "ms", "us", "ns", "B", "KiB", "MiB", "GiB",
];

/// Finds figures that the results do not have.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files() {
        let is_told = file.path.ends_with(".md") && !file.path.starts_with("docs/performance/");
        for (line, text) in (1..).zip(file.text.lines()).filter(|_| is_told) {
            let Some((label, figures, row)) = table_row(text) else {
                continue;
            };
            let Some((page, section)) = section(tree, row) else {
                let message = format!("no page of results has the row {row} of `{label}`");
                findings.push(Finding::new(&file.path, line, message));
                continue;
            };
            for figure in figures.iter().flat_map(|cell| of_cell(cell)) {
                if !section.contains(&figure) {
                    let message = format!("`{figure}` is not in {row} of {page}");
                    findings.push(Finding::new(&file.path, line, message));
                }
            }
        }
    }
    findings
}

/// A row of a table whose last cell names a row of the bench: its label, the cells between, and
/// the name.
fn table_row(line: &str) -> Option<(&str, Vec<&str>, &str)> {
    let cells = line.strip_prefix('|')?.trim_end().strip_suffix('|')?;
    let mut cells: Vec<&str> = cells.split('|').map(str::trim).collect();
    let row = cells.pop()?;
    let number = row.strip_prefix('P')?;
    let is_name = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_name && cells.len() > 1).then(|| (cells.remove(0), cells, row))
}

/// The newest section of a row, with the path of its page. Names of pages are dates.
fn section<'a>(tree: &'a Tree, row: &str) -> Option<(&'a str, &'a str)> {
    let heading = format!("\n## {row}:");
    let pages = tree.files().filter(|file| file.path.starts_with(RESULTS));
    let having = pages.filter(|file| file.text.contains(&heading));
    let page = having.max_by_key(|file| &file.path)?;
    let (_, rest) = page.text.split_once(&heading)?;
    let end = rest.find("\n## ").unwrap_or(rest.len());
    Some((&page.path, &rest[..end]))
}

/// The figures of a cell: ratios, and numbers with a unit.
fn of_cell(cell: &str) -> Vec<String> {
    let words: Vec<&str> = cell
        .split([' ', '(', ')', ',', ';'])
        .filter(|word| !word.is_empty())
        .collect();
    let is_number =
        |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) && word.parse::<f64>().is_ok();
    let mut figures = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match words.get(at + 1) {
            Some(unit) if is_number(word) && UNITS.contains(unit) => {
                figures.push(format!("{word} {unit}"));
            }
            _ if word.strip_suffix('x').is_some_and(is_number) => figures.push((*word).to_owned()),
            _ => {}
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: [(&str, &str); 2] = [
        (
            "docs/performance/2026-01-01.md",
            "# Results\n\n## P4: old\n\n| a | 9 us |\n\n## P6: gone since\n\n| a | 7 us |\n",
        ),
        (
            "docs/performance/2026-02-01.md",
            "# Results\n\n## P4: new\n\n| a | 1.03 M/s (1 M/s .. 2 M/s) | 12.6x |\n\n## P5: b\n| 8 us |\n",
        ),
    ];

    fn found(line: &str) -> Vec<String> {
        let tree = Tree::sample(&[&PAGES[..], &[("README.md", line)]].concat());
        let found = check(&tree).into_iter();
        found.map(|finding| finding.message).collect()
    }

    #[test]
    fn figures_of_the_newest_results_pass() {
        for line in [
            "| inserts | 1.03 M/s | 12.6x | P4 |",
            "| inserts of 64 leaves | 1.03 M/s, 12.6x the peer | P4 |",
            "| only the older page has it | 7 us | P6 |",
            "| no figure of a row | 99 us | |",
            "| P4 | `insert` of 3 us | 2x |",
            "P4 with 99 us",
        ] {
            assert_eq!(found(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn other_figures_are_found() {
        for (line, count) in [
            ("| inserts | 1.02 M/s | 12.5x | P4 |", 2),
            ("| of the older page | 9 us | P4 |", 1),
            ("| of another row | 8 us | P4 |", 1),
            ("| with words | 1.03 M/s (135 us each) | P4 |", 1),
            ("| no such row | 1.03 M/s | P9 |", 1),
        ] {
            assert_eq!(found(line).len(), count, "{line}");
        }
    }
}
