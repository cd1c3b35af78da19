//! Unpacking all objects of a kind. Owns: the order (each object right after the one it is a change to), the threads, and which texts are in
//! memory. Must not: know what the objects mean.
//!
//! Objects stored as changes to one another form trees. A thread takes a tree and goes depth first, keeping the text of an object as long as
//! a change to it is to come; the heaviest change comes last, so that few texts are held at a time. Threads without work take branches over.

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gix::objs::Kind;
use rayon::Scope;
use sirocco::Format;
use sirocco::inflate::{Decoder, Reader};

use super::delta::{self, Delta, Op};
use super::loose::Loose;
use super::packed::{self, Broken, Pack};
use super::{Inventory, LooseObject};

/// Buffers that a thread keeps for the next objects, and the most bytes in one of them.
const SPARE: usize = 24;
const SPARE_BYTES: usize = 4 << 20;

/// Looks at objects; one for each thread.
pub(crate) trait Visitor: Send {
    /// What a change needs to know of the object it is a change to, besides its bytes.
    type Frame: Send + Sync;

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

/// Shows every object of `kind` once to one of the visitors that `start` makes, one for each thread, and gives them back.
/// Objects of more than `most` bytes are not unpacked at once.
pub(crate) fn walk<V: Visitor>(inventory: &Inventory, kind: Kind, most: u64, threads: usize, start: impl Fn() -> V) -> Vec<V> {
    let threads = threads.max(1);
    let workers: Vec<Mutex<Worker<V>>> = (0..threads).map(|_| Mutex::new(Worker::new(start(), most))).collect();
    let walk = Walk { workers: &workers };
    let of_kind = |pack: &'_ Pack, entry: &u32| pack.kind(*entry) == Some(kind);
    let roots =
        inventory.packs.iter().flat_map(|pack| pack.roots().filter(move |entry| of_kind(pack, entry)).map(move |entry| (pack, entry)));
    let mut roots: Vec<(&Pack, u32)> = roots.collect();
    roots.sort_by_key(|&(pack, entry)| std::cmp::Reverse(pack.weight(entry)));
    // Where no thread can be started, the caller's own has to do.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.or_else(|_| rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build());
    pool.expect("because the caller's thread is there").scope(|scope| {
        for object in inventory.loose.iter().filter(|object| inventory.kind(object.number) == Some(kind)) {
            scope.spawn(move |_| walk.worker().loose(inventory, object));
        }
        for (pack, entry) in roots {
            scope.spawn(move |scope| walk.branch(scope, Task { pack, entry, base: None }));
        }
    });
    workers.into_iter().map(|worker| worker.into_inner().unwrap_or_else(PoisonError::into_inner).visitor).collect()
}

/// What all threads share.
struct Walk<'w, V> {
    workers: &'w [Mutex<Worker<V>>],
}

impl<V> Clone for Walk<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Walk<'_, V> {}

impl<'w, V: Visitor> Walk<'w, V> {
    /// The worker of this thread.
    fn worker(&self) -> MutexGuard<'w, Worker<V>> {
        let thread = rayon::current_thread_index().unwrap_or(0);
        self.workers[thread].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at an entry and everything that is a change to it.
    fn branch(self, scope: &Scope<'w>, task: Task<'w, V::Frame>)
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
struct Task<'w, F> {
    pack: &'w Pack,
    entry: u32,
    /// What it is a change to.
    base: Option<Arc<Base<F>>>,
}

/// An object that changes are made to.
struct Base<F> {
    text: Vec<u8>,
    frame: F,
}

/// What one thread needs.
struct Worker<V> {
    visitor: V,
    most: u64,
    decoder: Decoder,
    payload: Vec<u8>,
    ops: Vec<Op>,
    spare: Vec<Vec<u8>>,
}

impl<V: Visitor> Worker<V> {
    fn new(visitor: V, most: u64) -> Self {
        Self { visitor, most, decoder: packed::decoder(), payload: Vec::new(), ops: Vec::new(), spare: Vec::new() }
    }

    /// Looks at one entry, hands all but one of the changes to it to `later`, and gives the one to go on with: the lightest, so that the
    /// heaviest comes when nothing else needs the text any more.
    fn entry<'w>(&mut self, task: Task<'w, V::Frame>, mut later: impl FnMut(Task<'w, V::Frame>)) -> Option<Task<'w, V::Frame>> {
        let Task { pack, entry, base } = task;
        let mut text = self.spare.pop().unwrap_or_default();
        let frame = match &base {
            None => self.whole(pack, entry, &mut text),
            Some(base) => self.changed(pack, entry, base, &mut text),
        };
        if let Some(base) = base.and_then(Arc::into_inner) {
            self.keep(base.text);
        }
        let frame = match frame {
            Ok(Some(frame)) => frame,
            Ok(None) => {
                self.keep(text);
                return None;
            }
            Err(why) => {
                self.keep(text);
                self.lost(pack, entry, why);
                return None;
            }
        };
        let base = Arc::new(Base { text, frame });
        let mut children = pack.children(entry).to_vec();
        children.sort_by_key(|&child| pack.weight(child));
        let tasks = children[1..].iter().rev().map(|&entry| Task { pack, entry, base: Some(Arc::clone(&base)) });
        tasks.for_each(&mut later);
        Some(Task { pack, entry: children[0], base: Some(base) })
    }

    fn whole(&mut self, pack: &Pack, entry: u32, text: &mut Vec<u8>) -> Result<Option<V::Frame>, Broken> {
        let (object, has_changes) = (pack.object(entry), !pack.children(entry).is_empty());
        match pack.inflate(entry, self.most, &mut self.decoder, text) {
            Ok(len) => text.truncate(len),
            Err(Broken::TooLarge(size)) if !has_changes => {
                let deflated = pack.deflated(entry).unwrap_or_default();
                self.visitor.large(object, size, &mut Reader::new(Format::Zlib, deflated));
                return Ok(None);
            }
            Err(why) => return Err(why),
        }
        let frame = self.visitor.whole(object, text, has_changes);
        Ok(has_changes.then_some(frame))
    }

    fn changed(&mut self, pack: &Pack, entry: u32, base: &Base<V::Frame>, text: &mut Vec<u8>) -> Result<Option<V::Frame>, Broken> {
        let len = pack.inflate(entry, self.most, &mut self.decoder, &mut self.payload)?;
        let payload = &self.payload[..len];
        let announced = delta::announced(payload).ok_or(Broken::Damaged)? as u64;
        if announced > self.most {
            return Err(Broken::TooLarge(announced));
        }
        let len = delta::read(payload, base.text.len(), &mut self.ops).ok_or(Broken::Damaged)?;
        let delta = Delta { payload, ops: &self.ops, len };
        let mut version = Version::new(pack.object(entry), &base.text, delta, !pack.children(entry).is_empty(), text);
        if version.has_changes {
            version.bytes();
        }
        let frame = self.visitor.changed(&base.frame, &mut version);
        Ok(if version.has_changes { frame } else { None })
    }

    /// An entry that cannot be unpacked takes all changes to it with it.
    fn lost(&mut self, pack: &Pack, entry: u32, why: Broken) {
        self.visitor.broken(pack.object(entry), why);
        let mut below = pack.children(entry).to_vec();
        while let Some(entry) = below.pop() {
            self.visitor.broken(pack.object(entry), Broken::Base);
            below.extend_from_slice(pack.children(entry));
        }
    }

    fn loose(&mut self, inventory: &Inventory, object: &LooseObject) {
        let mut text = self.spare.pop().unwrap_or_default();
        let opened = Loose::open(&inventory.directories[object.directory], &inventory.id(object.number).to_owned());
        match opened {
            Ok(opened) if opened.size > self.most => self.visitor.large(object.number, opened.size, &mut opened.into_reader()),
            Ok(opened) => match opened.read(&mut text) {
                Ok(()) => drop(self.visitor.whole(object.number, &text, false)),
                Err(why) => self.visitor.broken(object.number, why),
            },
            Err(why) => self.visitor.broken(object.number, why),
        }
        self.keep(text);
    }

    /// Keeps a buffer for the next object, unless it is large.
    fn keep(&mut self, text: Vec<u8>) {
        if self.spare.len() < SPARE && text.capacity() <= SPARE_BYTES {
            self.spare.push(text);
        }
    }
}
