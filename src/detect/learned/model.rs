//! The model: trees whose every level asks one question. Owns: its format, its score, its probability. Must not: know what features mean.
//!
//! Scores are whole numbers, so they are the same on every machine. The file, all numbers little endian: `ULJ1`; number of features, `u16`;
//! their [`checksum`](super::features::checksum), `u32`; depth, `u8`; number of trees, `u16`; bias, `i32`; for each tree, depth times feature and
//! threshold, `u8` each, then 2^depth leaves, `i16`; [`STEPS`] + 1 probabilities, `u16`; the usual value of each feature, `u8`.

use super::features::{self, COUNT, Features};

/// A score of this many units is a step of one in log odds.
pub const UNIT: i32 = 1024;
/// Steps of the table of probabilities, from [`LOWEST`] on.
pub const STEPS: usize = 64;
/// Score of the first probability of the table.
pub const LOWEST: i32 = -8 * UNIT;
/// Score between two entries of the table.
pub const STEP: i32 = UNIT / 4;

/// Trees over features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Questions of a tree.
    pub depth: usize,
    /// The score before any question.
    pub bias: i32,
    /// `depth` questions a tree: a feature, and the value above which the answer is yes.
    pub questions: Vec<(u8, u8)>,
    /// Two to the power of `depth` leaves a tree.
    pub leaves: Vec<i16>,
    /// The probability for each step of the score, in 65535ths.
    pub probabilities: Vec<u16>,
    /// What each feature usually is.
    pub usual: Features,
}

/// Why bytes are no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model does not belong to this version")]
pub struct ModelError;

impl Model {
    /// The model that comes with the program.
    #[must_use]
    pub fn builtin() -> Self {
        Self::from_bytes(include_bytes!("model.bin")).expect("because a test reads it")
    }

    /// A model that knows nothing: what is not dropped for a named reason has one chance in two. The trainer starts from it.
    #[must_use]
    pub fn blank() -> Self {
        Self {
            depth: 1,
            bias: 0,
            questions: Vec::new(),
            leaves: Vec::new(),
            probabilities: vec![u16::MAX / 2; STEPS + 1],
            usual: Features::default(),
        }
    }

    /// Reads a model.
    ///
    /// # Errors
    /// Bytes that are not in the format or were made for other features.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut rest = bytes;
        let mut take = |length: usize| -> Result<&[u8], ModelError> {
            let (head, tail) = rest.split_at_checked(length).ok_or(ModelError)?;
            rest = tail;
            Ok(head)
        };
        let head: &[u8; 13] = take(13)?.try_into().map_err(|_| ModelError)?;
        let short = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
        let long = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (depth, trees) = (usize::from(head[10]), short(11));
        if !head.starts_with(b"ULJ1") || short(4) != COUNT || long(6) != features::checksum() || !(1..=8).contains(&depth) {
            return Err(ModelError);
        }
        let bias = i32::from_le_bytes(take(4)?.try_into().map_err(|_| ModelError)?);
        let (mut questions, mut leaves) = (Vec::new(), Vec::new());
        for _ in 0..trees {
            questions.extend(take(2 * depth)?.chunks_exact(2).map(|pair| (pair[0], pair[1])));
            leaves.extend(take(2 << depth)?.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
        }
        let probabilities = take(2 * (STEPS + 1))?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let usual = Features(take(COUNT)?.try_into().map_err(|_| ModelError)?);
        let sound = rest.is_empty() && questions.iter().all(|&(feature, _)| usize::from(feature) < COUNT);
        if sound { Ok(Self { depth, bias, questions, leaves, probabilities, usual }) } else { Err(ModelError) }
    }

    /// The model as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes();
        let mut bytes = b"ULJ1".to_vec();
        bytes.extend(short(COUNT));
        bytes.extend(features::checksum().to_le_bytes());
        bytes.push(u8::try_from(self.depth).unwrap_or(u8::MAX));
        bytes.extend(short(self.questions.len() / self.depth));
        bytes.extend(self.bias.to_le_bytes());
        for (questions, leaves) in self.questions.chunks_exact(self.depth).zip(self.leaves.chunks_exact(1 << self.depth)) {
            bytes.extend(questions.iter().flat_map(|&(feature, threshold)| [feature, threshold]));
            bytes.extend(leaves.iter().flat_map(|leaf| leaf.to_le_bytes()));
        }
        bytes.extend(self.probabilities.iter().flat_map(|probability| probability.to_le_bytes()));
        bytes.extend(self.usual.0);
        bytes
    }

    /// The log odds that the features speak of a credential, in units.
    #[must_use]
    pub fn score(&self, features: &Features) -> i32 {
        let mut score = self.bias;
        for (questions, leaves) in self.questions.chunks_exact(self.depth).zip(self.leaves.chunks_exact(1 << self.depth)) {
            let mut leaf = 0;
            for &(feature, threshold) in questions {
                leaf = leaf << 1 | usize::from(features.0[usize::from(feature)] > threshold);
            }
            score += i32::from(leaves[leaf]);
        }
        score
    }

    /// The probability for a score: between the steps of the table on a straight line.
    #[must_use]
    pub fn probability(&self, score: i32) -> f32 {
        let most = LOWEST + STEP * i32::try_from(STEPS).unwrap_or(i32::MAX);
        let above = score.clamp(LOWEST, most - 1) - LOWEST;
        let at = usize::try_from(above / STEP).unwrap_or_default();
        let (low, high) = (i32::from(self.probabilities[at]), i32::from(self.probabilities[at + 1]));
        let parts = low * STEP + (high - low) * (above % STEP);
        parts as f32 / (STEP * i32::from(u16::MAX)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Model {
        Model {
            depth: 2,
            bias: -10,
            questions: vec![(3, 7), (5, 0)],
            leaves: vec![1, 2, 3, 4],
            probabilities: (0..=STEPS).map(|step| u16::try_from(step * 1000).unwrap()).collect(),
            usual: Features([9; COUNT]),
        }
    }

    #[test]
    fn a_model_is_written_and_read() {
        assert_eq!(Model::from_bytes(&small().to_bytes()), Ok(small()));
        let bytes = small().to_bytes();
        assert_eq!(Model::from_bytes(&bytes[..bytes.len() - 1]), Err(ModelError));
        assert_eq!(Model::from_bytes(b"ULJ1"), Err(ModelError));
        assert!(Model::builtin().questions.len() > 100);
    }

    #[test]
    fn questions_choose_the_leaf() {
        let mut features = Features::default();
        assert_eq!(small().score(&features), -9);
        features.0[5] = 1;
        assert_eq!(small().score(&features), -8);
        features.0[3] = 8;
        assert_eq!(small().score(&features), -6);
    }

    #[test]
    fn probabilities_lie_between_steps() {
        let model = small();
        let part = |number: f32| number / 65535.0;
        for (score, expected) in [(LOWEST, 0.0), (LOWEST + STEP, 1000.0), (0, 32_000.0), (STEP / 2, 32_500.0), (i32::MIN, 0.0)] {
            assert!((model.probability(score) - part(expected)).abs() < 1e-4, "{score}");
        }
        assert!((model.probability(i32::MAX) - part(64_000.0)).abs() < 1e-3);
    }
}
