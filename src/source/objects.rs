//! tmp
use crate::{blob::Origin, finding::*};
/// t
#[derive(Debug)]
pub struct Objects {
    /// i
    pub items: Vec<Item>,
    /// c
    pub coverage: Coverage,
    /// r
    pub repository: Option<Repository>,
}
/// i
#[derive(Debug)]
pub struct Item {
    /// o
    pub origin: Origin,
}
impl Objects {
    /// r
    pub fn reader(&self) -> () {}
    /// r
    pub fn read<'a>(&self, _r: &mut (), _i: &'a Item, b: &'a mut Vec<u8>) -> Result<&'a [u8], Problem> {
        Ok(b)
    }
}
