//! Blobs in the order of their deltas: what of a blob has to be looked at again, what it inherits. Owns: the secrets of each blob.
//! Must not: place them; most blobs with a secret are never shown.
//!
//! What an anchor gives depends on the text that was read around it, which detectors announce ([`Sink::depends_on`]), and on its own and the
//! neighbouring lines. An anchor whose text a delta copied gives the same again, so a version of a file is looked at only where it
//! changed. The outcome is that of looking at each blob whole, which `delta: false` does and tests compare.

use std::io::Read;
use std::ops::Range;

use bstr::{BStr, BString, ByteSlice};

use super::lines::{self, Copied, Gathered, MARGIN};
use super::outcome::{Looked, Outcome, Outcomes};
use super::seen::{At, Seen, Unseen};
use super::standing::{Paths, Place, Standing, Wanted};
use crate::blob::Origin;
use crate::detect::text::{self, Form, Text};
use crate::detect::{self, Candidate, Sink, View};
use crate::scan::blob::{Claim, resolve_claims};
use crate::scan::stream::WINDOW;
use crate::scan::{Progress, Scanner};
use crate::source::git::lfs;
use crate::source::git::pack::delta::Op;
use crate::source::git::pack::packed::Broken;
use crate::source::git::pack::walk::{Version, Visitor};

/// Looks at blobs; for one thread.
pub(super) struct Blobs<'s, P> {
    scanner: &'s Scanner,
    paths: &'s P,
    progress: &'s dyn Progress,
    /// Whether versions inherit from their bases.
    delta: bool,
    place: Place,
    /// How a text at that path is read.
    manner: u64,
    /// The blob at hand.
    looked: Looked,
    /// What it holds if it is read as at its other paths, which are these.
    others: Vec<BString>,
    elsewhere: Vec<Outcome>,
    copied: Vec<Copied>,
    gathered: Gathered,
    seen: &'s Seen,
    unseen: Unseen,
    looks: Vec<Look>,
    pub(super) outcomes: Outcomes,
}

/// What is known of a blob that others are changes to.
#[derive(Default)]
pub(super) struct Frame {
    /// How its text was read; none where nothing can be inherited from it.
    manner: Option<u64>,
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

/// Bytes of a frame that is kept in any case.
const SMALL_FRAME: u64 = 16 << 10;

impl<'s, P: Paths> Blobs<'s, P> {
    pub(super) fn new(scanner: &'s Scanner, paths: &'s P, progress: &'s dyn Progress, delta: bool, seen: &'s Seen) -> Self {
        Self {
            scanner,
            paths,
            progress,
            delta,
            place: Place::Path(BString::default()),
            manner: 0,
            others: Vec::new(),
            elsewhere: Vec::new(),
            looked: Looked { object: 0, len: 0, manner: 0, is_binary: false, is_compressed: false, is_pointer: false },
            copied: Vec::new(),
            gathered: Gathered::default(),
            seen,
            unseen: Unseen::default(),
            looks: Vec::new(),
            outcomes: Outcomes::default(),
        }
    }

    /// Whether a blob of `len` bytes is to be looked at; its path is known then.
    fn wants(&mut self, object: u32, len: u64) -> bool {
        let Standing { path, others, manner, first } = match self.paths.standing(object) {
            Wanted::At(standing) => standing,
            Wanted::Excluded => {
                self.outcomes.excluded.push(object);
                return false;
            }
            Wanted::No => return false,
        };
        (self.place, self.others, self.manner) = (path, others, first);
        self.progress.advance(1, len);
        let within = self.scanner.settings.max_file_size.is_none_or(|most| len <= most);
        if !within {
            self.outcomes.over_limit.push((object, len));
        }
        self.elsewhere.clear();
        self.looked = Looked { object, len, manner, is_binary: false, is_compressed: false, is_pointer: false };
        within
    }

    /// The path of the blob at hand.
    fn path(&self) -> BString {
        match &self.place {
            Place::Path(path) => path.clone(),
            Place::Class(_) => self.paths.path(self.looked.object),
        }
    }

    /// Everything in a text that is looked at whole.
    fn whole_text(&mut self, bytes: &[u8], has_changes: bool) -> Frame {
        if bytes.len() > WINDOW {
            self.stream(&mut &*bytes);
            return Frame::default();
        }
        let form = Form::of(bytes);
        let plain = form == Form::Bytes && memchr::memchr(0, bytes).is_none();
        if plain && self.delta {
            self.looks.clear();
            self.unseen.clear();
            self.unseen.add(self.seen, bytes, &At { place: 0, to: 0, ends: [true; 2], manner: self.manner });
            self.search(bytes, |found| Some(found.start));
            return self.look(bytes, &Frame::default(), has_changes).unwrap_or_default();
        }
        let texts = text::of(bytes, form);
        self.looked.is_binary = texts[0].binary;
        self.looked.is_compressed = texts[0].binary && text::is_compressed(bytes);
        let outcomes = self.outcomes_at(self.path().as_bstr(), &texts);
        self.outcomes.add(self.looked, outcomes.iter().chain(&self.elsewhere));
        Frame::default()
    }

    /// What texts hold that are read as at a path.
    fn outcomes_at(&self, path: &BStr, texts: &[Text<'_>]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for text in texts {
            let view = View { bytes: &text.bytes, path, binary: text.binary, depth: 0 };
            let candidates = detect::scan(&self.scanner.catalogue, &view);
            let claims = candidates.iter().map(|candidate| Found::new(self.scanner, candidate, &view)).collect();
            outcomes.extend(resolve_claims(claims, |found: &Found| &found.claim).iter().map(|found| found.outcome));
        }
        outcomes
    }

    /// Looks at the blob at hand as at its other paths.
    fn look_elsewhere(&mut self, bytes: &[u8]) {
        let others = std::mem::take(&mut self.others);
        if others.is_empty() {
            return;
        }
        let texts = text::of(bytes, Form::of(bytes));
        self.elsewhere = others.iter().flat_map(|path| self.outcomes_at(path.as_bstr(), &texts)).collect();
    }

    /// Everything in a text of any length.
    fn stream(&mut self, content: &mut dyn Read) {
        let origin = Origin::Object { id: String::new(), path: self.path() };
        match self.scanner.stream(&origin, content, &mut Vec::new()) {
            Ok(scanned) => {
                let outcomes: Vec<Outcome> = scanned.sightings.iter().map(Outcome::of_sighting).collect();
                self.looked.is_binary = scanned.coverage.binary > 0;
                self.looked.is_compressed = scanned.coverage.compressed > 0;
                // A window gives only so many.
                self.outcomes.crowded.extend(scanned.coverage.problems.first().map(|_| self.looked.object));
                self.outcomes.add(self.looked, outcomes.iter().chain(&self.elsewhere));
            }
            Err(_) => self.outcomes.broken.push((self.looked.object, Broken::Damaged)),
        }
    }

    /// Looks at the anchors of `self.looks` and says what is in the text with what `base` leaves it. The text itself, `bytes`, is needed only
    /// if there is an anchor to look at.
    fn look(&mut self, bytes: &[u8], base: &Frame, has_changes: bool) -> Option<Frame> {
        let (path, class) = match &self.place {
            Place::Path(path) => (path.as_bstr(), None),
            Place::Class(class) => (BStr::new(""), Some(*class)),
        };
        let view = View { bytes, path, binary: false, depth: 0 };
        let mut sink = Sink::of_class(&self.scanner.catalogue, &view, class);
        let mut frame = Frame { manner: Some(self.manner), ..Frame::default() };
        for look in self.looks.drain(..) {
            let first = frame.count();
            match look {
                Look::Kept(anchor, from) => {
                    let found = &base.found[anchor.found.start as usize..anchor.found.end as usize];
                    let shift = |at: usize| at + anchor.start - from;
                    frame.found.extend(found.iter().map(|found| found.moved(shift)));
                    frame.anchors.push(Anchor { found: first..frame.count(), ..anchor });
                }
                Look::At(start, literal) => {
                    sink.look(literal, start);
                    let (reads, candidates) = sink.taken();
                    let mut anchor =
                        Anchor { literal: u32::try_from(literal).expect("because literals are few"), start, reads, found: 0..0 };
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
        self.seen.remember(&mut self.unseen, |stretch| {
            let first = frame.anchors.partition_point(|anchor| anchor.start < stretch.start);
            frame.anchors.get(first).is_some_and(|anchor| anchor.start < stretch.end)
        });
        let resolved = resolve_claims(frame.found.iter().collect(), |found: &&Found| &found.claim);
        self.outcomes.add(self.looked, resolved.iter().map(|found| &found.outcome).chain(&self.elsewhere));
        has_changes.then(|| frame.if_small(self.looked.len))
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
                let moved = |at: usize| at + copied.to - copied.from;
                self.looks.push(if copied.keeps(&anchor.reads, base_len, len) {
                    let reads = moved(anchor.reads.start)..moved(anchor.reads.end);
                    Look::Kept(Anchor { start: moved(anchor.start), reads, ..anchor.clone() }, anchor.start)
                } else {
                    Look::At(moved(anchor.start), anchor.literal as usize)
                });
            }
        }
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.take(version, &self.copied);
        self.unseen.clear();
        for (place, range) in gathered.ranges() {
            let ends = [range.start == 0, range.end == len];
            let text = &gathered.text[place..place + range.len()];
            self.unseen.add(self.seen, text, &At { place, to: range.start, ends, manner: self.manner });
        }
        self.search(&gathered.text, |found| gathered.place(found));
        self.gathered = gathered;
    }

    /// Adds the anchors in the unseen parts of `text` to `self.looks`, where `place` says where they stand in the blob.
    fn search(&mut self, text: &[u8], place: impl Fn(Range<usize>) -> Option<usize>) {
        let (looks, catalogue) = (&mut self.looks, &self.scanner.catalogue);
        for part in &self.unseen.parts {
            let from = part.start.saturating_sub(MARGIN);
            detect::anchors_of(catalogue, &text[from..text.len().min(part.end + MARGIN)], |anchor, start| {
                let start = from + start;
                let found = || place(start..start + detect::anchor_len(catalogue, anchor));
                if let Some(start) = part.contains(&start).then(found).flatten() {
                    looks.push(Look::At(start, anchor));
                }
            });
        }
        looks.sort_by_key(Look::start);
    }
}

/// Whether an anchor depends on nothing beyond the lines next to it. Where it was read to an end of the text from the line next to it, more might
/// have been.
fn is_local(bytes: &[u8], anchor: &Anchor) -> bool {
    let (start, end) = (anchor.reads.start.min(anchor.start), anchor.reads.end.max(anchor.start));
    let mut before = memchr::memrchr_iter(b'\n', &bytes[start..anchor.start]);
    let mut after = memchr::memchr_iter(b'\n', &bytes[anchor.start..end]).map(|at| anchor.start + at + 1);
    let starts_near = before.next().is_none() || start > 0 && before.next().is_none();
    let ends_near = after.next().is_none_or(|line| line == end || end < bytes.len() && after.next().is_none_or(|line| line == end));
    starts_near && ends_near
}

impl Frame {
    /// Nothing, if this takes more memory than the text: a list of passwords.
    fn if_small(self, len: u64) -> Self {
        let bytes = self.anchors.len() * size_of::<Anchor>() + self.found.len() * size_of::<Found>();
        if bytes as u64 > len.max(SMALL_FRAME) { Self::default() } else { self }
    }

    fn count(&self) -> u32 {
        u32::try_from(self.found.len()).expect("because a text is shorter than that")
    }
}

impl Found {
    fn new(scanner: &Scanner, candidate: &Candidate<'_>, view: &View<'_>) -> Self {
        Self { claim: Claim::of(&scanner.catalogue, candidate), outcome: Outcome::of(&scanner.fate(candidate, view.bytes), candidate) }
    }

    /// The same at another place.
    fn moved(&self, shift: impl Fn(usize) -> usize) -> Self {
        let span = shift(self.claim.span.start)..shift(self.claim.span.end);
        Self { claim: self.claim.at(span), outcome: self.outcome }
    }
}

impl<P: Paths> Visitor for Blobs<'_, P> {
    type Frame = Frame;

    fn whole(&mut self, object: u32, bytes: &[u8], has_changes: bool) -> Frame {
        if !self.wants(object, bytes.len() as u64) {
            return Frame::default();
        }
        self.looked.is_pointer = lfs::pointer(bytes).is_some();
        self.look_elsewhere(bytes);
        self.whole_text(bytes, has_changes)
    }

    fn changed(&mut self, base: &Frame, version: &mut Version<'_>) -> Option<Frame> {
        let (object, has_changes, len) = (version.object, version.has_changes, version.delta.len);
        if !self.wants(object, len as u64) {
            return Some(Frame::default());
        }
        if len <= lfs::MAX_POINTER_BYTES {
            self.looked.is_pointer = lfs::pointer(version.bytes()).is_some();
        }
        if !self.others.is_empty() {
            self.look_elsewhere(version.bytes());
        }
        let inherits = base.manner == Some(self.manner) && is_plain(version) && len <= WINDOW;
        if !inherits {
            return Some(self.whole_text(version.bytes(), has_changes));
        }
        self.compare(base, version);
        // What is not looked at need not be put together.
        let looked_at = self.looks.iter().any(|look| matches!(look, Look::At(..)));
        let bytes = if looked_at { version.bytes() } else { &[] };
        self.look(bytes, base, has_changes)
    }

    fn large(&mut self, object: u32, size: u64, content: &mut dyn Read) {
        if self.wants(object, size) {
            self.outcomes.one_sided.extend((!self.others.is_empty()).then_some((object, size)));
            self.stream(content);
        }
    }

    fn broken(&mut self, object: u32, why: Broken) {
        if matches!(self.paths.standing(object), Wanted::At(_)) {
            self.outcomes.broken.push((object, why));
        }
    }
}

/// Whether a change to a plain text is one: nothing inserted has a NUL byte, and it does not start with a byte order mark of UTF-16.
fn is_plain(version: &Version<'_>) -> bool {
    let inserts_nul = version.delta.ops.iter().any(|op| match *op {
        Op::Insert { from, len } => memchr::memchr(0, &version.delta.payload[from..from + len]).is_some(),
        Op::Copy { .. } => false,
    });
    let mut head = [0; 2];
    let len = head.len().min(version.delta.len);
    version.delta.reader(version.base).part(0, &mut head[..len]);
    !inserts_nul && Form::of(&head[..len]) == Form::Bytes
}

#[cfg(test)]
mod tests {
    use super::super::standing::Manners;
    use super::*;
    use crate::patterns::{Catalogue, PatternIndex, example};
    use crate::scan::Silent;
    use crate::settings::Settings;
    use crate::source::git::pack::delta::Delta;
    use proptest::prelude::*;

    /// Every blob is a file of this name.
    struct Named(&'static str);

    impl Paths for Named {
        fn standing(&self, _object: u32) -> Wanted {
            Wanted::At(Manners { by_path: false }.standing_at(self.0.into()))
        }

        fn path(&self, _object: u32) -> BString {
            self.0.into()
        }
    }

    /// Pieces of text that depend on each other across lines, and examples of all kinds of patterns.
    fn piece(catalogue: &Catalogue, seed: u64) -> String {
        const PIECES: [&str; 14] = [
            "password =\n\n  \"correct-Horse7battery\"\n",
            "machine api.example.net\n  login joe\n  password tr0ub4dor3x\n",
            "kind: Config\nusers:\n- name: a\n  user:\n    password: zebra9Quill\n",
            "[default]\n",
            "tokens = [\n  \"Zq7mK2vX9rTa3w\",\n  \"Lp8Qn4Yc6Bd1Ks\",\n]\n",
            "-----BEGIN EC PRIVATE KEY-----\n",
            "-----END EC PRIVATE KEY-----\n",
            "MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\n",
            "Authorization:\n  - Bearer Zq7mK2vX9rTa3wLp8Qn4Yc6B\n",
            "url = postgres://app:tr0ub4dorZebra9@db.internal/app\n",
            "x := `\npassword=abcDEF123ghi\n`\n",
            "plain words, nothing else\n",
            "\n",
            "cGFzc3dvcmQgPSAidHIwdWI0ZG9yLVplYnJhOSIK",
        ];
        let number = usize::try_from(seed >> 8).unwrap_or(0);
        if seed & 1 == 0 {
            return PIECES[number % PIECES.len()].to_owned();
        }
        let count = catalogue.indices().count();
        let index = PatternIndex(u16::try_from(number % count).unwrap());
        let def = &catalogue.pattern(index).def;
        let template = &def.positive[number / count % def.positive.len()];
        String::from_utf8_lossy(&example::fill(catalogue, index, template, seed).unwrap()).into_owned() + "\n"
    }

    /// A delta with random copies and insertions, as it might stand in a pack.
    fn change(base: &[u8], edits: &[(u64, u64, u64)], catalogue: &Catalogue) -> (Vec<u8>, Vec<Op>) {
        let (mut payload, mut ops, mut at) = (Vec::new(), Vec::new(), 0);
        for &(keep, skip, insert) in edits {
            let end = at + (base.len() - at) * usize::try_from(keep % 101).unwrap() / 100;
            if end > at {
                ops.push(Op::Copy { from: at, len: end - at });
            }
            at = end + (base.len() - end).min(usize::try_from(skip % 90).unwrap());
            let text = piece(catalogue, insert);
            let text = &text.as_bytes()[..text.len().min(1 + usize::try_from(insert >> 40).unwrap() % 400)];
            ops.push(Op::Insert { from: payload.len(), len: text.len() });
            payload.extend_from_slice(text);
        }
        if at < base.len() {
            ops.push(Op::Copy { from: at, len: base.len() - at });
        }
        (payload, ops)
    }

    /// What one look at `text` gives.
    fn outcomes(scanner: &Scanner, path: &'static str, text: &[u8]) -> Outcomes {
        let named = Named(path);
        let seen = Seen::new(0);
        let mut blobs = Blobs::new(scanner, &named, &Silent, false, &seen);
        blobs.whole(7, text, false);
        blobs.outcomes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn a_chain_of_changes_gives_what_whole_texts_give(
            seeds in prop::collection::vec(any::<u64>(), 1..14),
            chain in prop::collection::vec(prop::collection::vec(any::<(u64, u64, u64)>(), 1..4), 1..5),
            path in prop::sample::select(vec!["a.py", "a.yml", "a.md", "a"]),
        ) {
            let catalogue = Catalogue::builtin();
            let mut text: Vec<u8> = seeds.iter().flat_map(|&seed| piece(&catalogue, seed).into_bytes()).collect();
            let scanner = Scanner::new(catalogue, Settings::default());
            let named = Named(path);
            let seen = Seen::new(0);
            let mut blobs = Blobs::new(&scanner, &named, &Silent, true, &seen);
            let mut frame = blobs.whole(1, &text, true);
            for edits in chain {
                let (payload, ops) = change(&text, &edits, scanner.catalogue());
                let len = ops.iter().map(|op| match op { Op::Copy { len, .. } | Op::Insert { len, .. } => *len }).sum();
                let delta = Delta { payload: &payload, ops: &ops, len };
                let mut target = Vec::new();
                let mut leaf = Blobs::new(&scanner, &named, &Silent, true, &seen);
                leaf.changed(&frame, &mut Version::new(7, &text, delta, false, &mut target));
                frame = blobs.changed(&frame, &mut Version::new(2, &text, delta, true, &mut target)).unwrap();
                delta.apply(&text.clone(), &mut target);
                text = target;
                prop_assert_eq!(leaf.outcomes.secrets(), outcomes(&scanner, path, &text).secrets());
            }
        }

        #[test]
        fn lines_that_come_again_give_what_they_gave(
            pieces in prop::collection::vec(any::<u64>(), 4..12),
            texts in prop::collection::vec(prop::collection::vec(any::<usize>(), 20..80), 2..6),
        ) {
            let catalogue = Catalogue::builtin();
            let pieces: Vec<String> = pieces.iter().map(|&seed| piece(&catalogue, seed)).collect();
            let scanner = Scanner::new(catalogue, Settings::default());
            let seen = Seen::new(0);
            let named = Named("a.yml");
            for picked in texts {
                let text: String = picked.iter().map(|&piece| pieces[piece % pieces.len()].as_str()).collect();
                let mut blobs = Blobs::new(&scanner, &named, &Silent, true, &seen);
                blobs.whole(7, text.as_bytes(), picked.len().is_multiple_of(2));
                prop_assert_eq!(blobs.outcomes.secrets(), outcomes(&scanner, "a.yml", text.as_bytes()).secrets());
            }
        }
    }
}
