//! The state of routers: sets of virtual channels as words, and what belongs to each VC.
//!
//! Input VC k of a router is VC k % vcs of port k / vcs; output VC j likewise, it stands for the buffer at the other
//! end of the link.

/// Numbers of the bits that are set, lowest first.
#[inline]
pub(super) fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (mask != 0).then(|| {
            let bit = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            bit
        })
    })
}

/// The first bit from `from` on, round the corner: a round-robin arbiter. `mask` is not empty.
#[inline]
pub(super) const fn first_from(mask: u64, from: u8) -> usize {
    let ahead = mask & (u64::MAX << (from & 63));
    (if ahead == 0 { mask } else { ahead }).trailing_zeros() as usize
}

/// Sets of VCs of one router.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    /// Input VCs whose head is being routed.
    pub(super) routing: u64,
    /// Input VCs whose head has a route and wants an output VC.
    pub(super) seeking: u64,
    /// Input VCs that hold an output VC.
    pub(super) active: u64,
    /// Input VCs with a flit.
    pub(super) filled: u64,
    /// Input VCs that hold an output VC with a credit (one destination only).
    pub(super) credited: u64,
    /// Input VCs whose packet has several destinations.
    pub(super) multicast: u64,
    /// Input VCs with a request in a VC allocator of several cycles.
    pub(super) in_vc_allocation: u64,
    /// Input VCs with a request in a switch allocator of several cycles.
    pub(super) in_switch_allocation: u64,
    /// Output VCs that no packet holds.
    pub(super) free: u64,
    /// Output VCs with a credit.
    pub(super) stocked: u64,
    /// Output VCs whose tail has left and whose credits have not all come back.
    pub(super) closing: u64,
}

/// An input VC.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InputVc {
    /// Output VCs that its packet may take.
    pub(super) wish: u64,
    /// Place of its first flit.
    pub(super) head: u16,
    /// Its flits.
    pub(super) len: u16,
    /// The output VC that it holds.
    pub(super) out: u8,
}

/// An output VC.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OutputVc {
    /// Free places in the buffer behind it.
    pub(super) credits: u16,
    /// The input VC that holds it.
    pub(super) owner: u8,
}

/// A link out of a router, and back.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wire {
    /// First VC behind it, for flits and for credits.
    pub(super) ahead: u32,
    /// Cycles from the crossbar to the buffer behind it.
    pub(super) flit: u32,
    /// Cycles from a place that becomes free to the credit of whoever sends from behind it.
    pub(super) credit: u32,
    /// Flits that went over it.
    pub(super) carried: u64,
}

/// Round-robin pointers by number of VC or port: one past the last winner.
pub(super) type Turns = [[u8; 5]; 64];
/// Which output VC an input VC accepts.
pub(super) const VC_ACCEPT: usize = 0;
/// Which input VC an output VC is granted to.
pub(super) const VC_GRANT: usize = 1;
/// Which output an input port accepts.
pub(super) const PORT_ACCEPT: usize = 2;
/// Which input an output port is granted to.
pub(super) const PORT_GRANT: usize = 3;
/// Which of its VCs an input port sends.
pub(super) const PORT_VC: usize = 4;

/// All of a router but its flits. Every list has a place for each bit of a word.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) state: State,
    pub(super) input: [InputVc; 64],
    pub(super) output: [OutputVc; 64],
    /// Round-robin pointers, all of one number side by side.
    pub(super) turns: Turns,
    /// Round-robin pointer of the inputs of a shared medium.
    pub(super) medium: u8,
    /// What a request still in an allocator of several cycles has won.
    pub(super) vc_won: [u8; 64],
    pub(super) switch_won: [u8; 64],
    pub(super) wires: [Wire; 64],
}

impl Block {
    /// An idle router with output VCs `all` whose buffers have `buffer` places.
    pub(super) fn new(all: u64, buffer: u16) -> Self {
        Self {
            state: State { free: all, stocked: all, ..State::default() },
            input: [InputVc::default(); 64],
            output: [OutputVc { credits: buffer, owner: 0 }; 64],
            turns: [[0; 5]; 64],
            medium: 0,
            vc_won: [0; 64],
            switch_won: [0; 64],
            wires: [Wire::default(); 64],
        }
    }
}
