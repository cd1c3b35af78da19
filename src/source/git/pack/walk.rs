//! Unpacking all objects of a kind. Owns: the order (each object right after the one it is a change to), the threads, and which texts are in
//! memory. Must not: know what the objects mean.
//!
//! Objects stored as changes to one another form trees. A thread takes a tree and goes depth first, keeping the text of an object as long as
//! a change to it is to come; the heaviest change comes last, so that few texts are held at a time. Threads without work take branches over.
//! Where a text would take more memory than there is it is not kept, and unpacked again for each change that is to come ([`Budget`]).

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gix::objs::Kind;
use rayon::{Scope, ThreadPool};
use sirocco::Format;
use sirocco::inflate::{Decoder, Reader};

use super::budget::{Budget, Share};
use super::delta::{self, Delta, Op};
use super::forest::{Forest, Plan};
use super::loose::Loose;
use super::packed::{self, Broken, Pack};
use super::{Inventory, LooseObject};

/// Buffers that a thread keeps for the next objects.
const SPARE: usize = 16;
/// Bytes of work that is not counted, and of a buffer that is kept.
const SHORT: usize = 512 << 10;
/// How many times the length of a text those take who look at it.
const SCRATCH: u64 = 2;
/// Bytes that a thread unpacks more than once for lack of memory, before it gives up on what would take more.
const MOST_AGAIN: u64 = 64 << 30;

/// Looks at objects; one for each thread.
pub(crate) trait Visitor: Send {
    /// What a change needs to know of the object it is a change to, besides its bytes.
    /// The default stands for an object that nothing is known of.
    type Frame: Default + Send + Sync;

    /// Looks at an object that is stored whole, or whose base nothing is known of. `has_changes` tells whether the frame will be used.
    fn whole(&mut self, object: u32, bytes: &[u8], has_changes: bool) -> Self::Frame;

    /// Looks at an object that is stored as a change to another. The frame is used only if `version.has_changes`.
    fn changed(&mut self, base: &Self::Frame, version: &mut Version<'_>) -> Option<Self::Frame>;

    /// Looks at an object of `size` bytes, which are too many to unpack at once.
    fn large(&mut self, object: u32, size: u64, content: &mut dyn Read);

    /// An object that cannot be read.
    fn broken(&mut self, object: u32, why: Broken);
}

/// An object that is stored as a change to another.
pub(crate) struct Version<'a> {
    /// The object.
    pub(crate) object: u32,
    /// The bytes of its base.
    pub(crate) base: &'a [u8],
    /// The change.
    pub(crate) delta: Delta<'a>,
    /// Whether other objects are changes to this one.
    pub(crate) has_changes: bool,
    target: &'a mut Vec<u8>,
    is_built: bool,
}

impl<'a> Version<'a> {
    /// The version that `delta` makes of `base`; `target` takes its bytes.
    pub(crate) const fn new(object: u32, base: &'a [u8], delta: Delta<'a>, has_changes: bool, target: &'a mut Vec<u8>) -> Self {
        Self { object, base, delta, has_changes, target, is_built: false }
    }

    /// The object's bytes; they are put together when first asked for.
    pub(crate) fn bytes(&mut self) -> &[u8] {
        if !self.is_built {
            self.delta.apply(self.base, self.target);
            self.is_built = true;
        }
        self.target
    }
}

/// How much is unpacked at once.
#[derive(Clone, Copy)]
pub(crate) struct Limits<'b> {
    /// Bytes of an object; a larger one that nothing is a change to is shown as a stream.
    pub(crate) most: u64,
    /// Memory for all texts together.
    pub(crate) budget: &'b Budget,
    /// How many threads there are.
    pub(crate) threads: usize,
}

/// Shows every object of `kind` for which `wanted` says yes once to one of the visitors that `start` makes, one for each thread, and gives them
/// back.
pub(crate) fn walk<V: Visitor>(
    inventory: &Inventory,
    kind: Kind,
    limits: Limits<'_>,
    wanted: impl Fn(u32) -> bool,
    start: impl Fn() -> V,
) -> Vec<V> {
    let threads = limits.threads.max(1);
    let mut workers: Vec<Mutex<Worker<'_, V>>> = (0..threads).map(|_| Mutex::new(Worker::new(start(), limits))).collect();
    // Where no thread can be started, the caller's own has to do.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.or_else(|_| rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build());
    let pool = pool.expect("because the caller's thread is there");
    let mut plan = Some(Plan::new(inventory, kind, wanted));
    let mut tried = 0;
    while let Some(at_hand) = plan {
        go(&pool, inventory, &at_hand, &workers);
        tried += 1;
        let mut lost: BTreeMap<u32, Broken> = workers.iter_mut().flat_map(|worker| std::mem::take(&mut of(worker).lost)).collect();
        plan = Plan::again(inventory, kind, &mut lost, tried);
        for (object, why) in lost {
            of(&mut workers[0]).visitor.broken(object, why);
        }
    }
    workers.into_iter().map(|worker| worker.into_inner().unwrap_or_else(PoisonError::into_inner).visitor).collect()
}

fn of<'w, 'b, V>(worker: &'w mut Mutex<Worker<'b, V>>) -> &'w mut Worker<'b, V> {
    worker.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// Unpacks what is planned.
fn go<V: Visitor>(pool: &ThreadPool, inventory: &Inventory, plan: &Plan<'_>, workers: &[Mutex<Worker<'_, V>>]) {
    let walk = Walk { workers };
    let roots = plan.forests.iter().flat_map(|forest| forest.roots().map(move |entry| (forest, entry)));
    let mut roots: Vec<(&Forest<'_>, u32)> = roots.collect();
    roots.sort_by_key(|&(forest, entry)| std::cmp::Reverse(forest.pack.weight(entry)));
    pool.scope(|scope| {
        for &object in &plan.loose {
            scope.spawn(move |_| walk.worker().loose(inventory, object));
        }
        for (forest, entry) in roots {
            scope.spawn(move |scope| walk.branch(scope, Task { forest, entry, under: Under::Nothing }));
        }
    });
}

/// What all threads share.
struct Walk<'w, 'b, V> {
    workers: &'w [Mutex<Worker<'b, V>>],
}

impl<V> Clone for Walk<'_, '_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Walk<'_, '_, V> {}

impl<'w, 'b: 'w, V: Visitor> Walk<'w, 'b, V> {
    /// The worker of this thread.
    fn worker(&self) -> MutexGuard<'w, Worker<'b, V>> {
        let thread = rayon::current_thread_index().unwrap_or(0);
        self.workers[thread].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at an entry and everything that is a change to it.
    fn branch(self, scope: &Scope<'w>, task: Task<'w, 'b, V::Frame>)
    where
        V: 'w,
        V::Frame: 'w,
    {
        let mut next = Some(task);
        while let Some(task) = next {
            let later = |task| scope.spawn(move |scope| self.branch(scope, task));
            next = self.worker().entry(task, later);
        }
    }
}

/// An entry to look at.
struct Task<'w, 'b, F> {
    forest: &'w Forest<'w>,
    entry: u32,
    under: Under<'b, F>,
}

/// What an entry is a change to.
enum Under<'b, F> {
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
struct Base<'b, F> {
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
}

/// What one thread needs.
struct Worker<'b, V> {
    visitor: V,
    limits: Limits<'b>,
    decoder: Decoder,
    payload: Vec<u8>,
    ops: Vec<Op>,
    spare: Vec<Vec<u8>>,
    /// Objects that could not be unpacked where they were looked for.
    lost: Vec<(u32, Broken)>,
    /// Bytes that may still be unpacked more than once.
    again: u64,
}

impl<'b, V: Visitor> Worker<'b, V> {
    fn new(visitor: V, limits: Limits<'b>) -> Self {
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
    fn entry<'w>(&mut self, task: Task<'w, 'b, V::Frame>, mut later: impl FnMut(Task<'w, 'b, V::Frame>)) -> Option<Task<'w, 'b, V::Frame>> {
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

    /// What it takes to look at an entry, besides what it is a change to.
    fn need(&self, forest: &Forest<'_>, entry: u32) -> Result<Need, Broken> {
        let pack = forest.pack;
        let stored = pack.size(entry).ok_or(Broken::Damaged)?;
        let len = if pack.base(entry).is_none() { stored } else { pack.announced(entry).ok_or(Broken::Damaged)? };
        let is_streamed = len > self.limits.most && forest.children(entry).next().is_none();
        let text = if is_streamed { 0 } else { len };
        let change = if pack.base(entry).is_none() { 0 } else { stored };
        // Whoever looks at a text makes others of it, of a part at a time.
        let scratch = if len > SHORT as u64 { len.min(self.limits.most) * SCRATCH } else { 0 };
        let bytes = text.saturating_add(change).saturating_add(scratch);
        Ok(Need { len, is_streamed, bytes: usize::try_from(bytes).unwrap_or(usize::MAX) })
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
        let len = pack.inflate(entry, &mut self.decoder, &mut self.payload)?;
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

    fn loose(&mut self, inventory: &Inventory, object: &LooseObject) {
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
