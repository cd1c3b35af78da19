//! Large blocks of memory in large pages. Owns: that advice to the system, and all unsafe code of the program. Must not: take memory from anywhere
//! else than the system's allocator does.
//!
//! The tables of a history are read in no order, and each small page of them costs a processor a walk through tables of its own: in large pages
//! the history of git takes 0.88 of the CPU time. Where the system gives large pages unasked, or never, nothing changes.

use std::alloc::{GlobalAlloc, Layout, System};

/// Bytes of a large page on most machines, and of the smallest block that advice is given for.
const LARGE: usize = 2 << 20;

/// The system's allocator, with advice.
struct LargePages;

#[global_allocator]
static MEMORY: LargePages = LargePages;

#[expect(unsafe_code, reason = "it is what an allocator is")]
// SAFETY: every block is the system allocator's, which is given what was asked for; advice changes nothing of it.
unsafe impl GlobalAlloc for LargePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps to the same conditions.
        advised(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps to the same conditions.
        advised(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, len: usize) -> *mut u8 {
        // SAFETY: the block is one of the system's, and the caller keeps to the same conditions.
        advised(unsafe { System.realloc(block, layout, len) }, len)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is one of the system's, and the caller keeps to the same conditions.
        unsafe { System.dealloc(block, layout) }
    }
}

/// A block of `len` bytes, null if there was no memory for it, after advice to have it in large pages.
#[inline]
fn advised(block: *mut u8, len: usize) -> *mut u8 {
    if len >= LARGE && !block.is_null() {
        advise(block, len);
    }
    block
}

#[cold]
#[expect(unsafe_code, reason = "advice is given by address")]
fn advise(block: *mut u8, len: usize) {
    let before = block.align_offset(LARGE);
    let pages = len.saturating_sub(before) / LARGE * LARGE;
    if pages > 0 {
        let start = block.wrapping_add(before);
        // SAFETY: these are whole pages within the block, and this advice changes nothing of what they hold. What it answers does not matter.
        unsafe { libc::madvise(start.cast(), pages, libc::MADV_HUGEPAGE) };
    }
}
