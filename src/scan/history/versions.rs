//! Blobs in the order of their deltas: what of a blob has to be looked at again, what it inherits. Owns: the secrets of each blob.
//! Must not: place them; most blobs with a secret are never shown.
//!
//! What an anchor gives depends on the text that was read around it, which detectors announce ([`Sink::depends_on`]), and on its own and the
//! neighbouring lines. An anchor whose text a delta copied gives the same again, so a version of a file is looked at only where it
//! changed. The outcome is that of looking at each blob whole, which `delta: false` does and tests compare.

use std::io::Read;
use std::ops::Range;

use bstr::BStr;

use super::lines::{self, Copied};
use super::outcome::{Outcome, Outcomes};
use crate::detect::kind::{FileKind, file_kind};
use crate::detect::text::{self, Form};
use crate::detect::{self, Candidate, Sink, View};
use crate::scan::Scanner;
use crate::scan::blob::{Claim, resolve_claims};
use crate::source::git::pack::packed::Broken;
use crate::source::git::pack::walk::{Version, Visitor};

/// Names the blob's path, which decides how its text is read.
pub(super) trait Paths: Sync {
    /// Writes the path of the blob into `path`; `false` if it is not to be scanned.
    fn path(&self, object: u32, path: &mut Vec<u8>) -> bool;
}

/// Looks at blobs; for one thread.
pub(super) struct Blobs<'s, P> {
    scanner: &'s Scanner,
    paths: &'s P,
    /// Whether versions inherit from their bases.
    delta: bool,
    path: Vec<u8>,
    copied: Vec<Copied>,
    looks: Vec<Look>,
    pub(super) outcomes: Outcomes,
}

/// What is known of a blob that others are changes to.
#[derive(Default)]
pub(super) struct Frame {
    /// How its text was read; none where nothing can be inherited from it.
    kind: Option<FileKind>,
    /// Anchors that matter to other versions, in order of place.
    anchors: Vec<Anchor>,
    /// What they gave.
    found: Vec<Found>,
}

/// An anchor that gave something, or whose text reaches beyond the lines next to it.
#[derive(Clone)]
struct Anchor {
    literal: u32,
    start: usize,
    /// The text it depends on.
    reads: Range<usize>,
    /// Its candidates in [`Frame::found`].
    found: Range<u32>,
}

/// A candidate, as far as the outcome of a blob needs it.
#[derive(Clone)]
struct Found {
    claim: Claim,
    outcome: Outcome,
}

/// An anchor to be looked at, or one that is inherited.
enum Look {
    At(usize, usize),
    Kept(Anchor, usize),
}

impl Look {
    const fn start(&self) -> usize {
        match self {
            Self::At(start, _) => *start,
            Self::Kept(anchor, _) => anchor.start,
        }
    }
}

impl<'s, P: Paths> Blobs<'s, P> {
    pub(super) fn new(scanner: &'s Scanner, paths: &'s P, delta: bool) -> Self {
        let outcomes = Outcomes::default();
        Self { scanner, paths, delta, path: Vec::new(), copied: Vec::new(), looks: Vec::new(), outcomes }
    }

    /// Everything in a text that is looked at whole.
    fn whole_text(&mut self, object: u32, bytes: &[u8], has_changes: bool) -> Frame {
        let form = Form::of(bytes);
        let plain = form == Form::Bytes && memchr::memchr(0, bytes).is_none();
        if plain && has_changes && self.delta {
            self.looks.clear();
            let looks = &mut self.looks;
            self.scanner.catalogue.prefilter().find(bytes, |literal, start| looks.push(Look::At(start, literal)));
            looks.sort_by_key(Look::start);
            return self.look(object, bytes, &Frame::default(), true).expect("because it was asked for");
        }
        let mut found = Vec::new();
        for text in &text::of(bytes, form) {
            let view = View { bytes: &text.bytes, path: BStr::new(&self.path), binary: text.binary, depth: 0 };
            let candidates = detect::scan(&self.scanner.catalogue, &view);
            let claims = candidates.iter().map(|candidate| Found::new(self.scanner, candidate, &view)).collect();
            found.extend(resolve_claims(claims, |found: &Found| &found.claim));
        }
        self.outcomes.add(object, bytes.len(), found.iter().map(|found| &found.outcome));
        Frame::default()
    }

    /// Looks at the anchors of `self.looks` and says what is in the text with what `base` leaves it.
    fn look(&mut self, object: u32, bytes: &[u8], base: &Frame, has_changes: bool) -> Option<Frame> {
        let view = View { bytes, path: BStr::new(&self.path), binary: false, depth: 0 };
        let mut sink = Sink::new(&self.scanner.catalogue, &view);
        let mut frame = Frame { kind: Some(file_kind(view.path)), anchors: Vec::new(), found: Vec::new() };
        for look in self.looks.drain(..) {
            let first = frame.count();
            match look {
                Look::Kept(anchor, from) => {
                    let found = &base.found[anchor.found.start as usize..anchor.found.end as usize];
                    let shift = |at: usize| at - from + anchor.start;
                    frame.found.extend(found.iter().map(|found| found.moved(shift)));
                    frame.anchors.push(Anchor { found: first..frame.count(), ..anchor });
                }
                Look::At(start, literal) => {
                    sink.look(literal, start);
                    let (reads, candidates) = sink.taken();
                    let mut anchor = Anchor { literal: u32::try_from(literal).expect("because literals are few"), start, reads, found: 0..0 };
                    for candidate in candidates {
                        let found = Found::new(self.scanner, &candidate, &view);
                        anchor.reads = anchor.reads.start.min(found.claim.span.start)..anchor.reads.end.max(found.claim.span.end);
                        frame.found.push(found);
                    }
                    anchor.found = first..frame.count();
                    if !anchor.found.is_empty() || !is_local(bytes, &anchor) {
                        frame.anchors.push(anchor);
                    }
                }
            }
        }
        if !frame.found.is_empty() {
            let resolved = resolve_claims(frame.found.clone(), |found: &Found| &found.claim);
            self.outcomes.add(object, bytes.len(), resolved.iter().map(|found| &found.outcome));
        } else {
            self.outcomes.add(object, bytes.len(), []);
        }
        has_changes.then_some(frame)
    }

    /// Fills `self.looks` with what a version inherits and what has to be looked at, in order of place.
    fn compare(&mut self, base: &Frame, version: &mut Version<'_>) {
        lines::copied(version.base, &version.delta, &mut self.copied);
        self.looks.clear();
        let (base_len, len) = (version.base.len(), version.delta.len);
        for copied in &self.copied {
            let clean = copied.clean_in_base();
            let first = base.anchors.partition_point(|anchor| anchor.start < clean.start);
            for anchor in base.anchors[first..].iter().take_while(|anchor| anchor.start < clean.end) {
                let moved = |at: usize| at - copied.from + copied.to;
                self.looks.push(if copied.keeps(&anchor.reads, base_len, len) {
                    let reads = moved(anchor.reads.start)..moved(anchor.reads.end);
                    Look::Kept(Anchor { start: moved(anchor.start), reads, ..anchor.clone() }, anchor.start)
                } else {
                    Look::At(moved(anchor.start), anchor.literal as usize)
                });
            }
        }
        let bytes = version.bytes();
        let prefilter = self.scanner.catalogue.prefilter();
        for range in lines::dirty(&self.copied, len) {
            let (looks, from) = (&mut self.looks, range.start.saturating_sub(MARGIN));
            prefilter.find(&bytes[from..len.min(range.end + MARGIN)], |literal, start| {
                if range.contains(&(from + start)) {
                    looks.push(Look::At(from + start, literal));
                }
            });
        }
        self.looks.sort_by_key(Look::start);
    }
}

/// Bytes beyond a range that the filter may need to see a literal in it.
const MARGIN: usize = 8;

/// Whether an anchor depends on nothing beyond the lines next to it.
fn is_local(bytes: &[u8], anchor: &Anchor) -> bool {
    let before = memchr::memrchr_iter(b'\n', &bytes[anchor.reads.start.min(anchor.start)..anchor.start]).nth(1);
    let after = memchr::memchr_iter(b'\n', &bytes[anchor.start..anchor.reads.end.max(anchor.start)]).nth(1);
    before.is_none() && after.is_none_or(|end| anchor.start + end + 1 == anchor.reads.end)
}

impl Frame {
    fn count(&self) -> u32 {
        u32::try_from(self.found.len()).expect("because a text is shorter than that")
    }
}

impl Found {
    fn new(scanner: &Scanner, candidate: &Candidate<'_>, view: &View<'_>) -> Self {
        Self { claim: Claim::of(&scanner.catalogue, candidate), outcome: Outcome::of(scanner.fate(candidate, view.bytes), candidate) }
    }

    /// The same at another place.
    fn moved(&self, shift: impl Fn(usize) -> usize) -> Self {
        let span = shift(self.claim.span.start)..shift(self.claim.span.end);
        Self { claim: self.claim.at(span), outcome: self.outcome.clone() }
    }
}

impl<P: Paths> Visitor for Blobs<'_, P> {
    type Frame = Frame;

    fn whole(&mut self, object: u32, bytes: &[u8], has_changes: bool) -> Frame {
        if !self.paths.path(object, &mut self.path) {
            return Frame::default();
        }
        self.whole_text(object, bytes, has_changes)
    }

    fn changed(&mut self, base: &Frame, version: &mut Version<'_>) -> Option<Frame> {
        let (object, has_changes) = (version.object, version.has_changes);
        if !self.paths.path(object, &mut self.path) {
            return Some(Frame::default());
        }
        let inherits = base.kind == Some(file_kind(BStr::new(&self.path))) && is_plain(version);
        if !inherits {
            return Some(self.whole_text(object, version.bytes(), has_changes));
        }
        self.compare(base, version);
        self.look(object, version.bytes(), base, has_changes)
    }

    fn large(&mut self, object: u32, _size: u64, content: &mut dyn Read) {
        if self.paths.path(object, &mut self.path) {
            self.outcomes.stream(self.scanner, object, BStr::new(&self.path), content);
        }
    }

    fn broken(&mut self, object: u32, why: Broken) {
        self.outcomes.broken.push((object, why));
    }
}

/// Whether a change to a plain text is one: nothing inserted has a NUL byte, and it does not start with a byte order mark of UTF-16.
fn is_plain(version: &mut Version<'_>) -> bool {
    use crate::source::git::pack::delta::Op;
    let inserts_nul = version.delta.ops.iter().any(|op| match *op {
        Op::Insert { from, len } => memchr::memchr(0, &version.delta.payload[from..from + len]).is_some(),
        Op::Copy { .. } => false,
    });
    let head = 2.min(version.delta.len);
    !inserts_nul && Form::of(&version.bytes()[..head]) == Form::Bytes
}
