//! [`Figure`]: small plots side by side, as one SVG file. Both axes are logarithmic.

use std::fmt::Write;

/// One plot.
#[derive(Clone, Debug)]
pub struct Plot {
    /// What stands above it: the quantity and its unit.
    pub title: String,
    /// The name and the points of each line.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
}

/// Plots that share the horizontal axis.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The quantity on the horizontal axis.
    pub across: String,
    /// The plots, three in a row.
    pub plots: Vec<Plot>,
}

const COLUMNS: usize = 3;
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 220.0;
/// Around the area of the points: left, top, right, bottom.
const MARGINS: [f64; 4] = [52.0, 30.0, 12.0, 36.0];
/// One for each line; they can be told apart on white and on black.
const COLORS: [&str; 4] = ["#2a7fd4", "#d4662a", "#3a9a4c", "#9a5fc4"];

impl Figure {
    /// The text of the SVG file.
    #[must_use]
    pub fn svg(&self) -> String {
        let rows = self.plots.len().div_ceil(COLUMNS);
        let (width, height) = (WIDTH * COLUMNS as f64, HEIGHT * rows as f64);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"sans-serif\" font-size=\"10\" fill=\"#777\">\n"
        );
        for (number, plot) in self.plots.iter().enumerate() {
            let (column, row) = (number % COLUMNS, number / COLUMNS);
            let (x, y) = (column as f64 * WIDTH, row as f64 * HEIGHT);
            push(
                &mut out,
                format_args!("<g transform=\"translate({x} {y})\">\n"),
            );
            plot.draw(&mut out, &self.across);
            out.push_str("</g>\n");
        }
        out.push_str("</svg>\n");
        out
    }
}

impl Plot {
    fn draw(&self, out: &mut String, across: &str) {
        let [left, top, right, bottom] = MARGINS;
        let points = || {
            self.lines
                .iter()
                .flat_map(|(_, points)| points)
                .filter(|p| p.1 > 0.0)
        };
        let x = Axis::over(points().map(|point| point.0), [left, WIDTH - right]);
        let y = Axis::over(points().map(|point| point.1), [HEIGHT - bottom, top]);
        let (title, middle, below) = (escaped(&self.title), WIDTH / 2.0, HEIGHT - 6.0);
        push(
            out,
            format_args!(
                "<text x=\"{middle}\" y=\"14\" text-anchor=\"middle\" font-size=\"12\">{title}</text>\n\
             <text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{}</text>\n",
                escaped(across)
            ),
        );
        let (low, high) = (HEIGHT - bottom, WIDTH - right);
        for power in x.powers() {
            let (at, under) = (x.place(power), low + 13.0);
            push(
                out,
                format_args!(
                    "<path d=\"M{at:.1} {low}V{top}\" stroke=\"#7774\"/>\
                 <text x=\"{at:.1}\" y=\"{under}\" text-anchor=\"middle\">{}</text>\n",
                    short(power)
                ),
            );
        }
        for power in y.powers() {
            let (at, beside) = (y.place(power), left - 5.0);
            push(
                out,
                format_args!(
                    "<path d=\"M{left} {at:.1}H{high}\" stroke=\"#7774\"/>\
                 <text x=\"{beside}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
                    at + 3.0,
                    short(power)
                ),
            );
        }
        for (number, (name, points)) in self.lines.iter().enumerate() {
            let color = COLORS[number % COLORS.len()];
            let shown = points.iter().filter(|point| point.1 > 0.0);
            let placed =
                shown.map(|&(across, up)| format!("{:.1},{:.1}", x.place(across), y.place(up)));
            let placed: Vec<String> = placed.collect();
            push(
                out,
                format_args!(
                    "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\" points=\"{}\"/>\n",
                    placed.join(" ")
                ),
            );
            let (at, height) = (left + 6.0, top + 12.0 + 12.0 * number as f64);
            push(
                out,
                format_args!(
                    "<text x=\"{at}\" y=\"{height}\" fill=\"{color}\">{}</text>\n",
                    escaped(name)
                ),
            );
        }
    }
}

/// A logarithmic axis: the powers of ten around the values, and where it is drawn.
#[derive(Clone, Copy, Debug)]
struct Axis {
    powers: [i32; 2],
    ends: [f64; 2],
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>, ends: [f64; 2]) -> Self {
        let (least, most) = values.fold((f64::MAX, f64::MIN_POSITIVE), |(least, most), value| {
            (least.min(value), most.max(value))
        });
        // Without a value both are those of one.
        let least = least.min(most).max(1e-12).log10().floor() as i32;
        let most = (most.max(1e-12).log10().ceil() as i32).max(least + 1);
        Self {
            powers: [least, most],
            ends,
        }
    }

    fn powers(self) -> impl Iterator<Item = f64> {
        (self.powers[0]..=self.powers[1]).map(|power| 10_f64.powi(power))
    }

    fn place(self, value: f64) -> f64 {
        let [least, most] = self.powers.map(f64::from);
        let share = (value.log10() - least) / (most - least);
        self.ends[0] + share * (self.ends[1] - self.ends[0])
    }
}

/// A power of ten in few characters.
fn short(value: f64) -> String {
    let units = [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];
    match units.iter().find(|(size, _)| value >= *size * 0.999) {
        Some((size, name)) => format!("{:.0}{name}", value / size),
        None => format!("{value}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_between_the_powers_of_ten_around_them() {
        let axis = Axis::over([20.0, 3_000.0].into_iter(), [100.0, 400.0]);
        assert_eq!(axis.powers().collect::<Vec<_>>(), [10.0, 100.0, 1e3, 1e4]);
        assert_eq!(
            [10.0, 100.0, 1e4].map(|value| axis.place(value)),
            [100.0, 200.0, 400.0]
        );
    }

    #[test]
    fn a_line_has_its_points_and_its_name_and_zeros_are_left_out() {
        let line = (
            "a < b".to_owned(),
            vec![(1.0, 1.0), (10.0, 0.0), (10.0, 10.0)],
        );
        let plot = Plot {
            title: "t".to_owned(),
            lines: vec![line],
        };
        let svg = Figure {
            across: "leaves".to_owned(),
            plots: vec![plot],
        }
        .svg();
        assert!(svg.contains("points=\"52.0,184.0 288.0,30.0\""), "{svg}");
        assert!(svg.contains(">a &lt; b</text>"));
        assert_eq!(svg.matches("<g").count(), svg.matches("</g>").count());
    }

    #[test]
    fn a_plot_without_points_is_drawn_empty() {
        let plot = Plot {
            title: "t".to_owned(),
            lines: Vec::new(),
        };
        let svg = Figure {
            across: "leaves".to_owned(),
            plots: vec![plot],
        }
        .svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
