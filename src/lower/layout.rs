//! How the elements of an edge are handed on: as positions, one after the other, of channels that go together.

/// Which of the two runs faster through the elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `[channels, positions…]`: convolutions and pools.
    ChannelFirst,
    /// `[positions…, channels]`: matrix products and normalisations over the last axis.
    ChannelLast,
    /// One position of everything.
    Whole,
}

/// Positions × channels of an edge; their product is the number of its elements. A reshape moves nothing
/// and keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Which runs faster.
    pub order: Order,
    /// Positions, at least 1.
    pub positions: usize,
    /// Channels of one position.
    pub channels: usize,
}

impl Layout {
    /// Everything at once.
    #[must_use]
    pub const fn whole(elements: usize) -> Self {
        Self { order: Order::Whole, positions: 1, channels: elements }
    }
    /// `elements` in `positions`, or everything at once where they do not divide.
    #[must_use]
    pub const fn new(order: Order, elements: usize, positions: usize) -> Self {
        if positions == 0 || elements == 0 || !elements.is_multiple_of(positions) {
            return Self::whole(elements);
        }
        Self { order, positions, channels: elements / positions }
    }
    /// Channels in front: the first dimension of a sample's shape.
    #[must_use]
    pub fn channel_first(shape: &[usize]) -> Self {
        Self::new(Order::ChannelFirst, shape.iter().product(), shape.iter().skip(1).product())
    }
    /// Whether position `p` of one is made of what position `p` of the other is made of.
    #[must_use]
    pub fn agrees(self, other: Self) -> bool {
        self.positions == other.positions && (self.order == other.order || self.positions == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_divide_or_are_whole() {
        let l = Layout::channel_first(&[3, 4, 5]);
        assert_eq!((l.order, l.positions, l.channels), (Order::ChannelFirst, 20, 3));
        assert_eq!(Layout::new(Order::ChannelLast, 12, 5), Layout::whole(12));
        assert!(Layout::channel_first(&[7]).agrees(Layout::whole(7)));
        assert!(!l.agrees(Layout { order: Order::ChannelLast, ..l }));
    }
}
