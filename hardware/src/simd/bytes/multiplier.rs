//! Which instructions multiply bytes; chosen at run time, the same sums from each.

#[cfg(target_arch = "x86_64")]
use super::amx::{Amx, Configured};
#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::grid::DIGITS;
#[cfg(target_arch = "x86_64")]
use super::vnni::Vnni;
use super::{Block, Quad, Sums, TILE, Tile, WEIGHTS, pairs, portable};
#[cfg(target_arch = "x86_64")]
use crate::simd::Avx2;
use crate::simd::{Isa, LANES};

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
                let all =
                    [Amx::detect().map(Self::Amx), Vnni::detect().map(Self::Vnni), Avx2::detect().map(Self::Avx2)];
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

    /// Multiplies blocks that stay in a first-level cache and does nothing with their sums; yields the number of
    /// products. Its rate is the peak that reports compare with.
    #[must_use]
    pub fn spin(self, blocks: usize) -> u64 {
        const STEPS: usize = 4;
        let (x, w) = (DIGITS, DIGITS);
        let a = vec![Tile([[0x0101_0101; TILE]; TILE]); STEPS * x];
        let b = vec![Quad([[1; 4]; LANES]); STEPS * w * TILE];
        let session = Session::new(self, [x, w], TILE);
        let mut sums = Sums([[[0; LANES]; TILE]; WEIGHTS]);
        for _ in 0..blocks {
            session.sums(&Block { rows: TILE, a: &a, b: &b }, &mut sums, &mut |_, _| ());
            std::hint::black_box(&mut sums);
        }
        (blocks * pairs(x, w).count() * STEPS * size_of::<Tile>() * LANES) as u64
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

/// A multiplier set up for blocks of numbers of digits and rows.
pub(super) struct Session {
    by: By,
    /// Digits of rows and of columns.
    digits: [usize; 2],
}

enum By {
    #[cfg(target_arch = "x86_64")]
    Amx(Configured),
    #[cfg(target_arch = "x86_64")]
    Vnni(Vnni),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    Portable,
}

impl Session {
    pub fn new(multiplier: Multiplier, digits: [usize; 2], rows: usize) -> Self {
        let by = match multiplier {
            #[cfg(target_arch = "x86_64")]
            Multiplier::Amx(amx) => By::Amx(amx.configure(rows)),
            #[cfg(target_arch = "x86_64")]
            Multiplier::Vnni(vnni) => By::Vnni(vnni),
            #[cfg(target_arch = "x86_64")]
            Multiplier::Avx2(l) => By::Avx2(l),
            Multiplier::Portable => By::Portable,
        };
        let _ = rows;
        Self { by, digits }
    }

    /// The sums of a block for its rows in use. Sums that no pair of digits has are left alone. `beside` is called once
    /// for every 64 elements, with what `out` held before: work that the processor does while the matrix unit is busy.
    pub fn sums(&self, block: &Block<'_>, out: &mut Sums, beside: &mut impl FnMut(&Sums, usize)) {
        #[cfg(target_arch = "x86_64")]
        if let By::Amx(amx) = &self.by {
            return amx.sums(self.digits, block, out, beside);
        }
        (0..block.a.len() / self.digits[0]).for_each(|step| beside(out, step));
        match &self.by {
            #[cfg(target_arch = "x86_64")]
            By::Amx(_) => {}
            #[cfg(target_arch = "x86_64")]
            By::Vnni(vnni) => self.each(block, out, |terms, rows, to| vnni.sum(terms, rows, to)),
            #[cfg(target_arch = "x86_64")]
            By::Avx2(l) => self.each(block, out, |terms, rows, to| avx2::sum(*l, terms, rows, to)),
            By::Portable => self.each(block, out, portable::sum),
        }
    }

    /// One sum after the other from its terms, tiles of rows and of columns.
    fn each(&self, block: &Block<'_>, out: &mut Sums, mut sum: impl FnMut(&[Term<'_>], usize, &mut Sum)) {
        let [x, w] = self.digits;
        let mut terms = Vec::with_capacity(2 * block.a.len());
        for (part, to) in out.0.iter_mut().enumerate() {
            terms.clear();
            let (quads, _) = block.b.as_chunks::<TILE>();
            for (a, b) in block.a.chunks_exact(x).zip(quads.chunks_exact(w)) {
                terms.extend(pairs(x, w).filter(|(_, p)| *p == part).map(|([i, j], _)| (&a[i], &b[j])));
            }
            if !terms.is_empty() {
                sum(&terms, block.rows, to);
            }
        }
    }
}

/// A tile of rows and one of columns that are multiplied.
pub(super) type Term<'a> = (&'a Tile, &'a [Quad; TILE]);

/// A sum of sixteen rows and columns.
pub(super) type Sum = [[i32; LANES]; TILE];
