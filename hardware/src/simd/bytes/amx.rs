//! Sums of products of bytes by the matrix unit (AMX-INT8): 16 × 16 × 64 of them an instruction.
//!
//! Stable Rust has no intrinsics for it, hence assembly. Sixteen rows meet sixteen columns in all pairs of digits at
//! once: seven products (16 cycles each) of six tiles (8 cycles each to load). A product may follow another onto the
//! same sum at once (measured: 17 cycles), so that there is one sum for each weight. Tiles of columns stay in the
//! first-level cache while rows pass by from the second (`tileloaddt1`), and the sums of a block become results between
//! the products of the next, else the unit waits for the one and then for the other. See Intel 64 and IA-32
//! Architectures Software Developer's Manual, volume 1, chapter 18, and Intel's optimization reference manual,
//! chapter 20.
//!
//! Compiled code uses tiles nowhere, so that their state from one instruction to the next is this module's alone.

use std::arch::asm;
use std::marker::PhantomData;
#[cfg(target_os = "linux")]
use std::sync::LazyLock;

use super::{Block, Sums, TILE};

/// Proof that the processor has the matrix unit and that the system lets this process use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amx(());

/// Bytes of a line of a tile, and distance of lines in memory.
const LINE: usize = 64;

impl Amx {
    /// The token, if this processor has the unit and the system permits its use. Asks it once.
    #[must_use]
    pub fn detect() -> Option<Self> {
        #[cfg(target_os = "linux")]
        {
            static FOUND: LazyLock<bool> = LazyLock::new(|| has_unit() && permitted());
            FOUND.then_some(Self(()))
        }
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// Sets the tiles of this thread up for blocks of 1 to 16 rows.
    pub(super) fn configure(self, rows: usize) -> Configured {
        assert!((1..=TILE).contains(&rows), "1 to 16 rows");
        let mut tiles = Layout { palette: 1, start: 0, reserved: [0; 14], bytes: [0; 16], lines: [0; 16] };
        tiles.bytes[..8].fill(LINE as u16);
        // 0 to 3 are sums, 4 rows, 5 to 7 columns
        tiles.lines[..5].fill(rows as u8);
        tiles.lines[5..8].fill(TILE as u8);
        // SAFETY: the token proves that the unit is there and permitted; the layout is one of palette 1 (8 tiles of up
        // to 16 lines of 64 bytes).
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const tiles, options(nostack, readonly)) };
        Configured { rows, thread: PhantomData }
    }
}

/// Whether the processor has AMX-TILE and AMX-INT8.
#[cfg(target_os = "linux")]
fn has_unit() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    const AMX_TILE: u32 = 1 << 24;
    const AMX_INT8: u32 = 1 << 25;
    let wanted = AMX_TILE | AMX_INT8;
    __cpuid(0).eax >= 7 && __cpuid_count(7, 0).edx & wanted == wanted
}

/// Asks Linux for the 8 KiB of state that tiles add to every thread (kernel documentation, x86/xstate); it refuses
/// where it does not know the unit.
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const XFEATURE_XTILEDATA: u64 = 18;
    let result: i64;
    // SAFETY: a system call that takes two numbers and touches no memory of this process; it clobbers rcx and r11.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

/// What `ldtilecfg` reads.
#[repr(C, align(64))]
struct Layout {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    lines: [u8; 16],
}

/// Tiles of this thread that are set up; released when dropped, so that a switch of threads saves no tiles.
pub(super) struct Configured {
    rows: usize,
    /// The state is that of a thread.
    thread: PhantomData<*const ()>,
}

impl Drop for Configured {
    fn drop(&mut self) {
        // SAFETY: tiles exist since this was made by a token, and hold nothing that is still wanted.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }
}

/// Loads the tile at a pointer; `t1` leaves the first-level cache to others.
macro_rules! load {
    ($t1:literal, $tile:literal, $from:expr) => {
        asm!(concat!("tileloadd", $t1, " ", $tile, ", [{} + {}]"), in(reg) $from, in(reg) LINE, options(nostack, readonly))
    };
}

/// Stores a tile at a pointer.
macro_rules! store {
    ($tile:literal, $to:expr) => {
        asm!(concat!("tilestored [{} + {}], ", $tile), in(reg) $to, in(reg) LINE, options(nostack))
    };
}

/// An instruction on tiles alone.
macro_rules! tiles {
    ($($text:literal),+) => {
        asm!($($text),+, options(nostack, nomem))
    };
}

impl Configured {
    /// The sums of a block of as many rows as tiles are set up for.
    pub fn sums(&self, digits: [usize; 2], block: &Block<'_>, out: &mut Sums, beside: &mut impl FnMut(&Sums, usize)) {
        assert_eq!(block.rows, self.rows, "as set up");
        match digits {
            [1, 1] => self.pairs::<1, 1>(block, out, beside),
            [1, 2] => self.pairs::<1, 2>(block, out, beside),
            [1, _] => self.pairs::<1, 3>(block, out, beside),
            [2, 1] => self.pairs::<2, 1>(block, out, beside),
            [2, 2] => self.pairs::<2, 2>(block, out, beside),
            [2, _] => self.pairs::<2, 3>(block, out, beside),
            [_, 1] => self.pairs::<3, 1>(block, out, beside),
            [_, 2] => self.pairs::<3, 2>(block, out, beside),
            _ => self.pairs::<3, 3>(block, out, beside),
        }
    }

    /// All pairs of `X` digits against `W` ([`super::PAIRS`], in that order).
    fn pairs<const X: usize, const W: usize>(
        &self,
        block: &Block<'_>,
        out: &mut Sums,
        beside: &mut impl FnMut(&Sums, usize),
    ) {
        // SAFETY: tiles are set up (`self`); whoever loads from a tile of `a` or `b` reads its 1024 bytes at most, and
        // a sum that is stored has as many. Instructions on tiles alone touch no memory.
        unsafe {
            tiles!("tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3");
            let (columns, _) = block.b.as_chunks::<TILE>();
            for (step, (a, b)) in block.a.as_chunks::<X>().0.iter().zip(columns.as_chunks::<W>().0).enumerate() {
                load!("t1", "tmm4", &raw const a[0]);
                load!("", "tmm5", &raw const b[0]);
                tiles!("tdpbusd tmm0, tmm4, tmm5");
                if W > 1 {
                    load!("", "tmm6", &raw const b[1]);
                    tiles!("tdpbusd tmm1, tmm4, tmm6");
                }
                if W > 2 {
                    load!("", "tmm7", &raw const b[2]);
                    tiles!("tdpbusd tmm2, tmm4, tmm7");
                }
                if X > 1 {
                    load!("t1", "tmm4", &raw const a[1]);
                    if W > 2 {
                        tiles!("tdpbusd tmm3, tmm4, tmm7");
                    }
                    if W > 1 {
                        tiles!("tdpbusd tmm2, tmm4, tmm6");
                    }
                    tiles!("tdpbusd tmm1, tmm4, tmm5");
                }
                if X > 2 {
                    load!("t1", "tmm4", &raw const a[2]);
                    tiles!("tdpbusd tmm2, tmm4, tmm5");
                }
                beside(out, step);
            }
            let Sums(out) = out;
            store!("tmm0", &raw mut out[0]);
            if X > 1 || W > 1 {
                store!("tmm1", &raw mut out[1]);
            }
            if X + W > 3 {
                store!("tmm2", &raw mut out[2]);
            }
            if X > 1 && W > 2 {
                store!("tmm3", &raw mut out[3]);
            }
        }
    }
}
