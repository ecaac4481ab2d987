//! The ratios as a picture: for each work a bar per server, and a line where ours is.

use std::fmt::Write as _;

use crate::report::Report;
use crate::sample::Metric;
use crate::servers::Kind;
use crate::work::Work;

const BAR: usize = 14;
const GAP: usize = 30;
const LEFT: usize = 190;
/// How long the bar of ours is.
const ONE: f64 = 220.0;
/// What is longer is cut off, marked so, and only its figure tells.
const LONGEST: f64 = 2.6;

/// The picture, as SVG.
pub fn svg(report: &Report) -> String {
    let kinds = report.kinds();
    let works: Vec<_> = report.works().collect();
    let block = kinds.len() * BAR + GAP;
    let (width, height) = (LEFT + (ONE * LONGEST) as usize + 120, works.len() * block + 60);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"10\" y=\"20\" font-size=\"14\">work per CPU-second of the server, ours = 1 \
         (memory: bytes a session, and fairness: p99 / p99 alone; less is better)</text>\n"
    );
    for (work, place) in works.into_iter().zip(0..) {
        bars(&mut svg, report, work, &kinds, 40 + place * block);
    }
    let x = LEFT as f64 + ONE;
    let _ = writeln!(
        svg,
        "<line x1=\"{x}\" y1=\"34\" x2=\"{x}\" y2=\"{height}\" stroke=\"black\" stroke-dasharray=\"3\"/>"
    );
    svg.push_str("</svg>\n");
    svg
}

fn bars(svg: &mut String, report: &Report, work: &Work, kinds: &[Kind], top: usize) {
    let _ = writeln!(svg, "<text x=\"10\" y=\"{}\" font-weight=\"bold\">{}</text>", top + BAR, work.name);
    for (&kind, place) in kinds.iter().zip(0..) {
        let has_figure = |metric: &Metric| report.figure(work, kind, *metric).is_some();
        let metric = [Metric::Bytes, Metric::Slowdown, Metric::PerCpu].into_iter().find(has_figure);
        let Some(ratio) = metric.and_then(|metric| report.ratio(work, kind, metric)) else { continue };
        let (y, text) = (top + place * BAR, top + place * BAR + BAR - 3);
        let length = ratio.median.min(LONGEST) * ONE;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.0}\" height=\"{}\" fill=\"{}\"/>\
             <text x=\"{:.0}\" y=\"{text}\">{:.2}</text>",
            LEFT - 6,
            kind.name(),
            BAR - 2,
            colour(kind),
            LEFT as f64 + length + 4.0,
            ratio.median,
        );
        if ratio.median > LONGEST {
            cut(svg, LEFT as f64 + length, y);
        }
    }
}

/// Two white strokes across the end of a bar: it goes on.
fn cut(svg: &mut String, end: f64, top: usize) {
    for x in [end - 16.0, end - 10.0] {
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.0}\" y1=\"{}\" x2=\"{:.0}\" y2=\"{}\" stroke=\"white\" stroke-width=\"3\"/>",
            top + BAR,
            x + 6.0,
            top - 2,
        );
    }
}

fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Ours => "#1b6ca8",
        Kind::Baseline => "#8fb8d6",
        Kind::Raw | Kind::Memory => "#c9c9c9",
        Kind::Tokio => "#d9822b",
        Kind::Blocking => "#5aa469",
        Kind::Node => "#8f6bb3",
        Kind::Go => "#4fb3bf",
    }
}
