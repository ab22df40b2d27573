//! [`Bars`]: panels of horizontal bars, two in a row, as one SVG file.

use std::fmt::Write;

use crate::report::rate;

/// Bars about one quantity. A longer bar is better.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What is counted.
    pub title: String,
    /// The name of each bar, and how often a second.
    pub bars: Vec<(String, f64)>,
}

/// Panels in one file.
#[derive(Clone, Debug, Default)]
pub struct Bars {
    /// The panels, two in a row.
    pub panels: Vec<Panel>,
}

const COLUMNS: usize = 2;
const WIDTH: f64 = 450.0;
/// From the left: the names, the bars, the numbers.
const NAMES: f64 = 190.0;
const LONGEST: f64 = 185.0;
const HEADING: f64 = 30.0;
const BAR: f64 = 16.0;
/// Ours, and others: they can be told from each other on white and on black.
const COLORS: [&str; 2] = ["#2a7fd4", "#999"];

impl Bars {
    /// The text of the SVG file. Bars whose name starts with `ours` have a colour of their own.
    #[must_use]
    pub fn svg(&self, ours: &str) -> String {
        let most = self.panels.iter().map(|panel| panel.bars.len()).max();
        let height = HEADING + BAR * most.unwrap_or(0) as f64 + 10.0;
        let rows = self.panels.len().div_ceil(COLUMNS) as f64;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" \
             font-family=\"sans-serif\" font-size=\"11\" fill=\"#777\">\n",
            WIDTH * COLUMNS as f64,
            height * rows
        );
        for (number, panel) in self.panels.iter().enumerate() {
            let x = (number % COLUMNS) as f64 * WIDTH;
            let y = (number / COLUMNS) as f64 * height;
            // Writing to a string does not fail.
            let _ = writeln!(out, "<g transform=\"translate({x} {y})\">");
            panel.draw(&mut out, ours);
            out.push_str("</g>\n");
        }
        out.push_str("</svg>\n");
        out
    }
}

impl Panel {
    fn draw(&self, out: &mut String, ours: &str) {
        let _ = writeln!(
            out,
            "<text x=\"10\" y=\"18\" font-size=\"13\">{}</text>",
            escaped(&self.title)
        );
        let most = self.bars.iter().map(|bar| bar.1).fold(0.0, f64::max);
        for (number, (name, value)) in self.bars.iter().enumerate() {
            let top = HEADING + BAR * number as f64;
            let length = if most > 0.0 {
                LONGEST * value / most
            } else {
                0.0
            };
            let color = COLORS[usize::from(!name.starts_with(ours))];
            let (before, line, behind) = (NAMES - 6.0, top + 11.0, NAMES + length + 5.0);
            let _ = writeln!(
                out,
                "<text x=\"{before}\" y=\"{line}\" text-anchor=\"end\">{}</text>\n\
                 <rect x=\"{NAMES}\" y=\"{top}\" width=\"{length:.1}\" height=\"13\" \
                 fill=\"{color}\"/>\n\
                 <text x=\"{behind:.1}\" y=\"{line}\">{}</text>",
                escaped(name),
                rate(*value)
            );
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_has_the_longest_bar_and_ours_another_colour() {
        let bars = [("ours", 4e6), ("a & b", 1e6)].map(|(name, value)| (name.to_owned(), value));
        let panel = Panel {
            title: "leaves".to_owned(),
            bars: bars.to_vec(),
        };
        let svg = Bars {
            panels: vec![panel],
        }
        .svg("ours");
        assert!(
            svg.contains("width=\"185.0\" height=\"13\" fill=\"#2a7fd4\""),
            "{svg}"
        );
        assert!(
            svg.contains("width=\"46.2\" height=\"13\" fill=\"#999\""),
            "{svg}"
        );
        assert!(svg.contains("a &amp; b") && svg.contains("4.00 M/s"));
    }

    #[test]
    fn a_panel_without_bars_is_drawn_empty() {
        let panel = Panel {
            title: String::new(),
            bars: Vec::new(),
        };
        let svg = Bars {
            panels: vec![panel],
        }
        .svg("ours");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
