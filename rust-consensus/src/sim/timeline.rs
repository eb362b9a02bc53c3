//! A run as a picture: members as rows, time from left to right, messages as lines, and marks for rounds, locks, decisions, crashes.

use std::fmt::Write as _;

use super::schedule::{Fault, Schedule};
use super::trace::{Event, What};

/// Pixels.
const LEFT: f64 = 90.0;
const TOP: f64 = 60.0;
const ROW: f64 = 70.0;
const BOTTOM: f64 = 70.0;
const WIDTH: f64 = 1_600.0;
/// Most messages that are drawn; a picture with more is of no use and very large.
const MAX_LINES: usize = 20_000;

/// The picture, as an SVG document, of the part of a run from `from_us` to `until_us`.
///
/// Colours: proposals blue, prevotes green, precommits orange, everything else grey; lost messages are short red dashes. A bar
/// is a new round, a square a lock, a disc a decision, a cross a crash, a triangle evidence. Grey ground: down; red ground: parted.
pub(crate) fn draw(schedule: &Schedule, events: &[Event], from_us: u64, until_us: u64) -> String {
    let picture = Picture { from_us, span_us: until_us.saturating_sub(from_us).max(1) };
    let members = schedule.powers.len();
    let height = TOP + ROW * as_f64(members as u64) + BOTTOM;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"12\" y=\"22\" font-size=\"15\">seed {}, {members} members, {} faults</text>\n",
        LEFT + WIDTH + 30.0,
        schedule.seed,
        schedule.faults.len(),
    );
    picture.grounds(&mut svg, schedule, events, until_us);
    picture.rows(&mut svg, schedule);
    picture.axis(&mut svg, members);
    let mut lines = 0;
    for event in events.iter().filter(|event| (from_us..=until_us).contains(&event.at_us)) {
        if let What::Sent { to, kind, arrives_us, .. } = &event.what {
            lines += 1;
            if lines <= MAX_LINES {
                picture.message(&mut svg, event, *to, kind, arrives_us);
            }
        }
    }
    for event in events.iter().filter(|event| (from_us..=until_us).contains(&event.at_us)) {
        picture.mark(&mut svg, event);
    }
    legend(&mut svg, height - 22.0);
    svg.push_str("</svg>\n");
    svg
}

/// The part of time that is drawn.
struct Picture {
    from_us: u64,
    span_us: u64,
}

impl Picture {
    fn x(&self, at_us: u64) -> f64 {
        let inside = at_us.saturating_sub(self.from_us).min(self.span_us);
        LEFT + WIDTH * as_f64(inside) / as_f64(self.span_us)
    }

    /// What lasts: partitions over the whole height, time without power in its row.
    fn grounds(&self, svg: &mut String, schedule: &Schedule, events: &[Event], until_us: u64) {
        let members = schedule.powers.len();
        for fault in &schedule.faults {
            if let Fault::Partition { from_us, until_us, sides } = fault {
                for (member, _) in schedule.powers.iter().enumerate() {
                    let colour =
                        if sides.get(member).copied().unwrap_or(0) == 0 { "#fdeaea" } else { "#fbd3d3" };
                    self.ground(svg, member, *from_us, (*until_us).min(schedule.heal_at_us), colour);
                }
            }
        }
        let mut down: Vec<Option<u64>> = vec![None; members];
        for event in events {
            match event.what {
                What::Crashed => down[event.member] = Some(event.at_us),
                What::Restarted => {
                    if let Some(since) = down[event.member].take() {
                        self.ground(svg, event.member, since, event.at_us, "#d0d0d0");
                    }
                }
                _ => {}
            }
        }
        for (member, since) in down.iter().enumerate() {
            if let Some(since) = since {
                self.ground(svg, member, *since, until_us, "#d0d0d0");
            }
        }
    }

    fn ground(&self, svg: &mut String, member: usize, from_us: u64, until_us: u64, colour: &str) {
        let (left, right) = (self.x(from_us), self.x(until_us));
        if right > left {
            add(
                svg,
                format_args!(
                    "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>\n",
                    y(member) - ROW * 0.4,
                    right - left,
                    ROW * 0.8
                ),
            );
        }
    }

    fn rows(&self, svg: &mut String, schedule: &Schedule) {
        for (member, power) in schedule.powers.iter().enumerate() {
            let liar = schedule.byzantine().find(|(who, _)| *who == member);
            add(
                svg,
                format_args!(
                    "<line x1=\"{LEFT}\" y1=\"{0}\" x2=\"{1}\" y2=\"{0}\" stroke=\"#888888\"/>\n\
                 <text x=\"12\" y=\"{2}\" fill=\"{3}\">member {member}{4}</text>\n",
                    y(member),
                    LEFT + WIDTH,
                    y(member) + 4.0,
                    if liar.is_some() { "#c00000" } else { "#000000" },
                    if *power == 1 { String::new() } else { format!(" ({power})") },
                ),
            );
            if let Some((_, behaviour)) = liar {
                add(
                    svg,
                    format_args!(
                        "<text x=\"12\" y=\"{}\" font-size=\"10\" fill=\"#c00000\">{behaviour:?}</text>\n",
                        y(member) + 17.0
                    ),
                );
            }
        }
    }

    fn axis(&self, svg: &mut String, members: usize) {
        let base = TOP + ROW * as_f64(members as u64);
        for step in 0..=10_u64 {
            let at_us = self.from_us + self.span_us / 10 * step;
            add(
                svg,
                format_args!(
                    "<text x=\"{0:.1}\" y=\"{1}\" text-anchor=\"middle\" fill=\"#555555\">{2} ms</text>\n\
                 <line x1=\"{0:.1}\" y1=\"{3}\" x2=\"{0:.1}\" y2=\"{4}\" stroke=\"#eeeeee\"/>\n",
                    self.x(at_us),
                    base + 14.0,
                    at_us / 1_000,
                    TOP - 20.0,
                    base
                ),
            );
        }
    }

    fn message(&self, svg: &mut String, event: &Event, to: usize, kind: &str, arrives_us: &[u64]) {
        let (x, from, to) = (self.x(event.at_us), y(event.member), y(to));
        if arrives_us.is_empty() {
            add(
                svg,
                format_args!(
                    "<line x1=\"{x:.1}\" y1=\"{from:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#d00000\" stroke-dasharray=\"2 3\" stroke-width=\"0.8\"/>\n",
                    x + 6.0,
                    from + (to - from) * 0.25
                ),
            );
        }
        for arrival in arrives_us {
            add(
                svg,
                format_args!(
                    "<line x1=\"{x:.1}\" y1=\"{from:.1}\" x2=\"{:.1}\" y2=\"{to:.1}\" stroke=\"{}\" stroke-width=\"0.7\" opacity=\"0.7\"/>\n",
                    self.x(*arrival),
                    colour(kind)
                ),
            );
        }
    }

    fn mark(&self, svg: &mut String, event: &Event) {
        let (x, y) = (self.x(event.at_us), y(event.member));
        match &event.what {
            What::Round { height, round } => add(
                svg,
                format_args!(
                    "<line x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"#000000\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"9\">{height}/{round}</text>\n",
                    y - 16.0,
                    y + 16.0,
                    x + 2.0,
                    y - 9.0
                ),
            ),
            What::Locked { .. } => add(
                svg,
                format_args!(
                    "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\" fill=\"#e08000\"/>\n",
                    x - 4.0,
                    y - 4.0
                ),
            ),
            What::Decided { height, digest, .. } => add(
                svg,
                format_args!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\" fill=\"#008000\"><title>height {height}, {digest:016x}</title></circle>\n"
                ),
            ),
            What::Evidence { against, .. } => add(
                svg,
                format_args!(
                    "<path d=\"M{:.1} {:.1} l6 10 h-12 z\" fill=\"#8000c0\"><title>against member {against}</title></path>\n",
                    x,
                    y - 12.0
                ),
            ),
            What::Crashed => add(
                svg,
                format_args!(
                    "<path d=\"M{:.1} {:.1} l12 12 m0 -12 l-12 12\" stroke=\"#c00000\" stroke-width=\"2\"/>\n",
                    x - 6.0,
                    y - 6.0
                ),
            ),
            What::TimedOut { step, .. } if *step != "resend" => add(
                svg,
                format_args!(
                    "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"8\" fill=\"#666666\">{}</text>\n",
                    y + 24.0,
                    step
                ),
            ),
            _ => {}
        }
    }
}

fn legend(svg: &mut String, y: f64) {
    let mut x = LEFT;
    for kind in ["proposal", "prevote", "precommit", "other"] {
        add(
            svg,
            format_args!(
                "<line x1=\"{x}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{}\" stroke-width=\"2\"/><text x=\"{}\" y=\"{}\">{kind}</text>\n",
                x + 24.0,
                colour(kind),
                x + 30.0,
                y + 4.0
            ),
        );
        x += 120.0;
    }
    add(
        svg,
        format_args!(
            "<text x=\"{x}\" y=\"{}\">bar: round; square: lock; disc: decision; triangle: evidence; cross: crash; red dashes: lost</text>\n",
            y + 4.0
        ),
    );
}

fn colour(kind: &str) -> &'static str {
    match kind {
        "proposal" => "#1060d0",
        "prevote" => "#20a040",
        "precommit" => "#e08000",
        _ => "#999999",
    }
}

fn y(member: usize) -> f64 {
    TOP + ROW * (as_f64(member as u64) + 0.5)
}

/// Exact below 2^53: 285 years of microseconds.
#[expect(clippy::cast_precision_loss, reason = "pixels need no more")]
fn as_f64(number: u64) -> f64 {
    number as f64
}

fn add(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text).expect("writing to a string does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_every_kind_of_event() {
        let mut schedule = Schedule::calm(2, 7);
        schedule.heal_at_us = 500;
        schedule.faults.push(Fault::Partition { from_us: 0, until_us: 400, sides: vec![0, 1] });
        let event = |at_us, member, what| Event { at_us, member, what };
        let sent = |arrives_us| What::Sent { to: 1, message: 1, kind: "prevote", arrives_us };
        let events = [
            event(0, 0, What::Round { height: 1, round: 0 }),
            event(1, 0, sent(vec![20, 30])),
            event(2, 0, sent(vec![])),
            event(40, 0, What::Locked { height: 1, round: 0 }),
            event(50, 0, What::Decided { height: 1, round: 0, digest: 9 }),
            event(60, 1, What::Crashed),
            event(90, 1, What::Restarted),
            event(95, 1, What::Evidence { against: 0, height: 1, round: 0 }),
        ];
        let svg = draw(&schedule, &events, 0, 1_000);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        for (what, times) in
            [("<circle", 1), ("<path", 2), ("stroke-dasharray", 1), ("#d0d0d0", 1), ("#fbd3d3", 1)]
        {
            assert_eq!(svg.matches(what).count(), times, "{what}");
        }
        assert_eq!(svg.matches("member 1").count(), 1);
    }
}
