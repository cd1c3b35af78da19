//! Makes the model of the learned judge from labelled text, and says how good it is on repositories it has not seen.
//! Owns: options, folds, calibration. Must not: know features or grow trees itself.

mod boost;
mod examples;

use std::collections::BTreeSet;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use boost::{Example, Forest, Growth};
use clap::Parser;
use examples::{Clean, Sample};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use unleak::detect::learned::features::{COUNT, Features, TABLE};
use unleak::detect::learned::model::{LOWEST, Model, STEP, STEPS, UNIT};
use unleak::evaluate::{self, labels, report};
use unleak::finding::Level;
use unleak::patterns::Catalogue;
use unleak::scan::Scanner;
use unleak::settings::Settings;

/// Makes the model of the learned judge.
#[derive(Debug, Parser)]
struct Args {
    /// Labelled text as JSON Lines
    labels: PathBuf,
    /// Trees of source code without credentials (repeatable)
    #[arg(long, value_name = "DIRECTORY")]
    clean: Vec<PathBuf>,
    /// How much a candidate of a clean tree counts
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.2)]
    clean_weight: f64,
    /// Where the model is written
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Groups of repositories, each left out once; 0: each repository by itself
    #[arg(long, default_value_t = 0)]
    folds: usize,
    /// Groups of features to do without, for a comparison (repeatable)
    #[arg(long, value_name = "GROUP")]
    without: Vec<String>,
    /// Trees
    #[arg(long, default_value_t = 400)]
    trees: usize,
    /// Questions of a tree
    #[arg(long, default_value_t = 4)]
    depth: usize,
    /// Part of a leaf's best value that is taken
    #[arg(long, default_value_t = 0.06)]
    rate: f64,
    /// Weight that pulls leaves to nothing
    #[arg(long, default_value_t = 4.0)]
    ridge: f64,
    /// Part of the features that a tree may ask for
    #[arg(long, default_value_t = 0.4)]
    features: f64,
    /// Part of the examples that a tree sees
    #[arg(long, default_value_t = 0.7)]
    examples: f64,
    /// What chance starts from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The confidence from which a candidate counts as found in the figures
    #[arg(long, value_name = "CONFIDENCE", default_value_t = Level::Medium.floor())]
    threshold: f32,
    /// List each line that is wrong
    #[arg(long)]
    places: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let regions = labels::parse(&std::fs::read_to_string(&args.labels)?)?;
    let mut samples = examples::labelled(&blank(), &regions);
    let credentials = samples.iter().filter(|sample| sample.example.is_credential).count();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} examples, {credentials} of them credentials", samples.len())?;
    samples.extend(clean(&args.clean)?.samples(args.clean_weight));
    let growth = Growth {
        trees: args.trees,
        depth: args.depth,
        rate: args.rate,
        ridge: args.ridge,
        features: args.features,
        examples: args.examples,
        seed: args.seed,
    };
    let allowed = allowed(&args.without);
    let repos: BTreeSet<&String> = regions.iter().map(|region| &region.repo).collect();
    let forests = left_out(&growth, &samples, &allowed, &groups(&repos, args.folds));
    let outcomes: Vec<_> = forests
        .iter()
        .enumerate()
        .flat_map(|(at, (repos, _))| {
            let others = forests.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, forest)| forest);
            let (repos, forest) = (repos, &forests[at].1);
            let scanner = scanner(model(forest, &unseen(others, &samples), &samples, args.depth));
            regions
                .iter()
                .filter(|region| repos.contains(&region.repo))
                .flat_map(|region| evaluate::outcomes(&scanner, region))
                .collect::<Vec<_>>()
        })
        .collect();
    report::write(&outcomes, args.threshold, args.places, &mut out)?;
    if let Some(path) = &args.out {
        let every: Vec<&Example> = samples.iter().map(|sample| &sample.example).collect();
        let forest = boost::grow(&growth, &every, &allowed);
        let model = model(&forest, &unseen(forests.iter(), &samples), &samples, args.depth);
        importance(&forest, &every, &mut out)?;
        unleak::fsx::write_atomically(path, |file| file.write_all(&model.to_bytes()))?;
    }
    Ok(())
}

/// Repositories that were left out together, and what was learned without them.
type Fold = (BTreeSet<String>, Forest);

fn blank() -> Catalogue {
    let mut catalogue = Catalogue::builtin();
    catalogue.set_model(Model::blank());
    catalogue
}

fn scanner(model: Model) -> Scanner {
    let mut catalogue = Catalogue::builtin();
    catalogue.set_model(model);
    Scanner::new(catalogue, Settings::default())
}

fn allowed(without: &[String]) -> [bool; COUNT] {
    let mut allowed = [true; COUNT];
    let mut start = 0;
    for (group, names) in TABLE {
        for (at, name) in names.iter().enumerate() {
            let group = format!("{group:?}").to_lowercase();
            allowed[start + at] = !without.iter().any(|without| *without == group || without == name);
        }
        start += names.len();
    }
    allowed
}

/// The candidates of clean trees.
fn clean(trees: &[PathBuf]) -> Result<Clean, Box<dyn Error>> {
    let catalogue = blank();
    let mut clean = Clean::default();
    for tree in trees {
        for entry in ignore::WalkBuilder::new(tree).sort_by_file_name(Ord::cmp).threads(1).build() {
            let entry = entry?;
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                let text = std::fs::read(entry.path())?;
                if !text.contains(&0) {
                    clean.add(&catalogue, entry.path().strip_prefix(tree)?.as_os_str().as_encoded_bytes(), &text);
                }
            }
        }
    }
    Ok(clean)
}

/// Repositories in groups; 0: each by itself.
fn groups(repos: &BTreeSet<&String>, count: usize) -> Vec<BTreeSet<String>> {
    let count = if count == 0 { repos.len() } else { count };
    let mut groups = vec![BTreeSet::new(); count];
    for (at, repo) in repos.iter().enumerate() {
        groups[at % count].insert((*repo).clone());
    }
    groups
}

/// Learns once for each group of repositories, without it.
fn left_out(growth: &Growth, samples: &[Sample], allowed: &[bool; COUNT], groups: &[BTreeSet<String>]) -> Vec<Fold> {
    let learn = |repos: &BTreeSet<String>| {
        let others = samples.iter().filter(|sample| sample.repo.as_ref().is_none_or(|repo| !repos.contains(repo)));
        let others: Vec<&Example> = others.map(|sample| &sample.example).collect();
        (repos.clone(), boost::grow(growth, &others, allowed))
    };
    groups.par_iter().map(learn).collect()
}

/// Scores of examples by what was learned without their repository, with their truth and weight.
fn unseen<'f>(folds: impl Iterator<Item = &'f Fold>, samples: &[Sample]) -> Vec<(f64, bool, f64)> {
    let mut scores = Vec::new();
    for (repos, forest) in folds {
        let theirs = samples.iter().filter(|sample| sample.repo.as_ref().is_some_and(|repo| repos.contains(repo)));
        scores.extend(theirs.map(|sample| {
            let example = &sample.example;
            (forest.score(&example.features), example.is_credential, example.weight * example.weight)
        }));
    }
    scores
}

/// Whole numbers for a forest, with probabilities that hold on examples it has not seen.
fn model(forest: &Forest, unseen: &[(f64, bool, f64)], samples: &[Sample], depth: usize) -> Model {
    let (slope, shift) = line(unseen);
    #[expect(clippy::cast_possible_truncation, reason = "scores are small")]
    let units = |score: f64| (score * f64::from(UNIT)).round() as i32;
    let probability = |step: usize| {
        let score = f64::from(LOWEST + STEP * i32::try_from(step).unwrap_or(i32::MAX)) / f64::from(UNIT);
        let odds = (slope * score + shift).exp();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 1")]
        let part = (odds / (1.0 + odds) * f64::from(u16::MAX)).round() as u16;
        part
    };
    let limit = |leaf: i32| i16::try_from(leaf).unwrap_or(if leaf < 0 { i16::MIN } else { i16::MAX });
    Model {
        depth,
        bias: units(forest.bias),
        questions: forest.trees.iter().flat_map(|tree| tree.questions.iter().copied()).collect(),
        leaves: forest.trees.iter().flat_map(|tree| tree.leaves.iter().map(|&leaf| limit(units(leaf)))).collect(),
        probabilities: (0..=STEPS).map(probability).collect(),
        usual: usual(samples),
    }
}

/// The median of each feature.
fn usual(samples: &[Sample]) -> Features {
    let mut usual = Features::default();
    for (feature, median) in usual.0.iter_mut().enumerate() {
        let mut values: Vec<u8> = samples.iter().map(|sample| sample.example.features[feature]).collect();
        values.sort_unstable();
        *median = values.get(values.len() / 2).copied().unwrap_or_default();
    }
    usual
}

/// Slope and shift that turn scores into log odds (Platt), by Newton's method.
fn line(scores: &[(f64, bool, f64)]) -> (f64, f64) {
    let (mut slope, mut shift) = (1.0, 0.0);
    for _ in 0..30 {
        let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 1e-6, 0.0, 1e-6);
        for &(score, truth, weight) in scores {
            let probability = 1.0 / (1.0 + f64::exp(-(slope * score + shift)));
            let error = weight * (f64::from(u8::from(truth)) - probability);
            let steep = weight * probability * (1.0 - probability);
            g0 += error * score;
            g1 += error;
            h00 += steep * score * score;
            h01 += steep * score;
            h11 += steep;
        }
        let all = h00 * h11 - h01 * h01;
        slope += (h11 * g0 - h01 * g1) / all;
        shift += (h00 * g1 - h01 * g0) / all;
    }
    (slope, shift)
}

/// Lists how much each feature moves scores.
fn importance(forest: &Forest, examples: &[&Example], out: &mut impl Write) -> std::io::Result<()> {
    let names: Vec<&str> = TABLE.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let mut moved = vec![0.0; COUNT];
    for tree in &forest.trees {
        let mean = tree.leaves.iter().map(|leaf| leaf.abs()).sum::<f64>() / tree.leaves.len() as f64;
        for &(feature, _) in &tree.questions {
            moved[usize::from(feature)] += mean;
        }
    }
    let mut order: Vec<usize> = (0..COUNT).collect();
    order.sort_by(|&a, &b| moved[b].total_cmp(&moved[a]));
    writeln!(out, "\n{} examples, {} trees; features by use", examples.len(), forest.trees.len())?;
    for feature in order {
        writeln!(out, "{:8.2}  {}", moved[feature], names[feature])?;
    }
    Ok(())
}
