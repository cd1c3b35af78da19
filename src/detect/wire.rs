//! Reading binary structures byte by byte. Owns: taking bytes and numbers off a slice's front. Must not: know formats.

/// The first `length` bytes of `rest`, which then starts after them; none where there are fewer.
pub fn take<'b>(rest: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

/// The big-endian number in the next `length` bytes, eight at most.
pub fn number(rest: &mut &[u8], length: usize) -> Option<usize> {
    let bytes = take(rest, length).filter(|_| length <= 8)?;
    usize::try_from(bytes.iter().fold(0, |number: u64, &byte| number << 8 | u64::from(byte))).ok()
}

/// A length in four bytes and as many bytes after it: the strings of SSH's formats.
pub fn string<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = number(rest, 4)?;
    take(rest, length)
}

/// Significant bits of a big-endian number.
#[must_use]
pub fn bits(number: &[u8]) -> usize {
    let significant = number.iter().position(|&byte| byte != 0).map_or(&[][..], |start| &number[start..]);
    significant.first().map_or(0, |first| significant.len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_taken() {
        let mut rest = &b"\0\0\0\x02ab\0\0\0\x03c"[..];
        assert_eq!(string(&mut rest), Some(&b"ab"[..]));
        assert_eq!(string(&mut rest), None);
        assert_eq!(number(&mut &b"\x01\x02"[..], 2), Some(0x102));
        assert_eq!(number(&mut &[0xff; 9][..], 9), None);
    }

    #[test]
    fn leading_zeros_are_no_bits() {
        assert_eq!(bits(&[0, 0x80, 0]), 16);
        assert_eq!(bits(&[1]), 1);
        assert_eq!(bits(&[0, 0]), 0);
    }
}
