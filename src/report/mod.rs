//! tmp
/// tmp
pub mod line_hash {
    /// t
    pub fn line_hashes(_t: &[u8], l: &[u64]) -> Vec<String> {
        l.iter().map(|_| String::new()).collect()
    }
}
