//! [`svg`]: bars, for a page.

/// Bars with their names and values, the longest as wide as the chart.
pub(super) fn svg(bars: &[(&str, f64)]) -> String {
    const HEIGHT: usize = 26;
    const WIDTH: f64 = 400.0;
    let most = bars
        .iter()
        .map(|(_, value)| *value)
        .fold(f64::MIN_POSITIVE, f64::max);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"{}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n",
        HEIGHT * bars.len() + 10
    );
    for (row, (name, value)) in bars.iter().enumerate() {
        let top = row * HEIGHT + 5;
        let width = value / most * WIDTH;
        let end = 240.0 + width + 6.0;
        text += &format!(
            "<text x=\"232\" y=\"{}\" text-anchor=\"end\">{name}</text>\
             <rect x=\"240\" y=\"{top}\" width=\"{width:.1}\" height=\"18\" fill=\"#4a7ebb\"/>\
             <text x=\"{end:.1}\" y=\"{}\">{value:.2} M/s</text>\n",
            top + 14,
            top + 14
        );
    }
    text + "</svg>\n"
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_longest_bar_is_as_wide_as_the_chart() {
        let svg = super::svg(&[("a", 1.0), ("b", 4.0)]);
        assert!(svg.contains("width=\"100.0\" height=\"18\""), "{svg}");
        assert!(svg.contains("width=\"400.0\" height=\"18\""), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }
}
