//! Charts as SVG: lines, histograms and bands on linear or logarithmic axes, panels two in a row.
//!
//! Written by hand: a chart is a few hundred lines of text that every browser and drawing program reads. Colours
//! are those of Okabe and Ito (Color Universal Design, 2008), told apart by everybody; legends stand above the
//! data, never on them.

mod axis;
mod device;

use std::fmt::Write;

pub use axis::Axis;
pub use device::{DevicePlot, PlotOptions, device_panels};

use super::drawing::escaped;
use axis::Scale;

/// How a series is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// Points `[x, y]` joined from left to right.
    Line(Vec<[f64; 2]>),
    /// The same with a dot on each point.
    Dots(Vec<[f64; 2]>),
    /// Points `[x, low, high]`: the space between is filled.
    Band(Vec<[f64; 3]>),
    /// Equal bins from the first to the second edge, with their heights.
    Bins(f64, f64, Vec<f64>),
}

/// One series of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name in the legend; nothing stands there for an empty one.
    pub name: String,
    /// Number of its colour.
    pub colour: usize,
    /// What is drawn.
    pub mark: Mark,
}

/// One chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Heading.
    pub title: String,
    /// Along the bottom.
    pub x: Axis,
    /// Along the left side.
    pub y: Axis,
    /// What is shown; later series cover earlier ones.
    pub series: Vec<Series>,
}

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 350.0;
/// Left, right and bottom margins of a panel; the top one grows with the legend.
const LEFT: f64 = 62.0;
const RIGHT: f64 = 18.0;
const BOTTOM: f64 = 50.0;
/// Height of the heading and of a line of the legend, length of its sample.
const HEAD: f64 = 30.0;
const LINE: f64 = 16.0;
const SAMPLE: f64 = 18.0;
/// Mean width of a letter of the legend.
const LETTER: f64 = 6.2;
/// Colours of Okabe and Ito that carry lines on white.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

impl Mark {
    fn xs(&self) -> Vec<f64> {
        match self {
            Self::Line(p) | Self::Dots(p) => p.iter().map(|p| p[0]).collect(),
            Self::Band(p) => p.iter().map(|p| p[0]).collect(),
            Self::Bins(low, high, _) => vec![*low, *high],
        }
    }
    fn ys(&self) -> Vec<f64> {
        match self {
            Self::Line(p) | Self::Dots(p) => p.iter().map(|p| p[1]).collect(),
            Self::Band(p) => p.iter().flat_map(|p| [p[1], p[2]]).collect(),
            Self::Bins(_, _, heights) => heights.iter().copied().chain([0.0]).collect(),
        }
    }
}

/// The charts, two in a row.
#[must_use]
pub fn svg(panels: &[Panel]) -> String {
    let columns = panels.len().clamp(1, 2);
    let (width, height) = (columns as f64 * WIDTH, panels.len().div_ceil(columns) as f64 * HEIGHT);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    for (at, panel) in panels.iter().enumerate() {
        let (x, y) = ((at % columns) as f64 * WIDTH, (at / columns) as f64 * HEIGHT);
        // writing to a string cannot fail
        let _ = writeln!(out, "<g transform=\"translate({x} {y})\">");
        draw(&mut out, panel, at);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

/// Where things stand in a panel.
struct Frame {
    top: f64,
    x: Scale,
    y: Scale,
}

impl Frame {
    fn x(&self, v: f64) -> f64 {
        LEFT + self.x.place(v) * (WIDTH - LEFT - RIGHT)
    }
    fn y(&self, v: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(v) * (HEIGHT - BOTTOM - self.top)
    }
    /// Point as text, if it can be shown at all.
    fn point(&self, [x, y]: [f64; 2]) -> Option<String> {
        let (x, y) = (self.x(x), self.y(y));
        // far outside is as good as anywhere outside: drawing programs dislike huge numbers
        (x.is_finite() && y.is_finite()).then(|| format!("{x:.1},{:.1}", y.clamp(-1e4, 1e4)))
    }
}

fn text(out: &mut String, [x, y]: [f64; 2], anchor: &str, more: &str, words: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{more}>{}</text>", escaped(words));
}

fn rule(out: &mut String, [x1, y1, x2, y2]: [f64; 4], style: &str) {
    let _ = writeln!(out, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {style}/>");
}

fn draw(out: &mut String, panel: &Panel, number: usize) {
    let places = legend_places(panel);
    let rows = places.last().map_or(0.0, |p| p[1] + 1.0);
    let frame = Frame {
        top: HEAD + rows * LINE + 6.0,
        x: Scale::new(&panel.x, panel.series.iter().flat_map(|s| s.mark.xs()), false),
        y: Scale::new(&panel.y, panel.series.iter().flat_map(|s| s.mark.ys()), true),
    };
    let foot = HEIGHT - BOTTOM;
    let middle = 0.5 * (LEFT + WIDTH - RIGHT);
    text(out, [middle, 20.0], "middle", " font-weight=\"bold\"", &panel.title);
    text(out, [middle, HEIGHT - 12.0], "middle", "", &frame.x.title);
    let height = 0.5 * (frame.top + foot);
    text(out, [14.0, height], "middle", &format!(" transform=\"rotate(-90 14 {height:.1})\""), &frame.y.title);
    for (v, name) in frame.y.ticks() {
        let y = frame.y(v);
        if name.is_empty() {
            rule(out, [LEFT - 3.0, y, LEFT, y], "stroke=\"black\"");
        } else {
            rule(out, [LEFT, y, WIDTH - RIGHT, y], "stroke=\"#dddddd\"");
            text(out, [LEFT - 6.0, y + 4.0], "end", "", &name);
        }
    }
    for (v, name) in frame.x.ticks() {
        let length = if name.is_empty() { 3.0 } else { 5.0 };
        rule(out, [frame.x(v), foot, frame.x(v), foot + length], "stroke=\"black\"");
        text(out, [frame.x(v), foot + 18.0], "middle", "", &name);
    }
    rule(out, [LEFT, foot, WIDTH - RIGHT, foot], "stroke=\"black\"");
    rule(out, [LEFT, frame.top, LEFT, foot], "stroke=\"black\"");
    let _ = writeln!(
        out,
        "<clipPath id=\"data{number}\"><rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{}\" height=\"{:.1}\"/></clipPath>\n<g clip-path=\"url(#data{number})\">",
        frame.top - 3.0,
        WIDTH - LEFT - RIGHT + 3.0,
        foot - frame.top + 6.0
    );
    panel.series.iter().for_each(|s| show(out, &frame, s));
    out.push_str("</g>\n");
    for (series, [x, row]) in panel.series.iter().filter(|s| !s.name.is_empty()).zip(places) {
        let y = HEAD + row * LINE + 8.0;
        let wide = if matches!(series.mark, Mark::Band(_)) { 9 } else { 3 };
        let faint = if wide > 3 { " stroke-opacity=\"0.25\"" } else { "" };
        let style = format!("stroke=\"{}\" stroke-width=\"{wide}\"{faint}", colour(series));
        rule(out, [x, y - 4.0, x + SAMPLE, y - 4.0], &style);
        text(out, [x + SAMPLE + 5.0, y], "start", "", &series.name);
    }
}

fn colour(series: &Series) -> &'static str {
    COLOURS[series.colour % COLOURS.len()]
}

/// Left edge and line of each entry of the legend.
fn legend_places(panel: &Panel) -> Vec<[f64; 2]> {
    let (mut x, mut row) = (LEFT, 0.0);
    let mut places = Vec::new();
    for name in panel.series.iter().map(|s| &s.name).filter(|n| !n.is_empty()) {
        let wide = SAMPLE + 5.0 + LETTER * name.chars().count() as f64 + 14.0;
        if x > LEFT && x + wide > WIDTH - RIGHT {
            (x, row) = (LEFT, row + 1.0);
        }
        places.push([x, row]);
        x += wide;
    }
    places
}

fn show(out: &mut String, frame: &Frame, series: &Series) {
    let colour = colour(series);
    let joined = |points: &mut dyn Iterator<Item = [f64; 2]>| {
        points.filter_map(|p| frame.point(p)).collect::<Vec<_>>().join(" ")
    };
    let stroke = format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\" stroke-linejoin=\"round\"");
    let _ = match &series.mark {
        Mark::Line(points) | Mark::Dots(points) => {
            writeln!(out, "<polyline points=\"{}\" {stroke}/>", joined(&mut points.iter().copied()))
        }
        Mark::Band(points) => {
            let upper = points.iter().map(|p| [p[0], p[2]]);
            let lower = points.iter().rev().map(|p| [p[0], p[1]]);
            let around = joined(&mut upper.chain(lower));
            writeln!(out, "<polygon points=\"{around}\" fill=\"{colour}\" fill-opacity=\"0.25\"/>")
        }
        Mark::Bins(low, high, heights) => {
            let step = (high - low) / heights.len().max(1) as f64;
            let tops = heights.iter().enumerate().flat_map(|(i, h)| {
                let left = low + i as f64 * step;
                [[left, *h], [left + step, *h]]
            });
            let outline = joined(&mut [[*low, 0.0]].into_iter().chain(tops).chain([[*high, 0.0]]));
            writeln!(
                out,
                "<polygon points=\"{outline}\" fill=\"{colour}\" fill-opacity=\"0.25\" stroke=\"{colour}\" stroke-width=\"1.2\"/>"
            )
        }
    };
    if let Mark::Dots(points) = &series.mark {
        for (x, y) in points.iter().map(|p| (frame.x(p[0]), frame.y(p[1]))).filter(|(x, y)| (x + y).is_finite()) {
            let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(mark: Mark) -> Panel {
        let series = vec![Series { name: "a < b".into(), colour: 0, mark }];
        Panel { title: "T & U".into(), x: Axis::new("x", "V"), y: Axis::new("y", "A"), series }
    }

    /// Coordinates of the points of the first `tag`.
    fn points(svg: &str, tag: &str) -> Vec<[f64; 2]> {
        let from = svg.find(&format!("<{tag} points=\"")).unwrap() + tag.len() + 10;
        let to = from + svg[from..].find('"').unwrap();
        let pair = |p: &str| {
            let (x, y) = p.split_once(',').unwrap();
            [x.parse().unwrap(), y.parse().unwrap()]
        };
        svg[from..to].split(' ').map(pair).collect()
    }

    #[test]
    fn lines_run_from_corner_to_corner() {
        let svg = svg(&[panel(Mark::Line(vec![[0.0, 0.0], [1.0, 2e-6], [f64::NAN, 1e-6]]))]);
        let p = points(&svg, "polyline");
        // ends are round numbers, so the line spans the frame; its legend takes one line
        assert_eq!(p, [[62.0, 300.0], [462.0, HEAD + LINE + 6.0]]);
        assert!(svg.contains("y (µA)") && svg.contains("x (V)"));
        assert!(svg.contains("T &amp; U") && svg.contains("a &lt; b"));
    }

    #[test]
    fn bands_close_and_bins_stand_on_the_axis() {
        let band = svg(&[panel(Mark::Band(vec![[0.0, 1.0, 2.0], [1.0, 1.0, 3.0]]))]);
        assert_eq!(points(&band, "polygon").len(), 4);
        let bins = svg(&[panel(Mark::Bins(0.0, 1.0, vec![1.0, 2.0]))]);
        let p = points(&bins, "polygon");
        assert_eq!((p.len(), p[0][1], p[5][1]), (6, 300.0, 300.0));
        assert!(p[1][0] == 62.0 && p[2][0] == 262.0 && p[4][0] == 462.0);
    }

    #[test]
    fn panels_stand_two_in_a_row_and_legends_wrap() {
        let dots = panel(Mark::Dots(vec![[1.0, 1.0]]));
        assert!(svg(&[dots.clone(), dots.clone(), dots.clone()]).contains("viewBox=\"0 0 960 700\""));
        assert!(svg(std::slice::from_ref(&dots)).contains("viewBox=\"0 0 480 350\""));
        let name = "a name of thirty letters or so";
        let series = vec![Series { name: name.into(), ..dots.series[0].clone() }; 4];
        let places = legend_places(&Panel { series, ..dots });
        assert!(places[3][1] > 0.0 && places.iter().all(|p| p[0] + LETTER * 30.0 < WIDTH));
    }
}
