//! tmp
/// t
pub mod marks {
    /// t
    pub fn mark(_t: &[u8], _s: std::ops::Range<usize>, _i: &str, _m: Marks) -> Option<crate::finding::Suppression> {
        None
    }
    /// M
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Marks {
        /// all
        All,
        /// own
        Own,
        /// none
        None,
    }
}
