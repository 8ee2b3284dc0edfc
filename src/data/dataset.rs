//! The samples a network is run on, with their labels.

use indexmap::IndexMap;
use ndarray::{ArrayD, Axis, Slice};

/// Where the labels of a data set come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelSource {
    /// The data's own reference labels (human annotations).
    Database,
    /// A documented rule; [`Dataset::label_agreement`] says how well it agrees with the reference.
    Rule,
    /// There are no labels.
    None,
}

impl LabelSource {
    /// The word used in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Rule => "rule",
            Self::None => "none",
        }
    }
    /// The source of a word, if it is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Database, Self::Rule, Self::None].into_iter().find(|s| s.as_str() == word)
    }
}

/// The true class of every sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Labels {
    /// One class index per sample.
    Class(Vec<u32>),
    /// A group per sample: bit `c` is set if class `c` is acceptable. A group arises where the labels
    /// are coarser than the network's classes ("ventricular" for V or F).
    Group(Vec<u32>),
}

impl Labels {
    /// Number of labelled samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Class(l) | Self::Group(l) => l.len(),
        }
    }
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Whether predicting `class` for `sample` counts as right. False beyond the end.
    #[must_use]
    pub fn accepts(&self, sample: usize, class: usize) -> bool {
        match self {
            Self::Class(l) => l.get(sample).is_some_and(|&c| c as usize == class),
            Self::Group(l) => class < 32 && l.get(sample).is_some_and(|&m| m >> class & 1 == 1),
        }
    }
    /// The class of a sample if its label names exactly one.
    #[must_use]
    pub fn class(&self, sample: usize) -> Option<usize> {
        match self {
            Self::Class(l) => l.get(sample).map(|&c| c as usize),
            Self::Group(l) => l.get(sample).filter(|m| m.is_power_of_two()).map(|m| m.trailing_zeros() as usize),
        }
    }
    fn choose(&self, samples: &[usize]) -> Self {
        let take = |l: &[u32]| samples.iter().filter_map(|s| l.get(*s).copied()).collect();
        match self {
            Self::Class(l) => Self::Class(take(l)),
            Self::Group(l) => Self::Group(take(l)),
        }
    }
    fn first(&self, n: usize) -> Self {
        let cut = |l: &[u32]| l[..n.min(l.len())].to_vec();
        match self {
            Self::Class(l) => Self::Class(cut(l)),
            Self::Group(l) => Self::Group(cut(l)),
        }
    }
}

/// Samples with labels. The first axis of every input is the sample.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Network inputs by name, `[samples, ...]`, row-major, finite.
    pub inputs: IndexMap<String, ArrayD<f32>>,
    /// The true classes.
    pub labels: Option<Labels>,
    /// Class names; the index is the class.
    pub classes: Vec<String>,
    /// Where the labels come from.
    pub label_source: LabelSource,
    /// Share of rule labels that agree with the reference annotations, 0 to 1, if it was measured.
    pub label_agreement: Option<f64>,
    /// What the data are, where they come from and their licence; free text.
    pub about: String,
    /// Number of samples.
    pub samples: usize,
    /// SHA-256 of the file's bytes, 64 hex digits; empty for data not read from a file.
    pub hash: String,
}

impl Dataset {
    /// The first `n` samples (all, if there are fewer). The hash stays that of the file.
    #[must_use]
    pub fn first(&self, n: usize) -> Self {
        let n = n.min(self.samples);
        Self {
            inputs: self
                .inputs
                .iter()
                .map(|(name, a)| (name.clone(), a.slice_axis(Axis(0), Slice::from(..n)).to_owned()))
                .collect(),
            labels: self.labels.as_ref().map(|l| l.first(n)),
            classes: self.classes.clone(),
            label_source: self.label_source,
            label_agreement: self.label_agreement,
            about: self.about.clone(),
            samples: n,
            hash: self.hash.clone(),
        }
    }

    /// `n` samples spread evenly over the set (all, if there are fewer), in order. The hash stays that of the file.
    #[must_use]
    pub fn spread(&self, n: usize) -> Self {
        let n = n.min(self.samples);
        let chosen: Vec<usize> = (0..n).map(|i| i * self.samples / n.max(1)).collect();
        Self {
            inputs: self.inputs.iter().map(|(name, a)| (name.clone(), a.select(Axis(0), &chosen))).collect(),
            labels: self.labels.as_ref().map(|l| l.choose(&chosen)),
            samples: n,
            ..self.first(0)
        }
    }

    /// Name of a label: class name, or the names of a group joined by `|`.
    #[must_use]
    pub fn label_name(&self, sample: usize) -> Option<String> {
        let labels = self.labels.as_ref()?;
        if sample >= labels.len() {
            return None;
        }
        let names: Vec<&str> =
            (0..self.classes.len()).filter(|&c| labels.accepts(sample, c)).map(|c| self.classes[c].as_str()).collect();
        Some(names.join("|"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::IxDyn;

    #[test]
    fn groups_accept_each_of_their_classes() {
        let group = Labels::Group(vec![0b0_0001, 0b0_1100]);
        assert!(group.accepts(0, 0) && !group.accepts(0, 2));
        assert!(group.accepts(1, 2) && group.accepts(1, 3) && !group.accepts(1, 0));
        assert!(!group.accepts(1, 40) && !group.accepts(2, 0));
        assert_eq!((group.class(0), group.class(1)), (Some(0), None));
        let class = Labels::Class(vec![3, 70]);
        assert!(class.accepts(1, 70) && !class.accepts(0, 70));
    }

    #[test]
    fn first_cuts_inputs_and_labels_alike() {
        let data = Dataset {
            inputs: IndexMap::from([(
                "x".to_owned(),
                ArrayD::from_shape_fn(IxDyn(&[3, 2]), |i| (i[0] * 2 + i[1]) as f32),
            )]),
            labels: Some(Labels::Group(vec![1, 12, 1])),
            classes: ["N", "S", "V", "F", "Q"].map(str::to_owned).to_vec(),
            label_source: LabelSource::Rule,
            label_agreement: Some(0.5),
            about: String::new(),
            samples: 3,
            hash: "ab".to_owned(),
        };
        let cut = data.first(2);
        assert_eq!(cut.inputs["x"].shape(), [2, 2]);
        assert_eq!(cut.labels, Some(Labels::Group(vec![1, 12])));
        assert_eq!(cut.label_name(1).as_deref(), Some("V|F"));
        assert_eq!(cut.label_name(2), None);
        assert_eq!(data.first(9).samples, 3);
    }
}
