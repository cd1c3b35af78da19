//! Gradient boosting of trees that ask the same question on a whole level. Owns: the choice of questions and leaves. Must not: know features.

use unleak::detect::learned::features::COUNT;

/// Thresholds tried for a feature, at most.
const MOST_BINS: usize = 24;

/// How trees are grown.
#[derive(Debug, Clone, Copy)]
pub struct Growth {
    /// Trees.
    pub trees: usize,
    /// Questions of a tree.
    pub depth: usize,
    /// Part of a leaf's best value that is taken.
    pub rate: f64,
    /// Weight of examples that speak against each leaf.
    pub ridge: f64,
    /// Part of the features that a tree may ask for.
    pub features: f64,
    /// Part of the examples that a tree sees.
    pub examples: f64,
    /// What chance starts from.
    pub seed: u64,
}

/// Something to learn from.
#[derive(Debug, Clone)]
pub struct Example {
    /// What is known.
    pub features: [u8; COUNT],
    /// Whether it is a credential.
    pub is_credential: bool,
    /// How much it counts.
    pub weight: f64,
}

/// A tree.
#[derive(Debug, Clone)]
pub struct Tree {
    /// A feature a level, and the value above which the answer is yes.
    pub questions: Vec<(u8, u8)>,
    /// What each row of answers adds to the log odds.
    pub leaves: Vec<f64>,
}

/// Trees.
#[derive(Debug, Clone, Default)]
pub struct Forest {
    /// Log odds before any question.
    pub bias: f64,
    /// The trees.
    pub trees: Vec<Tree>,
}

impl Forest {
    /// The log odds of a row.
    pub fn score(&self, row: &[u8; COUNT]) -> f64 {
        self.bias + self.trees.iter().map(|tree| tree.leaves[leaf(&tree.questions, row)]).sum::<f64>()
    }
}

fn leaf(questions: &[(u8, u8)], row: &[u8; COUNT]) -> usize {
    questions.iter().fold(0, |leaf, &(feature, threshold)| leaf << 1 | usize::from(row[usize::from(feature)] > threshold))
}

/// Numbers that look like chance and are the same each time.
#[derive(Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// A number from 0 to 1.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The thresholds worth trying for each feature, and every example's bin.
struct Bins {
    thresholds: Vec<Vec<u8>>,
    /// A column for each feature.
    columns: Vec<Vec<u8>>,
}

impl Bins {
    fn of(examples: &[&Example]) -> Self {
        let mut bins = Self { thresholds: Vec::new(), columns: Vec::new() };
        for feature in 0..COUNT {
            let mut values: Vec<u8> = examples.iter().map(|example| example.features[feature]).collect();
            values.sort_unstable();
            let mut thresholds: Vec<u8> = if values.is_empty() {
                Vec::new()
            } else {
                (1..=MOST_BINS).map(|step| values[(step * values.len() / (MOST_BINS + 1)).min(values.len() - 1)]).collect()
            };
            thresholds.insert(0, values.first().copied().unwrap_or_default());
            thresholds.dedup();
            // Above the largest value there is nothing.
            thresholds.retain(|&threshold| Some(&threshold) != values.last());
            let bin = |value: u8| u8::try_from(thresholds.partition_point(|&threshold| threshold < value)).unwrap_or(u8::MAX);
            bins.columns.push(examples.iter().map(|example| bin(example.features[feature])).collect());
            bins.thresholds.push(thresholds);
        }
        bins
    }
}

/// Grows trees on examples; `allowed` says which features may be asked for.
pub fn grow(growth: &Growth, examples: &[&Example], allowed: &[bool; COUNT]) -> Forest {
    let bins = Bins::of(examples);
    let mut chance = Chance(growth.seed);
    let (right, all) = examples.iter().fold((1e-6, 2e-6), |(right, all), example| {
        (right + if example.is_credential { example.weight } else { 0.0 }, all + example.weight)
    });
    let mut forest = Forest { bias: (right / (all - right)).ln(), trees: Vec::new() };
    let mut scores = vec![forest.bias; examples.len()];
    for _ in 0..growth.trees {
        let slopes: Vec<(f64, f64)> = examples.iter().zip(&scores).map(|(example, score)| slope(example, *score)).collect();
        let seen: Vec<usize> = (0..examples.len()).filter(|_| chance.next() < growth.examples).collect();
        let asked: Vec<usize> = (0..COUNT)
            .filter(|&feature| chance.next() < growth.features && allowed[feature])
            .filter(|&feature| !bins.thresholds[feature].is_empty())
            .collect();
        let tree = tree(growth, &bins, &slopes, &seen, &asked);
        let Some(tree) = tree else { continue };
        for (score, example) in scores.iter_mut().zip(examples) {
            *score += tree.leaves[leaf(&tree.questions, &example.features)];
        }
        forest.trees.push(tree);
    }
    forest
}

/// First and second derivative of the loss.
fn slope(example: &Example, score: f64) -> (f64, f64) {
    let probability = 1.0 / (1.0 + (-score).exp());
    let truth = f64::from(u8::from(example.is_credential));
    (example.weight * (truth - probability), example.weight * (probability * (1.0 - probability)).max(1e-4))
}

/// One tree: level by level the question that helps most.
fn tree(growth: &Growth, bins: &Bins, slopes: &[(f64, f64)], seen: &[usize], asked: &[usize]) -> Option<Tree> {
    let mut places = vec![0_usize; slopes.len()];
    let mut questions = Vec::new();
    for level in 0..growth.depth {
        let best = asked
            .iter()
            .map(|&feature| best_threshold(growth, bins, slopes, seen, &places, feature, 1 << level))
            .zip(asked)
            .max_by(|a, b| a.0.0.total_cmp(&b.0.0));
        let ((_, bin), &feature) = best?;
        for &at in seen {
            places[at] = places[at] << 1 | usize::from(usize::from(bins.columns[feature][at]) > bin);
        }
        questions.push((u8::try_from(feature).unwrap_or(u8::MAX), bins.thresholds[feature][bin]));
    }
    let mut sums = vec![(0.0, 0.0); 1 << growth.depth];
    for &at in seen {
        sums[places[at]].0 += slopes[at].0;
        sums[places[at]].1 += slopes[at].1;
    }
    let leaves = sums.into_iter().map(|(first, second)| growth.rate * first / (second + growth.ridge)).collect();
    Some(Tree { questions, leaves })
}

/// What the best threshold of a feature gains, and its bin.
fn best_threshold(
    growth: &Growth,
    bins: &Bins,
    slopes: &[(f64, f64)],
    seen: &[usize],
    places: &[usize],
    feature: usize,
    leaves: usize,
) -> (f64, usize) {
    let count = bins.thresholds[feature].len() + 1;
    let mut sums = vec![(0.0, 0.0); leaves * count];
    let column = &bins.columns[feature];
    for &at in seen {
        let sum = &mut sums[places[at] * count + usize::from(column[at])];
        sum.0 += slopes[at].0;
        sum.1 += slopes[at].1;
    }
    let value = |(first, second): (f64, f64)| first * first / (second + growth.ridge);
    let mut gains = vec![0.0; count - 1];
    for leaf in sums.chunks_exact(count) {
        let whole = leaf.iter().fold((0.0, 0.0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1));
        let mut left = (0.0, 0.0);
        for (gain, bin) in gains.iter_mut().zip(leaf) {
            left = (left.0 + bin.0, left.1 + bin.1);
            *gain += value(left) + value((whole.0 - left.0, whole.1 - left.1)) - value(whole);
        }
    }
    let best = gains.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.map_or((0.0, 0), |(bin, &gain)| (gain, bin))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROWTH: Growth = Growth { trees: 60, depth: 2, rate: 0.3, ridge: 1.0, features: 1.0, examples: 1.0, seed: 1 };

    /// Both of two features make a credential; a third one is noise.
    fn examples() -> Vec<Example> {
        let example = |number: usize| {
            let mut features = [0; COUNT];
            features[0] = u8::try_from(number % 2).unwrap();
            features[1] = u8::try_from(number / 2 % 2 * 9).unwrap();
            features[2] = u8::try_from(number * 7 % 5).unwrap();
            Example { is_credential: features[0] == 1 && features[1] == 9, features, weight: 1.0 }
        };
        (0..200).map(example).collect()
    }

    #[test]
    fn what_two_features_say_together_is_learned() {
        let examples = examples();
        let forest = grow(&GROWTH, &examples.iter().collect::<Vec<_>>(), &[true; COUNT]);
        for example in &examples {
            assert_eq!(forest.score(&example.features) > 0.0, example.is_credential);
        }
    }

    #[test]
    fn chance_is_the_same_each_time_and_forbidden_features_are_not_asked() {
        let examples = examples();
        let examples: Vec<&Example> = examples.iter().collect();
        let growth = Growth { features: 0.5, examples: 0.5, ..GROWTH };
        let mut allowed = [true; COUNT];
        allowed[1] = false;
        let grown = || grow(&growth, &examples, &allowed);
        assert_eq!(grown().score(&examples[3].features).to_bits(), grown().score(&examples[3].features).to_bits());
        assert!(grown().trees.iter().all(|tree| tree.questions.iter().all(|&(feature, _)| feature != 1)));
    }
}
