//! A cycle of plain routers: each stage in all of them before the next.
//!
//! No router sees what another does in a cycle, so it makes no difference whether they are gone through one by one or
//! stage by stage. What there is to do is written down first, without a branch on it: whether a router has a head to
//! serve or a flit to send changes from one to the next, no processor foresees it, and a branch that goes wrong costs
//! as much as the work behind it. Then the lists are worked off, one kind of work after the other.

use super::Network;
use super::router::{bits, ends};

/// A list with room for one item more than it comes to hold.
#[derive(Debug, Clone, Default)]
struct List<T> {
    items: Vec<T>,
    len: usize,
}

impl<T: Copy + Default> List<T> {
    fn new(room: usize) -> Self {
        Self { items: vec![T::default(); room + 1], len: 0 }
    }
    /// Writes an item down, and lets the next take its place unless it `counts`.
    #[inline(always)]
    fn note(&mut self, item: T, counts: bool) {
        self.items[self.len] = item;
        self.len += usize::from(counts);
    }
    #[inline(always)]
    fn items(&self) -> &[T] {
        &self.items[..self.len]
    }
}

/// What routers have to do in a cycle.
#[derive(Debug, Clone, Default)]
pub(super) struct Agenda {
    /// Routers with one head that has a route, and its input VC.
    head: List<(u32, u32)>,
    /// Routers with several, and theirs.
    heads: List<(u32, u64)>,
    /// Routers with one flit for the crossbar, and its input VC.
    flit: List<(u32, u32)>,
    /// Routers with several, and theirs.
    flits: List<(u32, u64)>,
}

impl Agenda {
    /// An empty one for so many routers.
    pub(super) fn new(routers: usize) -> Self {
        Self {
            head: List::new(routers),
            heads: List::new(routers),
            flit: List::new(routers),
            flits: List::new(routers),
        }
    }
    fn clear(&mut self) {
        (self.head.len, self.heads.len, self.flit.len, self.flits.len) = (0, 0, 0, 0);
    }
}

impl Network {
    /// Whether routers can be visited as plain ones: no stage but the first takes other than one cycle, nothing
    /// speculates, no packet has several destinations, and the crossbar is no shared medium.
    pub(super) const fn is_plain(&self) -> bool {
        let s = &self.settings;
        let short = s.vc_allocation == 1 && s.switch_allocation == 1 && !s.speculative;
        short && !self.fabric.shared && self.branches.is_empty()
    }

    /// A cycle of the routers that are awake.
    #[inline(always)]
    pub(super) fn visit_plain(&mut self) {
        let (visited, mut agenda) = (self.rouse(), std::mem::take(&mut self.agenda));
        agenda.clear();
        for &r in &visited {
            self.look(r as usize, &mut agenda);
        }
        for &(r, k) in agenda.head.items() {
            self.allocate_vc(r as usize, k as usize);
        }
        for &(r, seekers) in agenda.heads.items() {
            self.match_heads(r as usize, seekers);
        }
        for &(r, k) in agenda.flit.items() {
            self.pass(r as usize, k as usize);
        }
        for &(r, ready) in agenda.flits.items() {
            self.match_flits(r as usize, ready);
        }
        for &r in &visited {
            let s = &self.blocks[r as usize].state;
            let busy = s.routing | s.seeking | s.active & s.filled & s.credited;
            self.awake[r as usize / 64] |= u64::from(busy != 0) << (r % 64);
        }
        (self.visited, self.agenda) = (visited, agenda);
    }

    /// Writes down what a router has to do, as it stands at the beginning of the cycle, and finds routes.
    #[inline(always)]
    fn look(&mut self, r: usize, agenda: &mut Agenda) {
        let s = &self.blocks[r].state;
        let (seekers, ready) = (s.seeking, s.active & s.filled & s.credited);
        self.find_routes(r);
        let sets = [seekers, ready].map(|set| (set != 0, set & set.wrapping_sub(1) != 0));
        let ([(head, heads), (flit, flits)], router) = (sets, r as u32);
        agenda.head.note((router, seekers.trailing_zeros() & 63), head & !heads);
        agenda.heads.note((router, seekers), heads);
        agenda.flit.note((router, ready.trailing_zeros() & 63), flit & !flits);
        agenda.flits.note((router, ready), flits);
    }

    /// Several heads that want an output VC: two that do not want the same are two single ones.
    #[inline(always)]
    fn match_heads(&mut self, r: usize, seekers: u64) {
        let [a, b] = ends(seekers);
        let both = self.wish::<true>(r, a) & self.wish::<true>(r, b) & self.blocks[r].state.free;
        if seekers.count_ones() == 2 && both == 0 {
            self.allocate_vc(r, a);
            self.allocate_vc(r, b);
        } else {
            self.allocate_vcs::<true>(r, seekers);
        }
    }

    /// Several flits for the crossbar of a router: those that nobody rivals win it, the others are matched.
    #[inline(always)]
    fn match_flits(&mut self, r: usize, ready: u64) {
        if ready.count_ones() == 2 {
            let [a, b] = ends(ready);
            let output = |k: usize| self.port_of[self.blocks[r].vcs[k].out as usize & 63];
            if (self.port_of[a] == self.port_of[b]) | (output(a) == output(b)) {
                return self.pass_one(r, ready);
            }
            self.pass(r, a);
            return self.pass(r, b);
        }
        let rivals = self.rivals(r, ready);
        for k in bits(ready & !rivals) {
            self.pass(r, k);
        }
        match rivals.count_ones() {
            0 => {}
            2 => self.pass_one(r, rivals),
            _ => self.allocate_switch::<true>(r, rivals, 0, 0, 0),
        }
    }
}
