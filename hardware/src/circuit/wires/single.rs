//! Half sweeps for one right-hand side: a lane is a line, eight neighbouring lines are walked together.
//!
//! Voltages of a crosspoint stand twice, in the order in which its own lines and the crossing lines walk:
//! `[group of eight lines][position][lane]`.

use super::line::steps;
use super::network::Lines;
use crate::simd::{Body, DOUBLES, Doubles, Isa, run};

type Lane = [f64; DOUBLES];

/// Groups of eight lines walked side by side.
const ABREAST: usize = 2;

/// All lines of one kind: coefficients and voltages.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    /// Crosspoints of a line.
    length: usize,
    /// Groups of eight lines, rounded up to a multiple of [`ABREAST`].
    groups: usize,
    /// Coefficients `a, c, k`.
    steps: Vec<[Lane; 3]>,
    /// Start and end voltages.
    pub ends: Vec<[Lane; 2]>,
    /// Voltages of these lines.
    pub own: Vec<Lane>,
    /// Voltages on the far side of the cells, as these lines walk.
    pub far: Vec<Lane>,
    /// Voltage sources in series with the cells, added to `far`; empty if there are none.
    pub emf: Vec<Lane>,
    /// Weights of changes.
    pub weights: Vec<Lane>,
    room: Vec<Lane>,
}

impl Side {
    /// Prepares `count` lines of `length` crosspoints; `g(line, position)` is a conductance.
    pub(super) fn prepare(&mut self, lines: &Lines, count: usize, length: usize, g: impl Fn(usize, usize) -> f64) {
        self.length = length;
        self.groups = count.div_ceil(DOUBLES).next_multiple_of(ABREAST);
        let zero = [0.0; DOUBLES];
        self.steps.clear();
        self.steps.resize(self.groups * length, [zero; 3]);
        for line in 0..count {
            let (first, lane) = (line / DOUBLES * length, line % DOUBLES);
            steps(lines, line, (0..length).map(|p| g(line, p)), |p, step| {
                let to = &mut self.steps[first + p];
                (to[0][lane], to[1][lane], to[2][lane]) = (step.a, step.c, step.k);
            });
        }
        self.ends.clear();
        self.ends.resize(self.groups, [zero; 2]);
        self.emf.clear();
        self.weights.clear();
        for voltages in [&mut self.own, &mut self.far] {
            voltages.clear();
            voltages.resize(self.groups * length, zero);
        }
    }
    /// Where a crosspoint stands: index of the vector and lane.
    pub(super) const fn place(&self, line: usize, position: usize) -> (usize, usize) {
        (line / DOUBLES * self.length + position, line % DOUBLES)
    }
    /// Voltage of a crosspoint of these lines.
    pub(super) fn voltage(&self, line: usize, position: usize) -> f64 {
        let (at, lane) = self.place(line, position);
        self.own[at][lane]
    }
    /// Sets start and end voltage of a line.
    pub(super) fn set_ends(&mut self, line: usize, ends: [f64; 2]) {
        let to = &mut self.ends[line / DOUBLES];
        (to[0][line % DOUBLES], to[1][line % DOUBLES]) = (ends[0], ends[1]);
    }
}

/// A half sweep `x ← x + ω·(F(d) − x)` over the lines of `side`, which also tells the crossing lines.
pub(super) struct Half<'a> {
    /// The lines that are swept.
    pub side: &'a mut Side,
    /// `far` of the crossing lines.
    pub tell: &'a mut [Lane],
    /// Number of lines that are swept: [`Side`] may hold padding.
    pub count: usize,
    /// Over-relaxation.
    pub omega: f64,
    /// Whether the largest weighted change is wanted.
    pub weigh: bool,
}

impl Half<'_> {
    /// Sweeps and returns the largest weighted change `|F(d) − x|`, 0 if it was not wanted.
    pub(super) fn sweep(self, isa: Isa) -> f64 {
        run(isa, self).into_iter().fold(0.0, f64::max)
    }
}

impl Body for Half<'_> {
    type Output = Lane;
    #[inline(always)]
    fn run<L: Doubles>(self, l: L) -> Lane {
        let Self { side, tell, count, omega, weigh } = self;
        let length = side.length;
        side.room.resize(length * ABREAST, [0.0; DOUBLES]);
        let omega = l.splat_f64(omega);
        let mut largest = l.splat_f64(0.0);
        for group in (0..side.groups).step_by(ABREAST) {
            let at = |b: usize, p: usize| (group + b) * length + p;
            let mut y: [L::Double; ABREAST] = std::array::from_fn(|b| l.load_f64(&side.ends[group + b][0]));
            for p in 0..length {
                for (b, y) in y.iter_mut().enumerate() {
                    let [a, c, _] = &side.steps[at(b, p)];
                    let mut d = l.load_f64(&side.far[at(b, p)]);
                    if !side.emf.is_empty() {
                        d = l.mul_add(l.splat_f64(1.0), l.load_f64(&side.emf[at(b, p)]), d);
                    }
                    *y = l.mul_add(l.load_f64(c), *y, l.mul_f64(l.load_f64(a), d));
                    l.store_f64(*y, &mut side.room[p * ABREAST + b]);
                }
            }
            let mut x: [L::Double; ABREAST] = std::array::from_fn(|b| l.load_f64(&side.ends[group + b][1]));
            let mut new = [0.0; DOUBLES];
            for p in (0..length).rev() {
                // the crossing line of this position: its group, its lane
                let (first, lane) = (p / DOUBLES * count, p % DOUBLES);
                for (b, x) in x.iter_mut().enumerate() {
                    let k = l.load_f64(&side.steps[at(b, p)][2]);
                    *x = l.mul_add(k, *x, l.load_f64(&side.room[p * ABREAST + b]));
                    let old = l.load_f64(&side.own[at(b, p)]);
                    let change = l.sub_f64(*x, old);
                    let relaxed = l.mul_add(omega, change, old);
                    l.store_f64(relaxed, &mut side.own[at(b, p)]);
                    l.store_f64(relaxed, &mut new);
                    let line = (group + b) * DOUBLES;
                    if line < count {
                        let width = (count - line).min(DOUBLES);
                        for (to, v) in tell[first + line..first + line + width].iter_mut().zip(new) {
                            to[lane] = v;
                        }
                    }
                    if weigh {
                        largest = l.max_abs(largest, l.mul_f64(l.load_f64(&side.weights[at(b, p)]), change));
                    }
                }
            }
        }
        let mut most = [0.0; DOUBLES];
        l.store_f64(largest, &mut most);
        most
    }
}
