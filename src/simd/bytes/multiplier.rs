//! Which instructions multiply bytes; chosen at run time, the same sums from each.

#[cfg(target_arch = "x86_64")]
use super::amx::{Amx, Configured};
#[cfg(target_arch = "x86_64")]
use super::vnni::Vnni;
#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::{Block, Sums, portable};
use crate::simd::Isa;
#[cfg(target_arch = "x86_64")]
use crate::simd::Avx2;

/// Instructions of this processor that multiply bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplier {
    /// The matrix unit (AMX-INT8).
    #[cfg(target_arch = "x86_64")]
    Amx(Amx),
    /// AVX-512 VNNI.
    #[cfg(target_arch = "x86_64")]
    Vnni(Vnni),
    /// AVX2, which multiplies pairs of 16 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// Plain Rust.
    Portable,
}

impl Multiplier {
    /// The fastest one that goes with an instruction set.
    #[must_use]
    pub fn best(isa: Isa) -> Self {
        #[cfg(target_arch = "x86_64")]
        match isa {
            Isa::Avx512(_) => {
                let all = [Amx::detect().map(Self::Amx), Vnni::detect().map(Self::Vnni), Avx2::detect().map(Self::Avx2)];
                return all.into_iter().flatten().next().unwrap_or(Self::Portable);
            }
            Isa::Avx2(l) => return Self::Avx2(l),
            Isa::Portable(_) => {}
        }
        let _ = isa;
        Self::Portable
    }

    /// All of this processor, fastest first.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(Amx::detect().map(Self::Amx));
            all.extend(Vnni::detect().map(Self::Vnni));
            all.extend(Avx2::detect().map(Self::Avx2));
        }
        all.push(Self::Portable);
        all
    }

    /// Name for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx(_) => "amx",
            #[cfg(target_arch = "x86_64")]
            Self::Vnni(_) => "vnni",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            Self::Portable => "portable",
        }
    }
}

/// A multiplier set up for blocks of a number of rows.
pub(super) enum Session {
    #[cfg(target_arch = "x86_64")]
    Amx(Configured),
    #[cfg(target_arch = "x86_64")]
    Vnni(Vnni),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    Portable,
}

impl Session {
    pub fn new(multiplier: Multiplier, rows: usize) -> Self {
        match multiplier {
            #[cfg(target_arch = "x86_64")]
            Multiplier::Amx(amx) => Self::Amx(amx.configure(rows)),
            #[cfg(target_arch = "x86_64")]
            Multiplier::Vnni(vnni) => Self::Vnni(vnni),
            #[cfg(target_arch = "x86_64")]
            Multiplier::Avx2(l) => Self::Avx2(l),
            Multiplier::Portable => {
                let _ = rows;
                Self::Portable
            }
        }
    }

    /// `Σ_k a[r, k] · b[k, c]` for the rows in use.
    pub fn sums(&self, block: &Block<'_>, out: &mut Sums) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx(amx) => amx.sums(block, out),
            #[cfg(target_arch = "x86_64")]
            Self::Vnni(vnni) => vnni.sums(block, out),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(l) => avx2::sums(*l, block, out),
            Self::Portable => portable::sums(block, out),
        }
    }
}
