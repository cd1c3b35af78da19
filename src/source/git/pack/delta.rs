//! Deltas: how a pack stores an object as a change to another. Owns: reading and applying them. Must not: know what the objects mean.
//!
//! Format: gitformat-pack(5), "Deltified representation".

use std::io::{self, Read};

/// One instruction of a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    /// `len` bytes of the base from `from` on. Copies that continue each other are one.
    Copy {
        /// Offset in the base.
        from: usize,
        /// Bytes.
        len: usize,
    },
    /// `len` bytes of the delta itself from `from` on.
    Insert {
        /// Offset in the delta.
        from: usize,
        /// Bytes.
        len: usize,
    },
}

/// A delta that was read and found to be sound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delta<'d> {
    /// The delta as stored; insertions point into it.
    pub(crate) payload: &'d [u8],
    /// What makes the object out of its base, in order.
    pub(crate) ops: &'d [Op],
    /// Bytes of the object.
    pub(crate) len: usize,
}

impl<'d> Delta<'d> {
    /// Reads parts of the object.
    pub(crate) const fn reader(&self, base: &'d [u8]) -> PartReader<'d> {
        PartReader { delta: *self, base, op: 0, start: 0, at: 0 }
    }

    /// Builds the object in `out`, which is emptied first.
    pub(crate) fn apply(&self, base: &[u8], out: &mut Vec<u8>) {
        out.clear();
        out.reserve(self.len);
        for op in self.ops {
            match *op {
                Op::Copy { from, len } => out.extend_from_slice(&base[from..from + len]),
                Op::Insert { from, len } => out.extend_from_slice(&self.payload[from..from + len]),
            }
        }
    }
}

/// Reads parts of the object that a delta makes, without building it.
pub(crate) struct PartReader<'d> {
    delta: Delta<'d>,
    base: &'d [u8],
    /// The instruction that is used next, and where in the object what it makes starts.
    op: usize,
    start: usize,
    /// How far the object was read in order.
    at: usize,
}

impl Read for PartReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = out.len().min(self.delta.len - self.at);
        self.part(self.at, &mut out[..len]);
        self.at += len;
        Ok(len)
    }
}

impl<'d> PartReader<'d> {
    /// Fills `out` with what is in the object from `at` on. It takes time in proportion to the distance from the last part.
    pub(crate) fn part(&mut self, mut at: usize, mut out: &mut [u8]) {
        while at < self.start {
            self.op -= 1;
            self.start -= self.source().2;
        }
        while !out.is_empty() {
            let (source, from, len) = self.source();
            if self.start + len <= at {
                self.start += len;
                self.op += 1;
                continue;
            }
            let skip = at - self.start;
            let (now, later) = out.split_at_mut(out.len().min(len - skip));
            now.copy_from_slice(&source[from + skip..][..now.len()]);
            at += now.len();
            out = later;
        }
    }

    /// What the instruction takes its bytes from, from where on, and how many.
    fn source(&self) -> (&'d [u8], usize, usize) {
        match self.delta.ops[self.op] {
            Op::Copy { from, len } => (self.base, from, len),
            Op::Insert { from, len } => (self.delta.payload, from, len),
        }
    }
}

/// Reads the instructions of `payload` into `ops` and gives the object's length in bytes. None where they do not fit a base of `base_len`
/// bytes, or do not make an object of the length they announce.
pub(crate) fn read(payload: &[u8], base_len: usize, ops: &mut Vec<Op>) -> Option<usize> {
    ops.clear();
    let mut at = 0;
    if length(payload, &mut at)? != base_len {
        return None;
    }
    let announced = length(payload, &mut at)?;
    let mut made = 0_usize;
    while let Some(&code) = payload.get(at) {
        at += 1;
        let len = if code & 0x80 != 0 {
            let (from, len) = copy(payload, code, &mut at)?;
            if from.checked_add(len)? > base_len {
                return None;
            }
            match ops.last_mut() {
                Some(Op::Copy { from: before, len: length }) if *before + *length == from => *length += len,
                _ => ops.push(Op::Copy { from, len }),
            }
            len
        } else {
            let len = usize::from(code);
            if len == 0 || at + len > payload.len() {
                return None;
            }
            ops.push(Op::Insert { from: at, len });
            at += len;
            len
        };
        made = made.checked_add(len)?;
        if made > announced {
            return None;
        }
    }
    (made == announced).then_some(made)
}

/// The length that a delta announces for its object, without reading its instructions.
pub(crate) fn announced(payload: &[u8]) -> Option<usize> {
    let mut at = 0;
    length(payload, &mut at)?;
    length(payload, &mut at)
}

/// Offset and length of a copy instruction whose bits say which of their bytes are stored.
fn copy(payload: &[u8], code: u8, at: &mut usize) -> Option<(usize, usize)> {
    let mut number = |bits: std::ops::Range<u32>| {
        let first = bits.start;
        bits.filter(|bit| code & (1 << bit) != 0).try_fold(0_usize, |number, bit| {
            let byte = *payload.get(*at)?;
            *at += 1;
            Some(number | usize::from(byte) << (8 * (bit - first)))
        })
    };
    let from = number(0..4)?;
    let len = number(4..7)?;
    Some((from, if len == 0 { 0x10000 } else { len }))
}

/// A length in groups of seven bits, lowest first.
fn length(payload: &[u8], at: &mut usize) -> Option<usize> {
    let mut number = 0_usize;
    for shift in (0..usize::BITS).step_by(7) {
        let byte = *payload.get(*at)?;
        *at += 1;
        number |= usize::from(byte & 0x7F).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn apply(base: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
        let mut ops = Vec::new();
        let len = read(payload, base.len(), &mut ops)?;
        let mut out = Vec::new();
        let delta = Delta { payload, ops: &ops, len };
        delta.apply(base, &mut out);
        assert_eq!(out.len(), len);
        let mut streamed = Vec::new();
        delta.reader(base).read_to_end(&mut streamed).unwrap();
        assert_eq!(streamed, out);
        Some(out)
    }

    #[test]
    fn copies_and_insertions() {
        assert_eq!(apply(b"hello world", &[11, 9, 0x90, 6, 3, b'y', b'o', b'u']).unwrap(), b"hello you");
        assert_eq!(apply(b"hello world", &[11, 5, 0x91, 6, 5]).unwrap(), b"world");
        // Copies that continue each other become one.
        let mut ops = Vec::new();
        assert_eq!(read(&[11, 4, 0x90, 2, 0x91, 2, 2], 11, &mut ops), Some(4));
        assert_eq!(ops, [Op::Copy { from: 0, len: 4 }]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for payload in [
            &[10, 5, 0x91, 6, 5][..],      // another base
            &[11, 6, 0x91, 6, 5],          // a shorter object than announced
            &[11, 4, 0x91, 6, 5],          // a longer one
            &[11, 9, 0x91, 6, 9],          // beyond the base
            &[11, 3, 3, b'a', b'b'],       // an insertion that is cut off
            &[11, 1, 0],                   // a reserved instruction
            &[11, 0xFF, 0xFF, 0xFF, 0xFF], // a length without an end
            &[11],
            &[],
        ] {
            assert_eq!(apply(b"hello world", payload), None, "{payload:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(base in prop::collection::vec(any::<u8>(), 0..40), payload in prop::collection::vec(any::<u8>(), 0..60)) {
            apply(&base, &payload);
            announced(&payload);
        }
    }
}
