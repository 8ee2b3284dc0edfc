//! One pulse on blocks of sixteen memtransistors, one body for every instruction set.
//!
//! A state is the sum of two single-precision numbers, the second far smaller than the last bit of the first, so
//! that the smallest disturbances add up (Dekker, Numer. Math. 18, 224 (1971), doi:10.1007/BF01397083).

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Isa, LANES, Lanes};

/// What a pulse does to nominal cells.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Effects {
    /// Steps of the pulse law, positive ones potentiate.
    pub steps: [f32; LANES],
    /// Energy for each siemens of write conductance.
    pub work: [f32; LANES],
}

/// Laws of the cells of a block.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Laws {
    /// Ends and rates of the pulse laws; rates are 0 where a cell is stuck.
    pub refill_end: [f32; LANES],
    pub refill_rate: [f32; LANES],
    pub grow_end: [f32; LANES],
    pub grow_rate: [f32; LANES],
    /// 0 where a cell is stuck, otherwise 1.
    pub alive: [f32; LANES],
    /// Factor on conductances at the write gate voltage.
    pub write_gain: [f32; LANES],
}

/// Zones of the cells of a block, each a sum of two numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct States {
    pub left: [[f32; LANES]; 2],
    pub right: [[f32; LANES]; 2],
    /// Write conductance, over the gain of the cell.
    pub written: [f32; LANES],
    /// Energy of the last pulse in joules.
    pub spent: [f32; LANES],
}

/// Conductance of a channel in single precision: `1/(channel + left·h(l) + right·h(r))`, or linear in the left zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series {
    /// Resistances of the channel, of a full left and of a full right zone.
    pub ohms: [f32; 3],
    /// Exponent of a full zone; 0 for the normalised state.
    pub steepness: f32,
    /// Conductances of the lowest and highest normalised state.
    pub ends: [f32; 2],
}

/// One pulse on every block.
pub(super) struct Kernel<'a> {
    /// Standard deviation of the steps of a pulse of one step.
    pub spread_of_steps: f32,
    /// Standard deviation of the state after a pulse of one step.
    pub spread_of_state: f32,
    pub resistance: Series,
    pub states: &'a mut [States],
    pub laws: &'a [Laws],
    pub effects: &'a [Effects],
    /// A normal for each cell; none without chance.
    pub normals: &'a [[f32; LANES]],
}

impl Kernel<'_> {
    /// Applies the pulse and returns its energy over all cells in joules.
    pub(super) fn run(self) -> f64 {
        self.run_on(Isa::best())
    }

    /// [`Self::run`] on a chosen instruction set; all give the same bits.
    pub(super) fn run_on(self, isa: Isa) -> f64 {
        match isa {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the token proves that the processor has the features.
            Isa::Avx512(l) => unsafe { body_avx512(l, self) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the token proves that the processor has the features.
            Isa::Avx2(l) => unsafe { body_avx2(l, self) },
            Isa::Portable(l) => body(l, self),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,fma")]
fn body_avx512(l: Avx512, kernel: Kernel) -> f64 {
    body(l, kernel)
}
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn body_avx2(l: Avx2, kernel: Kernel) -> f64 {
    body(l, kernel)
}

#[inline(always)]
fn body<L: Lanes>(l: L, kernel: Kernel) -> f64 {
    match (kernel.normals.is_empty(), kernel.resistance.steepness > 0.0) {
        (true, true) => pass::<L, false, true>(l, kernel),
        (true, false) => pass::<L, false, false>(l, kernel),
        (false, true) => pass::<L, true, true>(l, kernel),
        (false, false) => pass::<L, true, false>(l, kernel),
    }
}

#[inline(always)]
fn pass<L: Lanes, const NOISY: bool, const ZONES: bool>(l: L, kernel: Kernel) -> f64 {
    let Series { ohms, steepness, ends } = kernel.resistance;
    let steepness = l.splat(steepness);
    let empty = exp(l, l.sub(l.splat(0.0), steepness));
    let full = reciprocal(l, l.sub(l.splat(1.0), empty));
    let (one, none) = (l.splat(1.0), l.splat(0.0));
    let mut sum = [0.0_f64; LANES];
    for (b, states) in kernel.states.iter_mut().enumerate() {
        let (law, effect) = (&kernel.laws[b], &kernel.effects[b]);
        let steps = l.load(&effect.steps);
        let size = l.float_of_bits(l.and(l.bits_of_float(steps), l.splat_word(0x7fff_ffff)));
        let z = if NOISY { l.mul(l.load(&kernel.normals[b]), l.sqrt(size)) } else { none };
        let x = if NOISY { l.max(l.add(size, l.mul(l.splat(kernel.spread_of_steps), z)), none) } else { size };
        let minus = l.sub(none, x);
        // all ones where the pulse depresses: the zones then change their parts
        let down = l.sar::<31>(l.bits_of_float(steps));
        let left = [l.load(&states.left[0]), l.load(&states.left[1])];
        let right = [l.load(&states.right[0]), l.load(&states.right[1])];
        let closing = choose(l, down, left, right);
        let opening = choose(l, down, right, left);
        let way = l.add(l.sub(closing[0], one), l.load(&law.refill_end));
        let refill = l.mul(way, expm1(l, l.mul(minus, l.load(&law.refill_rate))));
        let way = l.sub(opening[0], l.load(&law.grow_end));
        let grow = l.mul(way, expm1(l, l.mul(minus, l.load(&law.grow_rate))));
        let (refilled, grown) = (moved(l, closing, refill), moved(l, opening, grow));
        let mut left = choose(l, down, refilled, grown);
        let right = choose(l, down, grown, refilled);
        if NOISY && !ZONES {
            let shift = l.mul(l.mul(l.load(&law.alive), l.splat(kernel.spread_of_state)), z);
            left[0] = l.min(l.max(l.sub(left[0], shift), none), one);
        }
        for k in 0..2 {
            l.store(left[k], &mut states.left[k]);
            l.store(right[k], &mut states.right[k]);
        }
        let after = if ZONES {
            let first = l.sub(exp(l, l.mul(steepness, l.sub(left[0], one))), empty);
            let second = l.sub(exp(l, l.mul(steepness, l.sub(right[0], one))), empty);
            let both = l.add(l.mul(l.splat(ohms[1]), first), l.mul(l.splat(ohms[2]), second));
            reciprocal(l, l.add(l.splat(ohms[0]), l.mul(both, full)))
        } else {
            l.add(l.splat(ends[0]), l.mul(l.splat(ends[1] - ends[0]), l.sub(one, left[0])))
        };
        let twice = l.mul(l.add(l.load(&states.written), after), l.load(&law.write_gain));
        l.store(after, &mut states.written);
        let mut energy = [0.0; LANES];
        l.store(l.mul(l.mul(twice, l.load(&effect.work)), l.splat(0.5)), &mut energy);
        for (sum, energy) in sum.iter_mut().zip(energy) {
            *sum += f64::from(energy);
        }
        states.spent = energy;
    }
    sum.iter().sum()
}

// functions and not closures: only these are sure to be compiled for the instruction set

/// `a` where `mask` is 0 and `b` where it is all ones.
#[inline(always)]
fn choose<L: Lanes>(l: L, mask: L::Word, a: [L::Float; 2], b: [L::Float; 2]) -> [L::Float; 2] {
    let (a0, a1) = (l.bits_of_float(a[0]), l.bits_of_float(a[1]));
    let (b0, b1) = (l.bits_of_float(b[0]), l.bits_of_float(b[1]));
    [l.float_of_bits(l.xor(a0, l.and(l.xor(a0, b0), mask))), l.float_of_bits(l.xor(a1, l.and(l.xor(a1, b1), mask)))]
}

/// A state of two numbers after a change, within [0, 1].
#[inline(always)]
fn moved<L: Lanes>(l: L, state: [L::Float; 2], change: L::Float) -> [L::Float; 2] {
    let change = l.add(change, state[1]);
    let whole = l.add(state[0], change);
    [l.min(l.max(whole, l.splat(0.0)), l.splat(1.0)), l.sub(change, l.sub(whole, state[0]))]
}

/// `1/d` of a positive number: a guess from its bits and three steps of Newton (relative error below 2e-7).
#[inline(always)]
fn reciprocal<L: Lanes>(l: L, d: L::Float) -> L::Float {
    let minus = l.sub(l.splat(0.0), d);
    let mut y = l.float_of_bits(l.sub_word(l.splat_word(0x7ef3_11c3), l.bits_of_float(d)));
    for _ in 0..3 {
        y = l.mul(y, l.mul_add(minus, y, l.splat(2.0)));
    }
    y
}

/// `(2^n, e^r - 1)` with `e^y = 2^n·e^r`, `|r| ≤ ln 2/2`; relative error 2e-7 for `y` in [-87, 0].
#[inline(always)]
fn parts<L: Lanes>(l: L, y: L::Float) -> [L::Float; 2] {
    // adding 1.5·2^23 leaves the nearest integer in the low bits
    const SHIFT: f32 = 12_582_912.0;
    let y = l.max(y, l.splat(-87.0));
    let shifted = l.mul_add(y, l.splat(std::f32::consts::LOG2_E), l.splat(SHIFT));
    let n = l.sub(shifted, l.splat(SHIFT));
    // ln 2 in two parts: the nearest single-precision number and the rest
    let high = l.mul_add(n, l.splat(-std::f32::consts::LN_2), y);
    let r = l.mul_add(n, l.splat(1.904_654_3e-9), high);
    let mut q = l.splat(1.0 / 5040.0);
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5] {
        q = l.mul_add(q, r, l.splat(c));
    }
    let exponent = l.sub_word(l.bits_of_float(shifted), l.splat_word(SHIFT.to_bits() - 127));
    [l.float_of_bits(l.shl::<23>(exponent)), l.mul_add(l.mul(r, r), q, r)]
}

/// `e^y - 1` for `y ≤ 0`.
#[inline(always)]
fn expm1<L: Lanes>(l: L, y: L::Float) -> L::Float {
    let [power, rest] = parts(l, y);
    l.mul_add(power, rest, l.sub(power, l.splat(1.0)))
}

/// `e^y` for `y ≤ 0`.
#[inline(always)]
fn exp<L: Lanes>(l: L, y: L::Float) -> L::Float {
    let [power, rest] = parts(l, y);
    l.mul_add(power, rest, power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Portable;

    #[test]
    fn functions_are_those_of_the_library() {
        let l = Portable;
        for i in 0..4000 {
            let y = -20.0 * (i as f32 / 4000.0).powi(3);
            let exact = f64::from(y);
            assert!((f64::from(exp(l, l.splat(y))[0]) / exact.exp() - 1.0).abs() < 5e-7, "{y}");
            let found = f64::from(expm1(l, l.splat(y))[0]);
            assert!((found - exact.exp_m1()).abs() <= 5e-7 * exact.exp_m1().abs(), "{y}");
            let d = 1e-6 * (1.0 + i as f32).powi(4);
            assert!((f64::from(reciprocal(l, l.splat(d))[0]) * f64::from(d) - 1.0).abs() < 5e-7, "{d}");
        }
    }

    /// Every instruction set moves every cell by the same bits and spends the same energy.
    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let vary = |from: f32, to: f32, k: f32| -> [f32; LANES] {
            std::array::from_fn(|i| from + (to - from) * (i as f32 * k + 0.1).fract())
        };
        let laws: Vec<Laws> = (0..5)
            .map(|b| Laws {
                refill_end: vary(1.0, 9.0, 0.37 + b as f32),
                refill_rate: vary(0.001, 0.2, 0.61),
                grow_end: vary(1.0, 120.0, 0.77),
                grow_rate: vary(0.0, 0.1, 0.29),
                alive: [1.0; LANES],
                write_gain: vary(0.7, 1.4, 0.13),
            })
            .collect();
        let normals: Vec<[f32; LANES]> = (0..5).map(|b| vary(-3.0, 3.0, 0.41 + 0.01 * b as f32)).collect();
        let effects = vec![Effects { steps: vary(-3.0, 3.0, 0.53), work: vary(0.0, 2.0, 0.71) }; 5];
        for steepness in [0.0, 17.0] {
            let outcome = |isa| {
                let first = States { left: [vary(0.0, 1.0, 0.19), [0.0; LANES]], ..States::default() };
                let mut states = vec![first; 5];
                let energy = Kernel {
                    spread_of_steps: 0.3,
                    spread_of_state: 0.02,
                    resistance: Series { ohms: [1e5, 3e6, 2e6], steepness, ends: [1e-7, 5e-6] },
                    states: &mut states,
                    laws: &laws,
                    effects: &effects,
                    normals: &normals,
                }
                .run_on(isa);
                let bits: Vec<u32> = states
                    .iter()
                    .flat_map(|s| [s.left[0], s.left[1], s.right[0], s.right[1], s.written])
                    .flatten()
                    .map(f32::to_bits)
                    .collect();
                (bits, energy.to_bits())
            };
            let expected = outcome(Isa::Portable(Portable));
            for isa in Isa::all() {
                assert!(outcome(isa) == expected, "{}", isa.name());
            }
        }
    }
}
