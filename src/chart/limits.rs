//! Where the name of a limit stands: by its line, where the fewest readings run under it.

use super::runs::Runs;

/// The height of a name, as a share of a plot of the usual size.
const TALL: f64 = 0.15;
/// The width of a character, likewise.
const WIDE: f64 = 0.016;

/// Where a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// At the left end; otherwise at the right one.
    pub left: bool,
    /// Under its line; otherwise above.
    pub below: bool,
}

/// Shares of the plot: from the left, and from the bottom.
#[derive(Clone, Copy)]
struct Box {
    x: (f64, f64),
    y: (f64, f64),
}

/// A place for each limit (its share of the height and how long its name is); `share` turns a spot into shares of the plot.
pub(super) fn places(limits: &[(f64, usize)], lines: &[Runs], share: impl Fn((f64, f64)) -> (f64, f64)) -> Vec<Place> {
    let mut taken: Vec<Box> = Vec::new();
    let mut placed = Vec::new();
    for (level, chars) in limits {
        // a name above the top line would stand in the panel's head
        let sides = if level + TALL > 1.02 { [true, false] } else { [false, true] };
        let all = [false, true].into_iter().flat_map(|left| sides.map(|below| Place { left, below }));
        let free = all.map(|place| {
            let area = place.area(*level, *chars);
            let over = taken.iter().filter(|other| other.meets(&area)).count() as f64;
            let outside = if area.y.0 < 0.0 { 10.0 } else { 0.0 };
            (over * 10.0 + outside + lines.iter().map(|line| area.crossed(line, &share)).sum::<f64>(), place, area)
        });
        if let Some((_, place, area)) = free.min_by(|a, b| a.0.total_cmp(&b.0)) {
            taken.push(area);
            placed.push(place);
        }
    }
    placed
}

impl Place {
    fn area(self, level: f64, chars: usize) -> Box {
        let width = (chars as f64 * WIDE + 0.01).min(0.6);
        let x = if self.left { (0.0, width) } else { (1.0 - width, 1.0) };
        let y = if self.below { (level - TALL, level) } else { (level, level + TALL) };
        Box { x, y }
    }
}

impl Box {
    fn meets(&self, other: &Box) -> bool {
        self.x.0 < other.x.1 && other.x.0 < self.x.1 && self.y.0 < other.y.1 && other.y.0 < self.y.1
    }

    /// How much of the width has a piece of the line in it.
    fn crossed(&self, line: &Runs, share: impl Fn((f64, f64)) -> (f64, f64)) -> f64 {
        let pairs = line.runs.iter().flat_map(|run| run.windows(2));
        pairs
            .map(|pair| {
                let (a, b) = (share(pair[0]), share(pair[1]));
                let (from, to) = (a.0.max(self.x.0), b.0.min(self.x.1));
                if from > to || b.0 <= a.0 {
                    return 0.0;
                }
                let at = |x: f64| a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0);
                let (low, high) = (at(from).min(at(to)), at(from).max(at(to)));
                if low < self.y.1 && high > self.y.0 { to - from } else { 0.0 }
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(spots: &[(f64, f64)]) -> Runs {
        Runs { runs: vec![spots.to_vec()], ..Runs::default() }
    }

    #[test]
    fn a_name_stands_at_the_right_above_its_line_unless_readings_run_there() {
        let place = |level, spots: &[(f64, f64)]| places(&[(level, 7)], &[line(spots)], |spot| spot)[0];
        let free = [(0.0, 0.1), (1.0, 0.1)];
        assert_eq!(place(0.5, &free), Place { left: false, below: false });
        assert_eq!(place(1.0, &free), Place { left: false, below: true }, "not in the panel's head");
        assert_eq!(place(0.5, &[(0.0, 0.6), (1.0, 0.6)]), Place { left: false, below: true });
        assert_eq!(place(0.5, &[(0.0, 0.1), (0.9, 0.1), (0.95, 0.9), (1.0, 0.2)]), Place { left: true, below: false });
    }

    #[test]
    fn two_names_never_stand_on_each_other() {
        let placed = places(&[(0.50, 7), (0.55, 8)], &[], |spot| spot);
        assert_ne!(placed[0], placed[1]);
        assert!(!placed[0].area(0.50, 7).meets(&placed[1].area(0.55, 8)), "{placed:?}");
    }
}
