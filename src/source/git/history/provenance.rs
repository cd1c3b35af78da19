//! How far each secret got: which commits brought it, which took it out, where it still is, which references give it away. Owns: answering
//! that for blobs with secrets. Must not: read objects, or know what a secret is.
//!
//! Secrets are looked at 64 at a time, as the bits of a word: what each node of [`Holders`] leads to, then what each commit's tree holds.

use std::collections::{HashMap, VecDeque};

use bstr::BString;
use rayon::prelude::*;

use super::bits::ones;
use super::holders::{Holders, Part};
use super::reach::Reached;
use super::trees::MOST_PATH;
use super::{History, NONE};
use crate::finding::Exposure;

/// Secrets that are looked at together.
const TOGETHER: usize = 64;
/// Commits that brought a secret, and commits that took it out, which are named.
const COMMITS: usize = Exposure::COMMITS;
/// Commits that brought a secret which a history that goes on has to know; few secrets come in this often.
pub(crate) const MOST_INTRODUCING: usize = 10_000;
/// Places in one commit that are named.
const PLACES: usize = Exposure::LIVE;
/// References that are named.
const REFERENCES: usize = Exposure::REFERENCES;

/// A secret in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// The secret's number; numbers start at 0 and leave none out.
    pub(crate) secret: u32,
    /// A blob, a commit whose message holds the secret, or a tag.
    pub(crate) object: u32,
}

/// A reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tip {
    /// What it names, tags followed.
    pub(crate) object: u32,
    /// The tags that were followed.
    pub(crate) tags: Vec<u32>,
    /// Whether it says what a remote has.
    pub(crate) is_remote: bool,
}

/// A place in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The commit, by object.
    pub(crate) commit: u32,
    /// The blob that holds the secret, or the commit itself if its message does.
    pub(crate) object: u32,
    /// The blob's path; empty for a message.
    pub(crate) path: BString,
}

/// How far a secret got in what was reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    /// Where it stands in the commits that hold it and none of whose parents does, oldest first: in each of the first of them one place.
    pub(crate) introduced: Vec<Spot>,
    /// How many such commits there are.
    pub(crate) introductions: u64,
    /// These commits, by object, oldest first: the first [`MOST_INTRODUCING`] of them.
    pub(crate) introducing: Vec<u32>,
    /// The last of the commits, oldest first and by object, that do not hold it though a parent does. A merge with a parent that lost it
    /// before is none.
    pub(crate) removed: Vec<u32>,
    /// How many such commits there are.
    pub(crate) removals: u64,
    /// Where it stands at HEAD, in order of paths; at most a hundred places.
    pub(crate) live: Vec<Spot>,
    /// How many commits hold it, in their trees or messages.
    pub(crate) commits: u64,
    /// How many objects hold it.
    pub(crate) objects: u64,
    /// The first references, by place among the tips, whose histories hold it.
    pub(crate) references: Vec<u32>,
    /// How many such references there are.
    pub(crate) reference_count: u64,
    /// Whether one of them says what a remote has.
    pub(crate) reached_remote: bool,
}

/// Follows the secrets of `hits`, on the threads of the pool that this is called in. `head` is the commit, by object, that counts as live.
pub(crate) fn trace(history: &History, reached: &Reached, head: Option<u32>, tips: &[Tip], hits: &[Hit]) -> Vec<Trace> {
    let mut hits = hits.to_vec();
    hits.sort_unstable();
    hits.dedup();
    let mut blobs: Vec<u32> = hits.iter().map(|hit| hit.object).filter(|&object| history.commits.place(object).is_none()).collect();
    blobs.sort_unstable();
    blobs.dedup();
    let holders = Holders::new(history, reached, blobs);
    let tracing = Tracing::new(history, reached, &holders, tips, head);
    let count = hits.last().map_or(0, |last| last.secret as usize + 1);
    let chunk = |first: usize| {
        let number = |at: usize| u32::try_from(at).unwrap_or(NONE);
        let (start, end) = (number(first), number(first + TOGETHER));
        let chunk = &hits[hits.partition_point(|hit| hit.secret < start)..hits.partition_point(|hit| hit.secret < end)];
        tracing.chunk(chunk, start, count - first)
    };
    (0..count).into_par_iter().step_by(TOGETHER).flat_map_iter(chunk).collect()
}

struct Tracing<'h> {
    history: &'h History,
    reached: &'h Reached,
    holders: &'h Holders,
    tips: &'h [Tip],
    head: Option<u32>,
    /// The turn of each commit: its place in the order of the history.
    turns: Vec<u32>,
    /// For each turn the first node of the commit's tree.
    roots: Vec<u32>,
    /// For each turn the turns of the commit's parents, as ranges of one list: what is close in time is close in memory.
    first_parent: Vec<u32>,
    parents: Vec<u32>,
}

/// What is known of 64 secrets.
struct Chunk {
    /// What each node leads to.
    nodes: Vec<u64>,
    /// What each blob holds, and each tag, which is among the blobs though no tree holds it.
    blobs: Vec<u64>,
    /// What commits hold in their messages, by object.
    messages: HashMap<u32, u64>,
    /// What the tree of the commit of each turn holds.
    held: Vec<u64>,
    /// What its history holds.
    seen: Vec<u64>,
    traces: Vec<Trace>,
    removed: Vec<VecDeque<u32>>,
}

impl<'h> Tracing<'h> {
    fn new(history: &'h History, reached: &'h Reached, holders: &'h Holders, tips: &'h [Tip], head: Option<u32>) -> Self {
        let commits = &history.commits;
        let number = |at: usize| u32::try_from(at).unwrap_or(NONE);
        let mut turns = vec![NONE; commits.len()];
        reached.oldest_first.iter().zip(0..).for_each(|(&commit, turn)| turns[commit as usize] = turn);
        let (mut first_parent, mut parents) = (vec![0], Vec::new());
        for &commit in &reached.oldest_first {
            parents.extend(commits.parents(commit).iter().map(|&parent| turns[parent as usize]).filter(|&turn| turn != NONE));
            first_parent.push(number(parents.len()));
        }
        let root = |&commit: &u32| commits.tree(commit).and_then(|tree| holders.root(history.trees.place(tree)?)).unwrap_or(NONE);
        let roots = reached.oldest_first.iter().map(root).collect();
        let head = head.and_then(|head| commits.place(head));
        Self { history, reached, holders, tips, head, turns, roots, first_parent, parents }
    }

    /// Follows the secrets from `first` on, at most 64 of the `left` that are left.
    fn chunk(&self, hits: &[Hit], first: u32, left: usize) -> Vec<Trace> {
        let count = left.min(TOGETHER);
        let turns = self.roots.len();
        let mut chunk = Chunk {
            nodes: Vec::new(),
            blobs: vec![0; self.holders.blobs().len()],
            messages: HashMap::new(),
            held: Vec::new(),
            seen: vec![0; turns],
            traces: vec![Trace::default(); count],
            removed: vec![VecDeque::new(); count],
        };
        for hit in hits {
            let bit = 1 << (hit.secret - first);
            chunk.traces[(hit.secret - first) as usize].objects += 1;
            match self.holders.blobs().binary_search(&hit.object) {
                Ok(blob) => chunk.blobs[blob] |= bit,
                Err(_) => *chunk.messages.entry(hit.object).or_default() |= bit,
            }
        }
        chunk.nodes = self.holders.unions(&chunk.blobs);
        self.follow(&mut chunk);
        self.references(&mut chunk);
        self.live(&mut chunk);
        for (trace, removed) in chunk.traces.iter_mut().zip(chunk.removed) {
            trace.removed = removed.into();
        }
        chunk.traces
    }

    /// What a blob or a tag holds.
    fn in_object(&self, chunk: &Chunk, object: u32) -> u64 {
        self.holders.blobs().binary_search(&object).map_or(0, |blob| chunk.blobs[blob])
    }

    /// The turn of a commit that was reached.
    fn turn(&self, commit: u32) -> Option<u32> {
        self.turns.get(commit as usize).copied().filter(|&turn| turn != NONE)
    }

    /// Goes through all commits, parents before children.
    fn follow(&self, chunk: &mut Chunk) {
        let commits = &self.history.commits;
        let mut alike: HashMap<u64, u64> = HashMap::new();
        chunk.held = self.roots.iter().map(|&root| chunk.nodes.get(root as usize).copied().unwrap_or(0)).collect();
        for (turn, &commit) in self.reached.oldest_first.iter().enumerate() {
            let (mut before, mut seen, mut lost) = (0, 0, 0);
            for &parent in &self.parents[self.first_parent[turn] as usize..self.first_parent[turn + 1] as usize] {
                let (parent_held, parent_seen) = (chunk.held[parent as usize], chunk.seen[parent as usize]);
                before |= parent_held;
                seen |= parent_seen;
                lost |= parent_seen & !parent_held;
            }
            let held = chunk.held[turn];
            let message = if chunk.messages.is_empty() { 0 } else { chunk.messages.get(&commits.object(commit)).copied().unwrap_or(0) };
            chunk.seen[turn] = seen | held | message;
            if held | message != 0 {
                *alike.entry(held | message).or_default() += 1;
            }
            for bit in ones(held & !before | message) {
                self.introduced(chunk, commit, bit);
            }
            for bit in ones(before & !held & !lost) {
                chunk.traces[bit as usize].removals += 1;
                let removed = &mut chunk.removed[bit as usize];
                removed.push_back(commits.object(commit));
                if removed.len() > COMMITS {
                    removed.pop_front();
                }
            }
        }
        for (bits, commits) in alike {
            ones(bits).for_each(|bit| chunk.traces[bit as usize].commits += commits);
        }
    }

    fn introduced(&self, chunk: &mut Chunk, commit: u32, bit: u32) {
        let trace = &mut chunk.traces[bit as usize];
        trace.introductions += 1;
        let object = self.history.commits.object(commit);
        if trace.introducing.len() < MOST_INTRODUCING {
            trace.introducing.push(object);
        }
        if trace.introduced.len() < COMMITS {
            let message = Spot { commit: object, object, path: BString::default() };
            let spot = self.spots(&chunk.nodes, &chunk.blobs, commit, bit, 1).pop().unwrap_or(message);
            trace.introduced.push(spot);
        }
    }

    /// Where a commit's tree holds a secret, in order of names, at most `most` places.
    fn spots(&self, nodes: &[u64], blobs: &[u64], commit: u32, bit: u32, most: usize) -> Vec<Spot> {
        let mut spots = Vec::new();
        let root = self.turn(commit).map(|turn| self.roots[turn as usize]).filter(|&root| root != NONE);
        let mut waiting: Vec<(u32, BString)> = root.map(|root| (root, BString::default())).into_iter().collect();
        while let Some((node, path)) = waiting.pop() {
            if nodes[node as usize] >> bit & 1 == 0 || path.len() > MOST_PATH {
                continue;
            }
            match self.holders.part(node) {
                Part::Fork(left, right) => waiting.extend([(right, path.clone()), (left, path)]),
                Part::Tree { name, tree } => waiting.extend(self.holders.root(tree).map(|root| (root, self.joined(path, name)))),
                Part::Blob { name, blob } => {
                    debug_assert!(blobs[blob as usize] >> bit & 1 == 1, "because a node holds what its blob holds");
                    let object = self.holders.blobs()[blob as usize];
                    spots.push(Spot { commit: self.history.commits.object(commit), object, path: self.joined(path, name) });
                    if spots.len() == most {
                        break;
                    }
                }
            }
        }
        spots
    }

    /// `path/name`.
    fn joined(&self, mut path: BString, name: u32) -> BString {
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(self.history.trees.name(name));
        path
    }

    fn references(&self, chunk: &mut Chunk) {
        for (tip, number) in self.tips.iter().zip(0_u32..) {
            let object = tip.object;
            let mut held = match (self.history.commits.place(object), self.history.trees.place(object)) {
                (Some(commit), _) => self.turn(commit).map_or(0, |turn| chunk.seen[turn as usize]),
                (_, Some(tree)) => self.holders.root(tree).map_or(0, |root| chunk.nodes[root as usize]),
                _ => self.in_object(chunk, object),
            };
            held |= tip.tags.iter().fold(0, |held, &tag| held | self.in_object(chunk, tag));
            for bit in ones(held) {
                let trace = &mut chunk.traces[bit as usize];
                trace.reference_count += 1;
                trace.reached_remote |= tip.is_remote;
                if trace.references.len() < REFERENCES {
                    trace.references.push(number);
                }
            }
        }
    }

    fn live(&self, chunk: &mut Chunk) {
        let Some((head, turn)) = self.head.and_then(|head| Some((head, self.turn(head)?))) else { return };
        for bit in ones(chunk.held[turn as usize]) {
            chunk.traces[bit as usize].live = self.spots(&chunk.nodes, &chunk.blobs, head, bit, PLACES);
        }
    }
}
