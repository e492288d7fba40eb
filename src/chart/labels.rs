//! Labels that stand where their line ends, and make room for each other.

/// How far apart two labels have to be, as a share of the height.
const APART: f64 = 0.08;

/// Moves positions (0 top, 1 bottom) apart, as little as possible, keeping their order and staying inside; answers in the given order.
pub(super) fn spread(wanted: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]).then(a.cmp(b)));
    // neighbours that touch become one group around the middle of what they want
    let mut groups: Vec<(f64, usize)> = Vec::new();
    for index in &order {
        groups.push((inside(wanted[*index], 1), 1));
        while let [.., (above, n), (below, m)] = groups.as_slice() {
            let (above, n, below, m) = (*above, *n, *below, *m);
            if below - above >= APART * (n + m) as f64 / 2.0 - 1e-9 {
                break;
            }
            groups.truncate(groups.len() - 2);
            let middle = (above * n as f64 + below * m as f64) / (n + m) as f64;
            groups.push((inside(middle, n + m), n + m));
        }
    }
    let mut placed = vec![0.0; wanted.len()];
    let mut order = order.into_iter();
    for (middle, count) in groups {
        let top = middle - APART * (count - 1) as f64 / 2.0;
        for (k, index) in order.by_ref().take(count).enumerate() {
            placed[index] = top + APART * k as f64;
        }
    }
    placed
}

/// The middle of a group of `count`, so that all of it is inside.
fn inside(middle: f64, count: usize) -> f64 {
    let half = (APART * (count - 1) as f64 / 2.0).min(0.5);
    middle.clamp(half, 1.0 - half)
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn labels_that_would_touch_push_each_other_apart_and_stay_inside() {
        assert_eq!(spread(&[0.2, 0.8]), [0.2, 0.8]);
        for wanted in
            [vec![0.5, 0.5, 0.5, 0.5], vec![1.0, 0.99, 1.0, 0.2], vec![0.0, 0.0, 0.01], vec![0.3, 0.31, 0.38, 0.45], vec![]]
        {
            let placed = spread(&wanted);
            let mut sorted = placed.clone();
            sorted.sort_by(f64::total_cmp);
            assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= 0.0799), "{placed:?}");
            assert!(placed.iter().all(|p| (-1e-9..=1.0 + 1e-9).contains(p)), "{placed:?}");
        }
        let placed = spread(&[0.9, 0.1, 0.91]);
        assert!(placed[1] < placed[0] && placed[0] < placed[2], "order is kept: {placed:?}");
    }
}
