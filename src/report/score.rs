//! Scoring of predictions: accuracy with its interval, per-class rates, macro-F1, confusion.
//!
//! A label is a set of classes (a bit mask): a rule may only know "ventricular", not which kind. A
//! prediction inside the set counts as right.

/// Fewest true samples with which a class enters the macro-F1: below that its F1 is mostly chance.
/// The 7 beats of class Q in the MIT-BIH test records are the case in point (AAMI EC57 leaves them out too).
pub const MACRO_LEAST: u64 = 10;

/// Quantile of the normal law for 95 % intervals.
const Z95: f64 = 1.959_963_984_540_054;

/// Rates of one label (a class or a group of classes).
#[derive(Debug, Clone, PartialEq)]
pub struct ClassScore {
    /// Names of the classes in the label, joined by `|`.
    pub name: String,
    /// Samples with this label.
    pub count: u64,
    /// Share of them predicted inside the label.
    pub sensitivity: f64,
    /// Share of the predictions inside the label that were right.
    pub positive_predictivity: f64,
    /// Harmonic mean of the two; 0 when nothing was right.
    pub f1: f64,
    /// Whether it enters the macro-F1.
    pub in_macro: bool,
}

/// Everything scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Share of right predictions.
    pub accuracy: f64,
    /// Wilson 95 % interval of the accuracy.
    pub interval: (f64, f64),
    /// Mean F1 of the labels that have at least [`MACRO_LEAST`] samples.
    pub macro_f1: Option<f64>,
    /// Rates by label, in order of the first class.
    pub classes: Vec<ClassScore>,
    /// Counts: label × predicted class.
    pub confusion: Vec<Vec<u64>>,
    /// Samples.
    pub samples: u64,
}

/// Scores `predicted` classes against label masks.
#[must_use]
pub fn score(predicted: &[usize], labels: &[u32], classes: &[String]) -> Score {
    let mut groups: Vec<u32> = labels.to_vec();
    groups.sort_unstable_by_key(|m| (m.trailing_zeros(), *m));
    groups.dedup();
    let mut confusion = vec![vec![0u64; classes.len()]; groups.len()];
    let mut right = 0u64;
    for (&p, &mask) in predicted.iter().zip(labels) {
        if let Some(row) = groups.iter().position(|g| *g == mask) {
            confusion[row][p] += 1;
        }
        right += u64::from(mask >> p & 1);
    }
    let rates: Vec<ClassScore> = groups
        .iter()
        .enumerate()
        .map(|(row, &mask)| {
            let inside = |p: &usize| mask >> p & 1 == 1;
            let hits: u64 = (0..classes.len()).filter(inside).map(|p| confusion[row][p]).sum();
            let count: u64 = confusion[row].iter().sum();
            let claimed: u64 =
                (0..classes.len()).filter(inside).map(|p| confusion.iter().map(|r| r[p]).sum::<u64>()).sum();
            let names: Vec<&str> = (0..classes.len()).filter(inside).map(|p| classes[p].as_str()).collect();
            ClassScore {
                name: names.join("|"),
                count,
                sensitivity: ratio(hits, count),
                positive_predictivity: ratio(hits, claimed),
                f1: ratio(2 * hits, count + claimed),
                in_macro: count >= MACRO_LEAST,
            }
        })
        .collect();
    let used: Vec<f64> = rates.iter().filter(|c| c.in_macro).map(|c| c.f1).collect();
    let samples = predicted.len() as u64;
    Score {
        accuracy: ratio(right, samples),
        interval: wilson(right, samples),
        macro_f1: (!used.is_empty()).then(|| used.iter().sum::<f64>() / used.len() as f64),
        classes: rates,
        confusion,
        samples,
    }
}

fn ratio(a: u64, b: u64) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

/// Wilson's 95 % score interval of a share (Wilson, JASA 22, 1927, doi:10.1080/01621459.1927.10502953).
#[must_use]
pub fn wilson(hits: u64, n: u64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (p, n) = (hits as f64 / n as f64, n as f64);
    let centre = p + Z95 * Z95 / (2.0 * n);
    let half = Z95 * (p * (1.0 - p) / n + Z95 * Z95 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z95 * Z95 / n;
    (((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0))
}

/// Difference of the accuracies of two runs on the same samples with its paired 95 % interval
/// (normal law on the per-sample difference; only samples on which the runs disagree contribute: where there is none,
/// the interval is a point and says nothing).
#[must_use]
pub fn paired_difference(first_right: &[bool], second_right: &[bool]) -> (f64, f64, f64) {
    let n = first_right.len().min(second_right.len());
    if n == 0 {
        return (0.0, -1.0, 1.0);
    }
    let (mut gained, mut lost) = (0.0, 0.0);
    for (a, b) in first_right.iter().zip(second_right) {
        match (a, b) {
            (false, true) => gained += 1.0,
            (true, false) => lost += 1.0,
            _ => {}
        }
    }
    let n = n as f64;
    let mean = (gained - lost) / n;
    let variance = ((gained + lost) / n - mean * mean).max(0.0) / n;
    let half = Z95 * variance.sqrt();
    (mean, mean - half, mean + half)
}

/// Index of the largest logit; the first of equals. NaN never wins.
#[must_use]
pub fn argmax(logits: &[f32]) -> usize {
    logits.iter().enumerate().fold((0, f32::NEG_INFINITY), |best, (i, v)| if *v > best.1 { (i, *v) } else { best }).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(n: &[&str]) -> Vec<String> {
        n.iter().map(|s| (*s).to_string()).collect()
    }

    #[test]
    fn rates_by_hand() {
        let classes = names(&["N", "S", "V"]);
        let labels = [vec![1u32; 10], vec![4u32; 10]].concat();
        // 8 of 10 N right (2 called V), 9 of 10 V right (1 called S)
        let predicted = [vec![0usize; 8], vec![2; 2], vec![2; 9], vec![1]].concat();
        let s = score(&predicted, &labels, &classes);
        assert!((s.accuracy - 0.85).abs() < 1e-12);
        assert_eq!(s.confusion, vec![vec![8, 0, 2], vec![0, 1, 9]]);
        assert!((s.classes[1].positive_predictivity - 9.0 / 11.0).abs() < 1e-12);
        let f1 = [2.0 * 8.0 / 18.0, 2.0 * 9.0 / 21.0];
        assert!((s.macro_f1.unwrap() - (f1[0] + f1[1]) / 2.0).abs() < 1e-12);
        let few = score(&predicted[7..14], &labels[7..14], &classes);
        assert_eq!(few.macro_f1, None, "no label has ten samples");
    }

    #[test]
    fn a_group_accepts_each_of_its_classes() {
        let classes = names(&["N", "S", "V", "F"]);
        let labels = [vec![0b0001; 12], vec![0b1100; 12]].concat();
        let predicted = [vec![0usize; 12], vec![2; 6], vec![3; 6]].concat();
        let s = score(&predicted, &labels, &classes);
        assert_eq!(s.accuracy, 1.0);
        assert_eq!(s.classes[1].name, "V|F");
        assert_eq!(s.macro_f1, Some(1.0));
    }

    #[test]
    fn wilson_matches_a_published_example() {
        // 15 of 148: 0.0624 to 0.1605 (Newcombe, Stat. Med. 17, 1998, table I, method 3)
        let (low, high) = wilson(15, 148);
        assert!((low - 0.0624).abs() < 5e-5 && (high - 0.1605).abs() < 5e-5);
    }

    #[test]
    fn paired_interval_is_narrower_than_two_single_ones() {
        let a: Vec<bool> = (0..1000).map(|i| i % 10 != 0).collect();
        let b: Vec<bool> = (0..1000).map(|i| i % 10 != 0 && i != 1).collect();
        let (d, low, high) = paired_difference(&a, &b);
        assert!((d + 0.001).abs() < 1e-12);
        assert!(high - low < 0.005);
    }

    #[test]
    fn nan_never_wins() {
        assert_eq!(argmax(&[f32::NAN, -1.0, -2.0]), 1);
    }
}
