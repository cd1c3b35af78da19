//! Bytes to text. Owns: telling UTF-16 and binary content apart from text, and mapping positions back. Must not: scan.
