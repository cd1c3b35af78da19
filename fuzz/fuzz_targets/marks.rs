//! Inline marks around any stretch of any text: no panic, and nothing counts where no mark is wanted. Must not: know the marks.

#![no_main]

use libfuzzer_sys::fuzz_target;
use unleak::suppress::marks::{self, Marks};

fuzz_target!(|input: (u16, u16, &[u8])| {
    let (one, other, text) = input;
    let [one, other] = [one, other].map(|point| usize::from(point) % (text.len() + 1));
    let span = one.min(other)..one.max(other);
    assert_eq!(marks::mark(text, span.clone(), "a-b", Marks::None), None);
    let own = marks::mark(text, span.clone(), "a-b", Marks::Own);
    let all = marks::mark(text, span.clone(), "a-b", Marks::All);
    // Another tool's mark can add to the own ones, never hide one.
    assert!(own.is_none() || own == all, "{own:?} {all:?}");
    let _ = marks::find(text, span);
});
