//! Line charts as SVG.

use std::fmt::Write;

/// A line of a chart.
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Points from left to right.
    pub points: Vec<(f64, f64)>,
}

/// One chart.
pub struct Panel {
    /// Heading.
    pub title: String,
    /// What stands along x.
    pub x: String,
    /// What stands along y.
    pub y: String,
    /// Whether x is logarithmic.
    pub logarithmic: bool,
    /// Lowest and highest y.
    pub range: (f64, f64),
    /// Lines.
    pub series: Vec<Series>,
}

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 330.0;
/// Left, right, top, bottom margins of a panel.
const MARGINS: [f64; 4] = [58.0, 14.0, 34.0, 48.0];
/// Okabe and Ito: told apart by everybody.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// The charts, two in a row.
pub fn svg(panels: &[Panel]) -> String {
    let rows = panels.len().div_ceil(2);
    let (width, height) = (2.0 * WIDTH, rows as f64 * HEIGHT);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    for (at, panel) in panels.iter().enumerate() {
        let (x, y) = ((at % 2) as f64 * WIDTH, (at / 2) as f64 * HEIGHT);
        let _ = writeln!(out, "<g transform=\"translate({x} {y})\">");
        draw(&mut out, panel);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, panel: &Panel) {
    let [left, right, top, bottom] = MARGINS;
    let scale = |x: f64| if panel.logarithmic { x.log10() } else { x };
    let all = || panel.series.iter().flat_map(|s| &s.points).map(|p| scale(p.0));
    let (first, last) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let place_x = |x: f64| left + (scale(x) - first) / (last - first).max(1e-12) * (WIDTH - left - right);
    let (low, high) = panel.range;
    let place_y = |y: f64| HEIGHT - bottom - (y - low) / (high - low) * (HEIGHT - top - bottom);
    let mut text = |x: f64, y: f64, anchor: &str, more: &str, text: &str| {
        let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{more}>{text}</text>");
    };
    let middle = left + (WIDTH - left - right) / 2.0;
    text(middle, 20.0, "middle", " font-weight=\"bold\"", &panel.title);
    text(middle, HEIGHT - 10.0, "middle", "", &panel.x);
    let turned = format!(" transform=\"rotate(-90 14 {0})\"", HEIGHT / 2.0);
    text(14.0, HEIGHT / 2.0, "middle", &turned, &panel.y);
    let (mut lines, mut curves) = (String::new(), String::new());
    let mut rule = |x1: f64, y1: f64, x2: f64, y2: f64, colour: &str| {
        let _ =
            writeln!(lines, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>");
    };
    for tick in 0..=5 {
        let y = low + (high - low) * f64::from(tick) / 5.0;
        rule(left, place_y(y), WIDTH - right, place_y(y), "#ddd");
        text(left - 6.0, place_y(y) + 4.0, "end", "", &format!("{y:.2}"));
    }
    let ticks: Vec<f64> = if panel.logarithmic {
        (first.ceil() as i32..=last.floor() as i32).map(|e| 10f64.powi(e)).collect()
    } else {
        (first.ceil() as i32..=last.floor() as i32).map(f64::from).collect()
    };
    for x in ticks {
        rule(place_x(x), HEIGHT - bottom, place_x(x), HEIGHT - bottom + 5.0, "black");
        text(place_x(x), HEIGHT - bottom + 18.0, "middle", "", &format!("{x}"));
    }
    rule(left, HEIGHT - bottom, WIDTH - right, HEIGHT - bottom, "black");
    for (at, series) in panel.series.iter().enumerate() {
        let (colour, y) = (COLOURS[at % COLOURS.len()], HEIGHT - bottom - 12.0 - 15.0 * at as f64);
        text(left + 30.0, y + 4.0, "start", "", &series.name);
        rule(left + 8.0, y, left + 26.0, y, colour);
        let clipped = |y: f64| place_y(y.clamp(low, high));
        let points: Vec<String> =
            series.points.iter().map(|(x, y)| format!("{:.1},{:.1}", place_x(*x), clipped(*y))).collect();
        let _ = writeln!(
            curves,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
        for (x, y) in &series.points {
            let _ = writeln!(
                curves,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                place_x(*x),
                clipped(*y)
            );
        }
    }
    out.push_str(&lines);
    out.push_str(&curves);
}
