//! What can be reached and how far secrets got, compared with plain answers over small histories.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::commits::tests::commits;
use super::folders::Counts;
use super::provenance::{Hit, Spot, Tip, Trace, trace};
use super::reach::{Reached, Start, reach};
use super::trees::tests::{Plain, trees};
use super::{History, commits::Commits};
use crate::file_kind::path_class;

type Snapshot = BTreeMap<String, u32>;

const DIRECTORY: u32 = 0o040_000;
const FILE: u32 = 0o100_644;
/// The first object that is a blob, and the first that is a commit.
const BLOBS: u32 = 400;
const COMMITS: u32 = 500;
/// The number of objects; blobs from `COMMITS - 50` on are missing.
const OBJECTS: u32 = 900;

/// A commit as it is made: its parents, what is put where, and whose files are taken over.
#[derive(Debug, Clone)]
struct Made {
    parents: Vec<prop::sample::Index>,
    puts: Vec<(String, Option<u32>)>,
}

fn made() -> impl Strategy<Value = Made> {
    let put = ("[ab](/[abc]){0,3}", prop::option::weighted(0.7, 0..8_u32));
    (prop::collection::vec(any::<prop::sample::Index>(), 0..3), prop::collection::vec(put, 0..4))
        .prop_map(|(parents, puts)| Made { parents, puts })
}

/// A history in plain form.
struct Model {
    snapshots: Vec<Snapshot>,
    parents: Vec<Vec<usize>>,
    trees: Vec<Plain>,
    roots: Vec<u32>,
}

impl Model {
    /// Trees are stored in an order and with bases that `shuffle` chooses, whatever they are.
    fn new(made: &[Made], shuffle: &[prop::sample::Index]) -> Self {
        let (mut snapshots, mut parents): (Vec<Snapshot>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        for (at, commit) in made.iter().enumerate() {
            let from: BTreeSet<usize> = commit.parents.iter().filter(|_| at > 0).map(|parent| parent.index(at)).collect();
            let mut snapshot = Snapshot::new();
            for parent in &from {
                snapshots[*parent].iter().for_each(|(path, blob)| put(&mut snapshot, path, Some(*blob)));
            }
            commit.puts.iter().for_each(|(path, blob)| put(&mut snapshot, path, blob.map(|blob| BLOBS + blob)));
            snapshots.push(snapshot);
            parents.push(from.into_iter().collect());
        }
        let mut objects: BTreeMap<Vec<(u32, String, u32)>, u32> = BTreeMap::new();
        let roots = snapshots.iter().map(|snapshot| store(snapshot, &mut objects)).collect();
        let mut left: Vec<_> = objects.into_iter().collect();
        let mut trees: Vec<Plain> = Vec::new();
        while !left.is_empty() {
            let choice = |most: usize| shuffle.get(trees.len() % shuffle.len().max(1)).map_or(0, |choice| choice.index(most));
            let (entries, object) = left.swap_remove(choice(left.len()));
            let base = (!trees.is_empty() && choice(7) > 0).then(|| choice(trees.len()));
            trees.push((object, base, entries));
        }
        Self { snapshots, parents, trees, roots }
    }

    fn history(&self) -> History {
        let list: Vec<_> = (0..self.roots.len())
            .map(|at| {
                (
                    object(at),
                    self.roots[at],
                    self.parents[at].iter().map(|&parent| object(parent)).collect(),
                    i64::try_from(at % 5).unwrap(),
                )
            })
            .collect();
        History {
            commits: commits(&list),
            trees: trees(&self.trees),
            objects: OBJECTS,
            cut: Vec::new(),
            missing: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// The commits in the histories of `tips`.
    fn reached(&self, tips: &[usize]) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut waiting = tips.to_vec();
        while let Some(commit) = waiting.pop() {
            if reached.insert(commit) {
                waiting.extend(&self.parents[commit]);
            }
        }
        reached
    }
}

/// The object of a commit; not in the order of the history.
fn object(commit: usize) -> u32 {
    COMMITS + u32::try_from(commit * 7 % 61).unwrap()
}

fn commit_of(object: u32) -> usize {
    (0..61).find(|&commit| self::object(commit) == object).unwrap()
}

/// Puts a file at a path, or takes it away; what is in the way goes.
fn put(snapshot: &mut Snapshot, path: &str, blob: Option<u32>) {
    let below = format!("{path}/");
    snapshot.retain(|other, _| other != path && !other.starts_with(&below) && !path.starts_with(&format!("{other}/")));
    snapshot.extend(blob.map(|blob| (path.to_owned(), blob)));
}

/// The object of a snapshot's tree.
fn store(snapshot: &Snapshot, objects: &mut BTreeMap<Vec<(u32, String, u32)>, u32>) -> u32 {
    let mut below: BTreeMap<&str, Snapshot> = BTreeMap::new();
    let mut entries: Vec<(u32, String, u32)> = Vec::new();
    for (path, &blob) in snapshot {
        match path.split_once('/') {
            None => entries.push((FILE, path.clone(), blob)),
            Some((name, rest)) => drop(below.entry(name).or_default().insert(rest.to_owned(), blob)),
        }
    }
    for (name, snapshot) in below {
        entries.push((DIRECTORY, name.to_owned(), store(&snapshot, objects)));
    }
    entries.sort_by(|a, b| a.1.cmp(&b.1));
    let next = u32::try_from(objects.len()).unwrap();
    *objects.entry(entries).or_insert(next)
}

fn bits(commits: &Commits, reached: &Reached) -> BTreeSet<usize> {
    reached.commits.iter().map(|commit| commit_of(commits.object(commit))).collect()
}

/// What [`trace`] has to say of one secret, spots apart.
fn plain_trace(
    model: &Model,
    order: &[usize],
    holds: &[bool],
    messages: &BTreeSet<usize>,
) -> (BTreeSet<usize>, BTreeSet<usize>, u64, Vec<bool>) {
    let mut seen = vec![false; holds.len()];
    let (mut introduced, mut removed, mut count) = (BTreeSet::new(), BTreeSet::new(), 0);
    for &commit in order {
        let parents = &model.parents[commit];
        let before = parents.iter().any(|&parent| holds[parent]);
        if messages.contains(&commit) || holds[commit] && !before {
            introduced.insert(commit);
        }
        if before && !holds[commit] && !parents.iter().any(|&parent| seen[parent] && !holds[parent]) {
            removed.insert(commit);
        }
        seen[commit] = holds[commit] || messages.contains(&commit) || parents.iter().any(|&parent| seen[parent]);
        count += u64::from(holds[commit] || messages.contains(&commit));
    }
    (introduced, removed, count, seen)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_is_reached_is_what_snapshots_hold(
        made in prop::collection::vec(made(), 1..12), shuffle in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        tips in prop::collection::vec(any::<prop::sample::Index>(), 1..3), with_head: bool, work in prop::sample::select(vec![0_usize, 1_000_000]),
    ) {
        let model = Model::new(&made, &shuffle);
        let mut history = model.history();
        history.trees.set_most_work(work);
        let tips: Vec<usize> = tips.iter().map(|tip| tip.index(made.len())).collect();
        let head = with_head.then(|| object(tips[0]));
        let objects: Vec<u32> = tips.iter().map(|&tip| object(tip)).collect();
        let reached = reach(&history, Start::new(&history.commits, head, &objects), Counts::Class);
        let expected = model.reached(&tips);
        prop_assert_eq!(bits(&history.commits, &reached), expected.clone());
        let held: BTreeSet<u32> = expected.iter().flat_map(|&commit| model.snapshots[commit].values().copied()).collect();
        let found: BTreeSet<u32> = reached.objects.iter().filter(|&object| object >= BLOBS).collect();
        if work == 0 {
            prop_assert!(found.is_superset(&held));
            return Ok(());
        }
        prop_assert_eq!(&found, &held);
        for blob in found {
            let path = reached.path(&history.trees, blob).to_string();
            let at = |commit: usize| model.snapshots[commit].get(&path) == Some(&blob);
            prop_assert!(expected.iter().any(|&commit| at(commit)), "{blob} is not at {path}");
            if with_head && model.snapshots[tips[0]].values().any(|&live| live == blob) {
                prop_assert!(at(tips[0]), "{blob} is not at {path} in HEAD");
            }
        }
    }

    #[test]
    fn a_blob_is_seen_at_each_path_that_counts(
        made in prop::collection::vec(made(), 1..12), shuffle in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        tips in prop::collection::vec(any::<prop::sample::Index>(), 1..3), has_head: bool, by_path: bool,
    ) {
        // Of the model's names one is a test's and one an ending.
        let renamed = |path: &str| path.replace('b', "test").replace('c', "x.md");
        let made: Vec<Made> = made.into_iter()
            .map(|made| Made { puts: made.puts.iter().map(|(path, blob)| (renamed(path), *blob)).collect(), ..made }).collect();
        let model = Model::new(&made, &shuffle);
        let history = model.history();
        let tips: Vec<usize> = tips.iter().map(|tip| tip.index(made.len())).collect();
        let objects: Vec<u32> = tips.iter().map(|&tip| object(tip)).collect();
        let counts = if by_path { Counts::Path } else { Counts::Class };
        let reached = reach(&history, Start::new(&history.commits, has_head.then(|| objects[0]), &objects), counts);
        let key = |path: &str| if by_path { path.to_owned() } else { path_class(path.into()).number().to_string() };
        let commits = model.reached(&tips);
        let roots: BTreeMap<u32, usize> = commits.iter().map(|&commit| (model.roots[commit], commit)).collect();
        let mut expected: BTreeSet<(u32, String)> = BTreeSet::new();
        for &commit in &commits {
            expected.extend(model.snapshots[commit].iter().map(|(path, blob)| (*blob, key(path))));
        }
        let mut found = BTreeSet::new();
        for blob in reached.objects.iter().filter(|&object| object >= BLOBS) {
            let first = (reached.path(&history.trees, blob), reached.root(&history.trees, blob));
            for (path, root) in std::iter::once(first).chain(reached.others(&history.trees, blob)) {
                let path = path.to_string();
                prop_assert_eq!(model.snapshots[roots[&root]].get(&path), Some(&blob), "{}", path);
                prop_assert!(found.insert((blob, key(&path))), "{path} counts twice");
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn paths_do_not_depend_on_how_trees_are_stored(
        made in prop::collection::vec(made(), 1..12), shuffles in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 1..20), 2),
        has_head: bool,
    ) {
        let head = object(made.len() / 2);
        let tips: Vec<u32> = (0..made.len()).map(object).collect();
        let paths = shuffles.iter().map(|shuffle| {
            let history = Model::new(&made, shuffle).history();
            let reached = reach(&history, Start::new(&history.commits, has_head.then_some(head), &tips), Counts::Class);
            reached.objects.iter().map(|object| (object, reached.path(&history.trees, object))).collect::<Vec<_>>()
        });
        let paths: Vec<_> = paths.collect();
        prop_assert_eq!(&paths[0], &paths[1]);
    }

    #[test]
    fn exposure_is_what_snapshots_say(
        made in prop::collection::vec(made(), 1..16), shuffle in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        tips in prop::collection::vec(any::<prop::sample::Index>(), 1..4), has_head: bool,
        hits in prop::collection::btree_set((prop::sample::select(vec![0_u32, 1, 2, 63, 64, 70]), 0..8_u32), 1..12),
        messages in prop::collection::vec((prop::sample::select(vec![0_u32, 64]), any::<prop::sample::Index>()), 0..2),
    ) {
        let model = Model::new(&made, &shuffle);
        let history = model.history();
        let tips: Vec<usize> = tips.iter().map(|tip| tip.index(made.len())).collect();
        let head = has_head.then(|| object(tips[0]));
        let references: Vec<Tip> = tips.iter().map(|&tip| Tip { object: object(tip), tags: vec![], is_remote: tip % 2 == 1 }).collect();
        let objects: Vec<u32> = references.iter().map(|tip| tip.object).collect();
        let reached = reach(&history, Start::new(&history.commits, head, &objects), Counts::Class);
        let order: Vec<usize> = reached.oldest_first.iter().map(|&commit| commit_of(history.commits.object(commit))).collect();
        let in_messages: BTreeSet<(u32, usize)> = messages.iter().map(|(secret, commit)| (*secret, commit.index(made.len()))).collect();
        let all: Vec<Hit> = hits.iter().map(|&(secret, blob)| Hit { secret, object: BLOBS + blob })
            .chain(in_messages.iter().map(|&(secret, commit)| Hit { secret, object: object(commit) })).collect();
        let provenance = trace(&history, &reached, head, &references, &all);
        for (secret, trace) in (0_u32..).zip(&provenance) {
            let is_secret = |blob: &u32| hits.contains(&(secret, blob - BLOBS));
            let messages: BTreeSet<usize> = in_messages.iter().filter(|(of, _)| *of == secret).map(|&(_, commit)| commit).collect();
            let holds: Vec<bool> = model.snapshots.iter().map(|snapshot| snapshot.values().any(is_secret)).collect();
            let (introduced, removed, count, seen) = plain_trace(&model, &order, &holds, &messages);
            prop_assert_eq!(trace.objects, all.iter().filter(|hit| hit.secret == secret).count() as u64);
            prop_assert_eq!(trace.commits, count);
            prop_assert_eq!((trace.introductions, trace.removals), (introduced.len() as u64, removed.len() as u64));
            let introducing: Vec<usize> = order.iter().copied().filter(|commit| introduced.contains(commit)).collect();
            prop_assert_eq!(trace.introducing.iter().map(|&commit| commit_of(commit)).collect::<Vec<_>>(), introducing.clone());
            let named: Vec<usize> = introducing.into_iter().take(10).collect();
            prop_assert_eq!(trace.introduced.iter().map(|spot| commit_of(spot.commit)).collect::<Vec<_>>(), named);
            let last: Vec<u32> = order.iter().copied().filter(|commit| removed.contains(commit)).map(object).collect();
            prop_assert_eq!(&trace.removed[..], &last[last.len().saturating_sub(10)..]);
            for spot in &trace.introduced {
                let snapshot = &model.snapshots[commit_of(spot.commit)];
                let in_message = spot.object == spot.commit && spot.path.is_empty() && messages.contains(&commit_of(spot.commit));
                prop_assert!(in_message || snapshot.get(&spot.path.to_string()).is_some_and(|blob| *blob == spot.object && is_secret(blob)));
            }
            let expected: Vec<(String, u32)> = model.snapshots[tips[0]].iter().filter(|(_, blob)| has_head && is_secret(blob)).map(|(path, blob)| (path.clone(), *blob)).collect();
            let mut live: Vec<(String, u32)> = trace.live.iter().map(|spot| (spot.path.to_string(), spot.object)).collect();
            live.sort();
            prop_assert_eq!(live, expected);
            let giving: Vec<u32> = (0..).zip(&tips).filter(|(_, tip)| seen[**tip]).map(|(number, _)| number).collect();
            prop_assert_eq!((trace.reference_count, &trace.references), (giving.len() as u64, &giving));
            prop_assert_eq!(trace.reached_remote, giving.iter().any(|&tip| tips[tip as usize] % 2 == 1));
        }
    }
}

#[test]
fn tags_and_references_to_blobs_give_away_what_they_hold() {
    let model = Model::new(&[Made { parents: vec![], puts: vec![("a".to_owned(), Some(1))] }], &[]);
    let history = model.history();
    let tip = |object, tags: &[u32], is_remote| Tip { object, tags: tags.to_vec(), is_remote };
    let tips = [tip(object(0), &[700], false), tip(BLOBS + 2, &[], true), tip(model.roots[0], &[], false)];
    let reached =
        reach(&history, Start::new(&history.commits, None, &tips.iter().map(|tip| tip.object).collect::<Vec<_>>()), Counts::Class);
    assert!(reached.objects.has(BLOBS + 2) && reached.path(&history.trees, BLOBS + 2).is_empty());
    let hits = [(0, 700), (1, BLOBS + 2), (2, BLOBS + 1)].map(|(secret, object)| Hit { secret, object });
    let provenance = trace(&history, &reached, None, &tips, &hits);
    let expected = [
        Trace { objects: 1, references: vec![0], reference_count: 1, ..Trace::default() },
        Trace { objects: 1, references: vec![1], reference_count: 1, reached_remote: true, ..Trace::default() },
        Trace {
            introduced: vec![Spot { commit: object(0), object: BLOBS + 1, path: "a".into() }],
            introductions: 1,
            introducing: vec![object(0)],
            commits: 1,
            objects: 1,
            references: vec![0, 2],
            reference_count: 2,
            ..Trace::default()
        },
    ];
    assert_eq!(provenance, expected);
}
