//! Sums of products of bytes by the matrix unit (AMX-INT8): 16 × 16 × 64 of them an instruction.
//!
//! Stable Rust has no intrinsics for it, hence assembly. A block is two tiles of rows by two of columns: every tile
//! that is loaded meets two others, so that loads (8 cycles a tile) keep pace with products (16 cycles). See Intel 64
//! and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18, and the Intel optimization reference
//! manual, chapter 20.

use std::arch::asm;
use std::marker::PhantomData;
#[cfg(target_os = "linux")]
use std::sync::LazyLock;

use super::{BLOCK, Block, Sums, TILE, Tile};

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

    /// Sets the tiles of this thread up for blocks of 1 to 32 rows.
    pub(super) fn configure(self, rows: usize) -> Configured {
        assert!((1..=BLOCK).contains(&rows), "1 to 32 rows");
        let mut tiles = Layout { palette: 1, start: 0, reserved: [0; 14], bytes: [0; 16], lines: [0; 16] };
        let mut set = |tile: usize, lines: usize| {
            tiles.lines[tile] = lines as u8;
            tiles.bytes[tile] = if lines > 0 { LINE as u16 } else { 0 };
        };
        let (first, second) = (rows.min(TILE), rows.saturating_sub(TILE));
        // 0 to 3 are sums, 4 and 5 rows, 6 and 7 columns
        for (tile, lines) in [first, first, second, second, first, second, TILE, TILE].into_iter().enumerate() {
            set(tile, lines);
        }
        // SAFETY: the token proves that the unit is there and permitted; the layout is one of palette 1 (8 tiles of up
        // to 16 lines of 64 bytes). Compiled code uses tiles nowhere, so that their state is this module's alone.
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

/// Asks Linux for the 8 KiB of state that tiles add to every thread (kernel documentation, x86/xstate); it refuses where
/// it does not know the unit.
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

impl Configured {
    /// The sums of a block of as many rows as tiles are set up for.
    pub fn sums(&self, block: &Block<'_>, out: &mut Sums) {
        let Block { rows, a: [a0, a1], b: [b0, b1] } = *block;
        let steps = a0.len();
        assert_eq!(rows, self.rows, "as set up");
        assert!(b0.len() == TILE * steps && b1.len() == TILE * steps, "a tile of columns for each of rows");
        assert_eq!(size_of::<Tile>(), TILE * LINE);
        if steps == 0 {
            *out = Sums([[[0; 16]; BLOCK]; 2]);
        } else if rows > TILE {
            assert_eq!(a1.len(), steps, "as many tiles of either rows");
            // SAFETY: tiles are set up (`self`), each step reads one tile of 1024 bytes from each of the four runs,
            // which have `steps` of them, and the four results go to the quarters of `out`.
            unsafe {
                asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    "2:",
                    "tileloadd tmm4, [{a0} + {line}]",
                    "tileloadd tmm6, [{b0} + {line}]",
                    "tileloadd tmm7, [{b1} + {line}]",
                    "tileloadd tmm5, [{a1} + {line}]",
                    "tdpbusd tmm0, tmm4, tmm6",
                    "tdpbusd tmm1, tmm4, tmm7",
                    "tdpbusd tmm2, tmm5, tmm6",
                    "tdpbusd tmm3, tmm5, tmm7",
                    "add {a0}, 1024",
                    "add {a1}, 1024",
                    "add {b0}, 1024",
                    "add {b1}, 1024",
                    "dec {steps}",
                    "jnz 2b",
                    "tilestored [{out} + {line}], tmm0",
                    "tilestored [{out} + {line} + 2048], tmm1",
                    "tilestored [{out} + {line} + 1024], tmm2",
                    "tilestored [{out} + {line} + 3072], tmm3",
                    a0 = inout(reg) a0.as_ptr() => _,
                    a1 = inout(reg) a1.as_ptr() => _,
                    b0 = inout(reg) b0.as_ptr() => _,
                    b1 = inout(reg) b1.as_ptr() => _,
                    steps = inout(reg) steps => _,
                    out = in(reg) out.0.as_mut_ptr(),
                    line = in(reg) LINE,
                    options(nostack),
                );
            }
        } else {
            // SAFETY: as above, with one run of rows; results go to the first halves of `out`.
            unsafe {
                asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "2:",
                    "tileloadd tmm4, [{a0} + {line}]",
                    "tileloadd tmm6, [{b0} + {line}]",
                    "tileloadd tmm7, [{b1} + {line}]",
                    "tdpbusd tmm0, tmm4, tmm6",
                    "tdpbusd tmm1, tmm4, tmm7",
                    "add {a0}, 1024",
                    "add {b0}, 1024",
                    "add {b1}, 1024",
                    "dec {steps}",
                    "jnz 2b",
                    "tilestored [{out} + {line}], tmm0",
                    "tilestored [{out} + {line} + 2048], tmm1",
                    a0 = inout(reg) a0.as_ptr() => _,
                    b0 = inout(reg) b0.as_ptr() => _,
                    b1 = inout(reg) b1.as_ptr() => _,
                    steps = inout(reg) steps => _,
                    out = in(reg) out.0.as_mut_ptr(),
                    line = in(reg) LINE,
                    options(nostack),
                );
            }
        }
    }
}
