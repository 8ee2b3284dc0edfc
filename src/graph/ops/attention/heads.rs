//! Tensors of several heads: `[batch, heads, steps, width]`, or `[batch, steps, heads · width]` with the number
//! of heads in an attribute.

use super::super::{OpError, OpResult};

/// Sizes of a tensor of heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Number of sequences.
    pub batch: usize,
    /// Number of heads.
    pub heads: usize,
    /// Length of the sequences.
    pub steps: usize,
    /// Numbers of one head at one step.
    pub width: usize,
    /// Whether the heads stand side by side in the last of three dimensions.
    pub flat: bool,
}

impl Heads {
    /// Sizes of a shape, with the number of heads if an attribute states it.
    pub fn of(shape: &[usize], heads: Option<usize>) -> OpResult<Self> {
        match (shape, heads) {
            (&[batch, heads, steps, width], _) => Ok(Self { batch, heads, steps, width, flat: false }),
            (&[batch, steps, all], Some(heads)) if heads > 0 && all.is_multiple_of(heads) => {
                Ok(Self { batch, heads, steps, width: all / heads, flat: true })
            }
            (&[_, _, all], Some(heads)) => {
                Err(OpError::new(format!("{all} numbers in the last dimension are not {heads} heads")))
            }
            (&[_, _, _], None) => Err(OpError::new("three dimensions need an attribute with the number of heads")),
            _ => Err(OpError::new(format!("wants three or four dimensions, not the shape {shape:?}"))),
        }
    }
    /// The shape.
    pub fn shape(&self) -> Vec<usize> {
        if self.flat {
            vec![self.batch, self.steps, self.heads * self.width]
        } else {
            vec![self.batch, self.heads, self.steps, self.width]
        }
    }
    /// Where the numbers of one head at one step start.
    pub fn at(&self, batch: usize, head: usize, step: usize) -> usize {
        let row = if self.flat {
            (batch * self.steps + step) * self.heads + head
        } else {
            (batch * self.heads + head) * self.steps + step
        };
        row * self.width
    }
}
