//! Unpacking all objects of a kind. Owns: the order (each object right after the one it is a change to), the threads, and which texts are in
//! memory. Must not: know what the objects mean.
//!
//! Objects stored as changes to one another form trees. A thread takes a tree and goes depth first, keeping the text of an object as long as
//! a change to it is to come; the heaviest change comes last, so that few texts are held at a time. Threads without work take branches over.
//! Where a text would take more memory than there is it is not kept, and unpacked again for each change that is to come ([`Budget`]).

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gix::objs::Kind;
use rayon::{Scope, ThreadPool};

use super::Inventory;
use super::budget::Budget;
use super::delta::Delta;
use super::forest::{Forest, Plan};
use super::packed::Broken;
use super::worker::{Task, Under, Worker};

/// Stored bytes of a tree of changes that is shared out on its own, the heaviest first; of lighter ones, mostly commits, so many are looked at one
/// after the other, in the order in which they are stored: what comes next is read ahead.
const HEAVY: u32 = 16 << 10;
const TOGETHER: usize = 32;

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
    /// The threads.
    pub(crate) pool: &'b ThreadPool,
}

/// So many threads, at least one. Where none can be started, the caller's own has to do.
pub(crate) fn pool(threads: usize) -> ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build();
    let pool = pool.or_else(|_| rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build());
    pool.expect("because the caller's thread is there")
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
    let threads = limits.pool.current_num_threads();
    let mut workers: Vec<Mutex<Worker<'_, V>>> = (0..threads).map(|_| Mutex::new(Worker::new(start(), limits))).collect();
    let mut plan = Some(Plan::new(inventory, kind, wanted));
    let mut tried = 0;
    while let Some(at_hand) = plan {
        go(limits.pool, inventory, &at_hand, &workers);
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
    let is_heavy = |&(forest, entry): &(&Forest<'_>, u32)| forest.pack.weight(entry) > HEAVY;
    let (mut heavy, light): (Vec<_>, Vec<_>) = roots.partition(is_heavy);
    heavy.sort_by_key(|&(forest, entry)| std::cmp::Reverse(forest.pack.weight(entry)));
    pool.scope(|scope| {
        for &object in &plan.loose {
            scope.spawn(move |_| walk.worker().loose(inventory, object));
        }
        for part in light.chunks(TOGETHER) {
            scope.spawn(move |scope| {
                for &(forest, entry) in part {
                    walk.branch(scope, Task { forest, entry, under: Under::Nothing });
                }
            });
        }
        // What is added last comes first.
        for (forest, entry) in heavy.into_iter().rev() {
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
