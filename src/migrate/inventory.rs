//! Where the values of findings stand, and what rewriters say of these places. Owns: reading files, locating literals, joining findings of
//! one literal. Must not: name, group or change anything.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};
use rayon::prelude::*;

use super::advice;
use super::also::{self, Also};
use super::filters::Filters;
use super::plan::ManualPlace;
use super::target;
use crate::blob::Origin;
use crate::finding::{Finding, Place};
use crate::rewrite::encoding::{FileEncoding, Text};
use crate::rewrite::{self, Located, Manual, Rewriter, Source, Strategy, Style, Tree};
use crate::secret::{Fingerprint, Secret};

/// A file with places.
pub struct FileText {
    /// Path below the root.
    pub path: String,
    /// Its text as UTF-8; all spans are in it.
    pub bytes: Vec<u8>,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// How they spell the text.
    pub encoding: FileEncoding,
    /// Its rewriter.
    pub rewriter: &'static dyn Rewriter,
    /// All spans of findings in it.
    pub secrets: Vec<Range<usize>>,
}

impl FileText {
    /// What rewriters get.
    #[must_use]
    pub fn source(&self) -> Source<'_> {
        Source { path: self.path.as_bytes().as_bstr(), bytes: &self.bytes }
    }

    /// The line of a byte, from 1.
    #[must_use]
    pub fn line(&self, at: usize) -> usize {
        self.bytes[..at].find_iter(b"\n").count() + 1
    }
}

/// A literal that can be moved.
pub struct Spot {
    /// Which of the files.
    pub file: usize,
    /// Where the rewriter was told to look.
    pub look: Range<usize>,
    /// What it said.
    pub located: Located,
    /// Findings in it, by number.
    pub findings: BTreeSet<usize>,
}

/// All places.
#[derive(Default)]
pub struct Inventory {
    /// Files in order of their paths.
    pub files: Vec<FileText>,
    /// Literals in order of files and spans; those of one file are disjoint.
    pub spots: Vec<Spot>,
    /// Places for people.
    pub manual: Vec<ManualPlace>,
}

/// A tree on disk, as rewriters see it.
pub struct DiskTree {
    root: PathBuf,
    paths: Vec<BString>,
}

impl DiskTree {
    /// The tree below `root` with these files.
    #[must_use]
    pub const fn new(root: PathBuf, paths: Vec<BString>) -> Self {
        Self { root, paths }
    }
}

impl Tree for DiskTree {
    fn read(&self, path: &BStr) -> Option<Vec<u8>> {
        let path = path.to_path().ok()?;
        let plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if plain { std::fs::read(self.root.join(path)).ok() } else { None }
    }

    fn named(&self, names: &[&str]) -> Vec<BString> {
        let fits =
            |name: &[u8], known: &str| known.strip_prefix('*').map_or(name == known.as_bytes(), |end| name.ends_with(end.as_bytes()));
        let is_named = |path: &&BString| path.rsplit_str("/").next().is_some_and(|name| names.iter().any(|known| fits(name, known)));
        self.paths.iter().filter(is_named).cloned().collect()
    }
}

/// A place to look at.
struct Look<'f> {
    finding: usize,
    span: Range<usize>,
    line: u64,
    findings: &'f Finding,
    /// What is known of a place that no pattern saw.
    also: Option<Also>,
}

impl Look<'_> {
    fn manual(&self, path: &str, manual: &Manual) -> ManualPlace {
        manual_place(path, self.line, self.findings, self.also.as_ref().map_or_else(|| manual.clone(), |also| also.by_hand(manual)))
    }
}

/// Takes stock of the chosen ones of `findings`, numbered, below `root`, and of the other places of their values, by path.
#[must_use]
pub fn take(
    findings: &[Finding],
    chosen: &[(usize, &Finding)],
    also: BTreeMap<String, Vec<Also>>,
    root: &Path,
    style: Style,
    tree: &(dyn Tree + Sync),
    filters: &Filters<'_>,
) -> Inventory {
    let mut looks: BTreeMap<String, Vec<Look<'_>>> = BTreeMap::new();
    let mut inventory = Inventory::default();
    for &(finding, found) in chosen {
        for place in &found.places {
            match path_of(place) {
                Ok(path) => {
                    let look = Look { finding, span: span_of(place), line: place.start.line, findings: found, also: None };
                    looks.entry(path).or_default().push(look);
                }
                Err(manual) => inventory.manual.push(manual_place(&place.origin.path().to_string(), place.start.line, found, manual)),
            }
        }
    }
    for (path, places) in also {
        let known: Vec<Range<usize>> = looks.get(&path).into_iter().flatten().map(|look| look.span.clone()).collect();
        let fresh = places.into_iter().filter(|place| !known.iter().any(|known| overlap(known, &place.span)));
        let more = fresh.filter_map(|also| {
            let &(finding, findings) = chosen.iter().find(|(number, _)| *number == also.finding)?;
            Some(Look { finding, span: also.span.clone(), line: also.line, findings, also: Some(also) })
        });
        let more: Vec<Look<'_>> = more.collect();
        if !more.is_empty() {
            looks.entry(path).or_default().extend(more);
        }
    }
    let mut secrets: BTreeMap<String, Vec<Range<usize>>> = BTreeMap::new();
    for place in findings.iter().flat_map(|finding| &finding.places) {
        if let Ok(path) = path_of(place) {
            secrets.entry(path).or_default().push(span_of(place));
        }
    }
    let all = |path: &str| secrets.get(path).map_or(&[][..], Vec::as_slice);
    let taken: Vec<_> = looks
        .into_par_iter()
        .map(|(path, looks)| match unfit(root, &path, tree, filters) {
            Ok(()) => file(root, all(&path), path, looks, style, tree),
            Err(manual) => Taken::by_hand(&path, &looks, &manual),
        })
        .collect();
    let moved: BTreeSet<Fingerprint> =
        taken.iter().flat_map(|taken| &taken.spots).map(|spot| Fingerprint::of(spot.located.value.expose())).collect();
    let used: BTreeMap<Fingerprint, Secret> = taken
        .iter()
        .flat_map(|taken| &taken.spots)
        .filter(|spot| spot.located.strategy != Strategy::Placeholder)
        .map(|spot| (Fingerprint::of(spot.located.value.expose()), spot.located.value.clone()))
        .collect();
    for Taken { text, mut spots, more, manual } in taken {
        for spot in &mut spots {
            also::fold(&mut spot.located, &used);
        }
        inventory.manual.extend(manual);
        for (spot, line, also) in more {
            match also::refused(spot.located.value.expose(), &findings[also.finding].secret, &moved) {
                None => spots.push(spot),
                Some(manual) => {
                    let finding = &findings[also.finding];
                    let path = text.as_ref().map_or("", |text| text.path.as_str());
                    inventory.manual.push(manual_place(path, line, finding, also.by_hand(&manual)));
                }
            }
        }
        let spots = joined(spots);
        let Some(text) = text.filter(|_| !spots.is_empty()) else { continue };
        inventory.files.push(text);
        let file = inventory.files.len() - 1;
        inventory.spots.extend(spots.into_iter().map(|spot| Spot { file, ..spot }));
    }
    inventory
}

fn path_of(place: &Place) -> Result<String, Manual> {
    let manual = |reason: &str, advice: &str| Manual { reason: reason.to_owned(), advice: advice.to_owned() };
    match &*place.origin {
        Origin::File { path } => path
            .to_str()
            .map(str::to_owned)
            .map_err(|_| manual("the path is no UTF-8, and a plan is text", "rename the file, or replace the value by hand")),
        Origin::GitConfig { .. } => Err(manual(
            "it is in git's configuration, which is not part of the tree",
            "set the URL without the credential (git remote set-url) and use a credential helper",
        )),
        _ => Err(manual("it is not in a file of the tree", "rotate it; what is in the history is not rewritten by a migration")),
    }
}

fn span_of(place: &Place) -> Range<usize> {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    at(place.span.start)..at(place.span.end)
}

/// What is said of a value in a file of no known kind: a key that a service makes needless has better advice than a reference.
fn unknown_kind(finding: &Finding) -> Manual {
    let advice = advice::of(finding.pattern.def.store);
    if advice.instead.is_empty() {
        let advice = "replace the value by a reference by hand".to_owned();
        return Manual { reason: "nothing is known about files of this kind".to_owned(), advice };
    }
    Manual { reason: format!("such a file has no references; it belongs in {}", advice.service), advice: advice.instead.to_owned() }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

fn manual_place(path: &str, line: u64, finding: &Finding, manual: Manual) -> ManualPlace {
    let Manual { reason, advice } = manual;
    ManualPlace { path: path.to_owned(), line, finding: finding.fingerprint.to_string(), reason, advice }
}

/// Places of the values of `findings` in files that are not rewritten, because others made them or tools make them again.
pub fn not_ours(findings: &[Finding], also: BTreeMap<String, Vec<Also>>) -> impl Iterator<Item = ManualPlace> {
    let manual = Manual {
        reason: "others made this file, or a tool makes it again".to_owned(),
        advice: "update it, or have it made again without the value".to_owned(),
    };
    let places = also.into_iter().flat_map(|(path, places)| places.into_iter().map(move |place| (path.clone(), place)));
    places.map(move |(path, place)| manual_place(&path, place.line, &findings[place.finding], place.by_hand(&manual)))
}

/// What there is of one file.
struct Taken {
    text: Option<FileText>,
    spots: Vec<Spot>,
    /// Places that no pattern saw, with their lines.
    more: Vec<(Spot, u64, Also)>,
    manual: Vec<ManualPlace>,
}

impl Taken {
    /// All places of a file are left to people.
    fn by_hand(path: &str, looks: &[Look<'_>], manual: &Manual) -> Self {
        let places = looks.iter().map(|look| look.manual(path, manual)).collect();
        Self { text: None, spots: Vec::new(), more: Vec::new(), manual: places }
    }
}

/// Whether a file can be rewritten at all, whatever stands in it.
fn unfit(root: &Path, path: &str, tree: &dyn Tree, filters: &Filters<'_>) -> Result<(), Manual> {
    filters.leave(tree, path)?;
    target::writable(root, path, None).map(drop).map_err(target::by_hand)
}

/// One file: its content, its literals, and what is left to people.
fn file(root: &Path, secrets: &[Range<usize>], path: String, looks: Vec<Look<'_>>, style: Style, tree: &(dyn Tree + Sync)) -> Taken {
    let all_manual = |reason: String, advice: &str| Taken::by_hand(&path, &looks, &Manual { reason, advice: advice.to_owned() });
    let bytes = match std::fs::read(root.join(&path)) {
        Ok(bytes) => bytes,
        Err(error) => return all_manual(format!("the file cannot be read: {error}"), "make it readable and plan again"),
    };
    let decoded = match Text::new(&bytes) {
        Ok(decoded) => decoded,
        Err(Manual { reason, advice }) => return all_manual(reason, &advice),
    };
    let Some(rewriter) = rewrite::for_source(Source { path: path.as_bytes().as_bstr(), bytes: decoded.utf8() }) else {
        let places = looks.iter().map(|look| look.manual(&path, &unknown_kind(look.findings))).collect();
        return Taken { text: None, spots: Vec::new(), more: Vec::new(), manual: places };
    };
    let more = looks.iter().filter(|look| look.also.is_some()).map(|look| &look.span);
    let secrets = secrets.iter().chain(more).filter_map(|span| decoded.inward(span)).collect();
    let text = FileText { path, bytes: decoded.utf8().to_vec(), raw: bytes, encoding: decoded.encoding(), rewriter, secrets };
    let mut taken = Taken { text: None, spots: Vec::new(), more: Vec::new(), manual: Vec::new() };
    // Places that a pattern saw come first.
    for look in looks {
        let span = decoded.inward(&look.span).filter(|span| span.end <= text.bytes.len() && span.start < span.end);
        let inside =
            |span: &Range<usize>| taken.spots.iter().any(|spot| spot.located.span.start <= span.start && span.end <= spot.located.span.end);
        if look.also.is_some() && span.as_ref().is_some_and(inside) {
            continue;
        }
        let span =
            span.ok_or_else(|| Manual { reason: "the file changed since it was scanned".to_owned(), advice: "plan again".to_owned() });
        let found = span.and_then(|span| {
            let located = rewriter.locate(text.source(), span.clone(), style, tree)?;
            decoded.is_sure(&located.value)?;
            Ok(Spot { file: 0, look: span, located, findings: BTreeSet::from([look.finding]) })
        });
        match (found, &look.also) {
            (Ok(spot), None) => taken.spots.push(spot),
            (Ok(mut spot), Some(also)) => {
                if taken.spots.iter().any(|known| overlap(&known.located.span, &spot.located.span)) {
                    taken.manual.push(look.manual(&text.path, &also::part_of_more()));
                } else {
                    spot.located.reason += also::ALSO;
                    taken.more.push((spot, look.line, also.clone()));
                }
            }
            (Err(error), _) => taken.manual.push(look.manual(&text.path, &error)),
        }
    }
    Taken { text: Some(text), ..taken }
}

/// Spots in order; of two that overlap the longer one stays and takes the findings of the other.
#[must_use]
pub fn joined(mut spots: Vec<Spot>) -> Vec<Spot> {
    spots.sort_by_key(|spot| (spot.file, spot.located.span.start, std::cmp::Reverse(spot.located.span.end)));
    let mut kept: Vec<Spot> = Vec::new();
    for spot in spots {
        match kept.last_mut() {
            Some(last) if last.file == spot.file && spot.located.span.start < last.located.span.end => {
                let longer = spot.located.span.len() > last.located.span.len();
                let (mut winner, loser) =
                    if longer { (spot, &*last) } else { (Spot { findings: last.findings.clone(), ..take_spot(last) }, &spot) };
                winner.findings.extend(&loser.findings);
                *last = winner;
            }
            _ => kept.push(spot),
        }
    }
    kept
}

fn take_spot(spot: &Spot) -> Spot {
    Spot { file: spot.file, look: spot.look.clone(), located: spot.located.clone(), findings: spot.findings.clone() }
}
