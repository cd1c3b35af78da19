//! One thread's part in unpacking. Owns: buffers, which texts it keeps, and what becomes of an entry that does not fit. Must not: choose what
//! is unpacked, or start threads.

use std::io::{self, Read};
use std::sync::Arc;

use sirocco::Format;
use sirocco::inflate::{Decoder, Reader};

use super::budget::{SCRATCH, Share};
use super::delta::{self, Delta, Op};
use super::forest::Forest;
use super::loose::Loose;
use super::packed::{self, Broken, Pack};
use super::walk::{Limits, Version, Visitor};
use super::{Inventory, LooseObject};

/// Buffers that a thread keeps for the next objects.
const SPARE: usize = 16;
/// Bytes of work that is not counted, and of a buffer that is kept.
const SHORT: usize = 512 << 10;
/// Bytes that a thread unpacks more than once for lack of memory, before it gives up on what would take more.
const MOST_AGAIN: u64 = 64 << 30;

/// An entry to look at.
pub(super) struct Task<'w, 'b, F> {
    pub(super) forest: &'w Forest<'w>,
    pub(super) entry: u32,
    pub(super) under: Under<'b, F>,
}

/// What an entry is a change to.
pub(super) enum Under<'b, F> {
    /// It is stored whole.
    Nothing,
    /// This, and nothing else is a change to it that is still to come.
    Own(Base<'b, F>),
    /// This.
    Shared(Arc<Base<'b, F>>),
    /// What has to be unpacked again, since there was no memory to keep it.
    Forgotten,
}

/// An object that changes are made to.
pub(super) struct Base<'b, F> {
    text: Vec<u8>,
    frame: F,
    /// The memory that its text takes; none for a short one that is in one hand.
    share: Option<Share<'b>>,
}

/// What it takes to look at an entry.
struct Need {
    /// Bytes of the object.
    len: u64,
    /// Whether the object is shown as a stream.
    is_streamed: bool,
    /// Bytes of memory.
    bytes: usize,
    /// Bytes of the change, where it is unpacked already.
    payload: Option<usize>,
}

/// What one thread needs.
pub(super) struct Worker<'b, V> {
    pub(super) visitor: V,
    limits: Limits<'b>,
    decoder: Decoder,
    payload: Vec<u8>,
    ops: Vec<Op>,
    spare: Vec<Vec<u8>>,
    /// Objects that could not be unpacked where they were looked for.
    pub(super) lost: Vec<(u32, Broken)>,
    /// Bytes that may still be unpacked more than once.
    again: u64,
}

impl<'b, V: Visitor> Worker<'b, V> {
    pub(super) fn new(visitor: V, limits: Limits<'b>) -> Self {
        Self {
            visitor,
            limits,
            decoder: packed::decoder(),
            payload: Vec::new(),
            ops: Vec::new(),
            spare: Vec::new(),
            lost: Vec::new(),
            again: MOST_AGAIN,
        }
    }

    /// Looks at one entry, hands all but one of the changes to it to `later`, and gives the one to go on with: the lightest, so that the
    /// heaviest comes when nothing else needs the text any more.
    pub(super) fn entry<'w>(
        &mut self,
        task: Task<'w, 'b, V::Frame>,
        mut later: impl FnMut(Task<'w, 'b, V::Frame>),
    ) -> Option<Task<'w, 'b, V::Frame>> {
        let Task { forest, entry, under } = task;
        let mut base = match self.look(forest, entry, under) {
            Ok(base) => base?,
            Err(why) => {
                self.lost(forest, entry, why);
                return None;
            }
        };
        let mut children: Vec<u32> = forest.children(entry).collect();
        children.sort_by_key(|&child| forest.pack.weight(child));
        if let [entry] = children[..] {
            return Some(Task { forest, entry, under: Under::Own(base) });
        }
        if let Some(share) = self.limits.budget.kept.try_take(base.text.capacity()) {
            base.share = Some(share);
            let base = Arc::new(base);
            let task = |entry: u32| Task { forest, entry, under: Under::Shared(Arc::clone(&base)) };
            children[1..].iter().rev().map(|&entry| task(entry)).for_each(later);
            return Some(task(children[0]));
        }
        // What nothing is a change to is looked at while the text is there; the others find it forgotten.
        children.retain(|&child| forest.children(child).next().is_some() || !self.look_beside(forest, child, &base));
        let entry = children.pop()?;
        for entry in children {
            later(Task { forest, entry, under: Under::Forgotten });
        }
        Some(Task { forest, entry, under: Under::Own(base) })
    }

    /// Looks at an entry. It is a base if there are changes to it.
    fn look(&mut self, forest: &Forest<'_>, entry: u32, under: Under<'b, V::Frame>) -> Result<Option<Base<'b, V::Frame>>, Broken> {
        let under = match under {
            Under::Forgotten => Under::Own(self.unpack_again(forest.pack, entry)?),
            under => under,
        };
        let need = self.need(forest, entry)?;
        match under {
            Under::Own(mut base) => {
                let Some(mut share) = base.share.take() else {
                    let share = self.share(need.bytes)?;
                    let next = self.unpack(forest, entry, Some(&base), &need, share);
                    self.keep(base.text);
                    return next;
                };
                // The text counts already, and nobody waits who has something.
                let bytes = need.bytes.saturating_add(base.text.len());
                self.fits(bytes)?;
                if !share.try_set(bytes) {
                    drop((base, share));
                    return self.look(forest, entry, Under::Forgotten);
                }
                self.unpack(forest, entry, Some(&base), &need, Some(share))
            }
            Under::Shared(base) => {
                let share = self.share(need.bytes)?;
                let next = self.unpack(forest, entry, Some(&base), &need, share);
                if let Some(base) = Arc::into_inner(base) {
                    self.keep(base.text);
                }
                next
            }
            Under::Nothing | Under::Forgotten => {
                let share = self.share(need.bytes)?;
                self.unpack(forest, entry, None, &need, share)
            }
        }
    }

    /// Looks at an entry that nothing is a change to, if there is memory for it besides its base. Whether there was.
    fn look_beside(&mut self, forest: &Forest<'_>, entry: u32, base: &Base<'b, V::Frame>) -> bool {
        let looked = self.need(forest, entry).and_then(|need| {
            let share = match &base.share {
                None => self.share(need.bytes)?,
                Some(_) => match self.limits.budget.at_hand.try_take(need.bytes) {
                    Some(share) => Some(share),
                    None => return Ok(false),
                },
            };
            self.unpack(forest, entry, Some(base), &need, share).map(|_| true)
        });
        looked.unwrap_or_else(|why| {
            self.lost(forest, entry, why);
            true
        })
    }

    /// The memory to look at something, by one who has none. Short texts take none that is counted.
    fn share(&self, bytes: usize) -> Result<Option<Share<'b>>, Broken> {
        self.fits(bytes)?;
        Ok((bytes > SHORT).then(|| self.limits.budget.at_hand.take(bytes)))
    }

    fn fits(&self, bytes: usize) -> Result<(), Broken> {
        if bytes <= self.limits.budget.at_hand.bytes { Ok(()) } else { Err(Broken::NoMemory(bytes as u64)) }
    }

    /// What it takes to look at an entry, besides what it is a change to. A change that takes no memory to speak of is unpacked for it, and
    /// stays for whoever looks at the entry next.
    fn need(&mut self, forest: &Forest<'_>, entry: u32) -> Result<Need, Broken> {
        let pack = forest.pack;
        let stored = pack.size(entry).ok_or(Broken::Damaged)?;
        let (announced, payload) = match pack.base(entry) {
            None => (Some(stored), None),
            Some(_) if stored <= SHORT as u64 => {
                let len = pack.inflate(entry, &mut self.decoder, &mut self.payload)?;
                (delta::announced(&self.payload[..len]).map(|len| len as u64), Some(len))
            }
            // The start of the stream says it; to read no more takes a decoder of its own, which costs more than most changes.
            Some(_) => (pack.announced(entry), None),
        };
        let len = announced.ok_or(Broken::Damaged)?;
        let is_streamed = len > self.limits.most && forest.children(entry).next().is_none();
        let text = if is_streamed { 0 } else { len };
        let change = if pack.base(entry).is_none() { 0 } else { stored };
        // Whoever looks at a text makes others of it, of a part at a time.
        let scratch = if len > SHORT as u64 { len.min(self.limits.most).saturating_mul(SCRATCH) } else { 0 };
        let bytes = text.saturating_add(change).saturating_add(scratch);
        Ok(Need { len, is_streamed, bytes: usize::try_from(bytes).unwrap_or(usize::MAX), payload })
    }

    /// Unpacks an entry and shows it.
    fn unpack(
        &mut self,
        forest: &Forest<'_>,
        entry: u32,
        base: Option<&Base<'b, V::Frame>>,
        need: &Need,
        share: Option<Share<'b>>,
    ) -> Result<Option<Base<'b, V::Frame>>, Broken> {
        let mut text = self.spare.pop().unwrap_or_default();
        let frame = match base {
            None => self.whole(forest, entry, need, &mut text),
            Some(base) => self.changed(forest, entry, base, need, &mut text),
        };
        match frame {
            Ok(Some(frame)) => {
                let share = share.filter(|_| text.len() > SHORT).map(|share| share.lessened(text.len()));
                Ok(Some(Base { text, frame, share }))
            }
            other => {
                self.keep(text);
                other.map(|_| None)
            }
        }
    }

    fn whole(&mut self, forest: &Forest<'_>, entry: u32, need: &Need, text: &mut Vec<u8>) -> Result<Option<V::Frame>, Broken> {
        let pack = forest.pack;
        let (object, has_changes) = (pack.object(entry), forest.children(entry).next().is_some());
        if need.is_streamed {
            let deflated = pack.sound(entry)?;
            self.visitor.large(object, need.len, &mut Exact { content: Reader::new(Format::Zlib, deflated), left: need.len });
            return Ok(None);
        }
        let len = pack.inflate(entry, &mut self.decoder, text)?;
        text.truncate(len);
        let frame = if forest.shows(entry) { self.visitor.whole(object, text, has_changes) } else { V::Frame::default() };
        Ok(has_changes.then_some(frame))
    }

    fn changed(
        &mut self,
        forest: &Forest<'_>,
        entry: u32,
        base: &Base<'b, V::Frame>,
        need: &Need,
        text: &mut Vec<u8>,
    ) -> Result<Option<V::Frame>, Broken> {
        let pack = forest.pack;
        let len = match need.payload {
            Some(len) => len,
            None => pack.inflate(entry, &mut self.decoder, &mut self.payload)?,
        };
        let payload = &self.payload[..len];
        let len = delta::read(payload, base.text.len(), &mut self.ops).ok_or(Broken::Damaged)?;
        let delta = Delta { payload, ops: &self.ops, len };
        let has_changes = forest.children(entry).next().is_some();
        let frame = if need.is_streamed {
            self.visitor.large(pack.object(entry), need.len, &mut delta.reader(&base.text));
            None
        } else {
            let mut version = Version::new(pack.object(entry), &base.text, delta, has_changes, text);
            if version.has_changes {
                version.bytes();
            }
            let frame = if forest.shows(entry) { self.visitor.changed(&base.frame, &mut version) } else { Some(V::Frame::default()) };
            frame.filter(|_| has_changes)
        };
        shrink(&mut self.payload);
        shrink(&mut self.ops);
        Ok(frame)
    }

    /// The text that an entry is a change to, once more; nothing is known of it. It takes all the memory there is for work at hand.
    fn unpack_again(&mut self, pack: &Pack, entry: u32) -> Result<Base<'b, V::Frame>, Broken> {
        let mut chain: Vec<u32> = std::iter::successors(pack.base(entry), |&entry| pack.base(entry)).collect();
        let share = self.limits.budget.at_hand.take(usize::MAX);
        let (mut text, mut next) = (Vec::new(), Vec::new());
        if let Some(root) = chain.pop() {
            let len = pack.inflate(root, &mut self.decoder, &mut text)?;
            text.truncate(len);
        }
        while let Some(entry) = chain.pop() {
            let len = pack.inflate(entry, &mut self.decoder, &mut self.payload)?;
            let len = delta::read(&self.payload[..len], text.len(), &mut self.ops).ok_or(Broken::Damaged)?;
            Delta { payload: &self.payload, ops: &self.ops, len }.apply(&text, &mut next);
            std::mem::swap(&mut text, &mut next);
            self.again = self.again.checked_sub(len as u64).ok_or(Broken::Costly)?;
        }
        Ok(Base { text, frame: V::Frame::default(), share: Some(share) })
    }

    /// An entry that cannot be unpacked takes all changes to it with it.
    fn lost(&mut self, forest: &Forest<'_>, entry: u32, why: Broken) {
        let mut below = vec![(entry, why)];
        while let Some((entry, why)) = below.pop() {
            if forest.shows(entry) {
                self.lost.push((forest.pack.object(entry), why));
            }
            below.extend(forest.children(entry).map(|child| (child, Broken::Base)));
        }
    }

    pub(super) fn loose(&mut self, inventory: &Inventory, object: &LooseObject) {
        let shown = Loose::open(&inventory.directories[object.directory], &inventory.id(object.number).to_owned()).and_then(|opened| {
            if opened.size > self.limits.most {
                self.visitor.large(object.number, opened.size, &mut Exact { left: opened.size, content: opened.into_reader() });
                return Ok(());
            }
            let bytes = usize::try_from(opened.size.saturating_mul(1 + SCRATCH)).unwrap_or(usize::MAX);
            let _share = self.share(bytes)?;
            let mut text = self.spare.pop().unwrap_or_default();
            let read = opened.read(&mut text);
            if read.is_ok() {
                self.visitor.whole(object.number, &text, false);
            }
            self.keep(text);
            read
        });
        if let Err(why) = shown {
            self.lost.push((object.number, why));
        }
    }

    /// Keeps a buffer for the next objects, unless it is large.
    fn keep(&mut self, text: Vec<u8>) {
        if self.spare.len() < SPARE && text.capacity() <= SHORT {
            self.spare.push(text);
        }
    }
}

/// Content that has as many bytes as was announced, or cannot be read.
struct Exact<R> {
    content: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(out)?;
        let is_short = count == 0 && !out.is_empty() && self.left > 0;
        self.left = self.left.checked_sub(count as u64).filter(|_| !is_short).ok_or(io::ErrorKind::InvalidData)?;
        Ok(count)
    }
}

/// Gives back what a large object took.
fn shrink<T>(buffer: &mut Vec<T>) {
    if buffer.capacity() > SHORT {
        *buffer = Vec::new();
    }
}
