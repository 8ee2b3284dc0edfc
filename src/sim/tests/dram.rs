//! Dynamic memory: drawn by hand, and against a machine that issues commands cycle by cycle.

use proptest::prelude::*;

use super::super::Owner;
use super::super::dram::Dram;
use super::super::routes::Builder;
use super::super::timeline::RowCounts;
use super::super::transport::{Purpose, Transport};
use super::memories::assert_timeline;
use super::*;
use crate::cost::{Action, PartKind};
use crate::sched::{DramTiming, RefreshTiming};

/// Two banks with rows of four bursts of 64 bytes, a burst every two cycles.
pub(super) const SMALL: DramTiming = DramTiming {
    channels: 1,
    banks: 2,
    row_bursts: 4,
    burst_bytes: 64,
    burst_1024: 2 * 1024,
    latency: 0,
    rcd: 4,
    rp: 3,
    cl: 5,
    cwl: 4,
    ras: 9,
    wr: 6,
    rtp: 3,
    wtr: 3,
    rrd: 2,
    faw: 12,
    refresh: RefreshTiming { interval: 100, duration: 20 },
};

/// What a way does: reads or writes so many bytes at each of so many positions.
type Access = (Action, u64, u64);

/// A memory of which the ways of `list` are routes 0, 1, 2, …, each with its region behind the one before.
fn memory(timing: DramTiming, list: &[Access]) -> Transport {
    let mut m = machine([1, 1], QUICK_TILE);
    m.memory.dram = Some(timing);
    let mut b = Builder::new(&m);
    for (n, (action, bytes, positions)) in list.iter().enumerate() {
        b.begin(StageId::new(n)).memory(*action, *bytes, *positions);
        b.end(Purpose::Deliver { channel: n as u32 });
    }
    b.transport
}

fn rows(t: &Transport) -> [u64; 3] {
    let RowCounts { hits, misses, conflicts } = t.dram.as_ref().expect("a dynamic memory").rows();
    [hits, misses, conflicts]
}

const READ: Access = (Action::Read, 64, 4);
const WRITE: Access = (Action::Write, 64, 4);

/// Region A is row 0 of bank 0, B row 0 of bank 1, C row 1 of bank 0.
///
/// ```text
/// cycle          0   4   6   9   11  12  16  20  21  23  25  27
/// A, miss        ACT RD      [data]                                  bank 0 had no row: 4 + 5 + 2
/// C, conflict        .   .   PRE     ACT RD      [data ]             asks in 1; commands are free in 6, tRAS is over
/// in 9
/// cycle          40  43  45  47
/// C, hit         RD      [data]                                      asks in 40: 5 + 2
/// ```
#[test]
fn a_row_is_missed_hit_or_in_the_way() {
    let mut t = memory(SMALL, &[READ, READ, READ]);
    assert_timeline("DRAM row miss", &mut t, &[(0, 0)], &[(0, 11)]);
    assert_eq!(rows(&t), [0, 1, 0]);
    let mut t = memory(SMALL, &[READ, READ, READ]);
    assert_timeline("DRAM row conflict", &mut t, &[(0, 0), (1, 2)], &[(0, 11), (2, 23)]);
    assert_eq!(rows(&t), [0, 1, 1]);
    assert_timeline("DRAM row hit", &mut t, &[(40, 2)], &[(2, 47)]);
    assert_eq!(rows(&t), [1, 1, 1]);
}

/// Another bank opens its row while data of the first are on their way; 320 bytes reach into two rows.
///
/// ```text
/// cycle          0   4   6   8   9   10  11  12  15 16  17  21  23
/// A 64 B, bank 0 ACT RD      .   [data   ]
/// B 64 B, bank 1     .   ACT         RD          [data ]             asks in 1; in 6 the burst of A has had its time
/// long, bank 0   ACT RD  RD  RD      RD
///                            .   [data of four bursts  ]             from 9 to 17
/// long, bank 1                           .   ACT    RD      [data]   the next row: commands are free in 12
/// ```
#[test]
fn banks_overlap_as_far_as_commands_go_in_order() {
    let mut t = memory(SMALL, &[READ, READ]);
    assert_timeline("DRAM two banks", &mut t, &[(0, 0), (1, 1)], &[(0, 11), (1, 17)]);
    let mut t = memory(SMALL, &[(Action::Read, 320, 1)]);
    assert_timeline("DRAM two rows", &mut t, &[(0, 0)], &[(0, 23)]);
    assert_eq!(rows(&t), [0, 2, 0]);
}

/// Writes in bank 0, reads in bank 1, whose row is open.
///
/// ```text
/// cycle          0   4   …   30  34  36  38  40  43  48  50
/// R, row opened  ACT RD                                          asks in 0
/// W, miss                    ACT WR      [dat]                   asks in 30: 4 + 4 + 2
/// R, hit                         .           .   RD  [data]      asks in 31: commands are free in 36, tWTR after 40 is
/// over in 43
/// ```
#[test]
fn a_read_waits_behind_a_write() {
    let mut t = memory(SMALL, &[WRITE, READ]);
    let ends = [(1, 11), (0, 40)];
    assert_timeline("DRAM write", &mut t, &[(0, 1), (30, 0)], &ends);
    assert_timeline("DRAM read behind it", &mut t, &[(31, 1)], &[(1, 50)]);
    assert_eq!(rows(&t), [1, 2, 0]);
}

/// Every 100 cycles all banks are refreshed for 20.
///
/// ```text
/// cycle          90  …   100 103         123 127 132 134
/// A              ACT, open                                       asks in 90
/// refresh                PRE REF [20 cycles ]                    due in 100
/// A                          .               ACT RD  [data]      asks in 101: its row is closed
/// cycle          196 200 202 204 206 208 209 212 213
/// long 256 B     ACT RD  RD  RD  RD                              asks in 196: data from 205 to 213
/// refresh                            .   PRE REF                 due in 200, begins in 209: tRTP after the RD of 206
/// ```
#[test]
fn a_refresh_closes_all_rows_and_waits_for_the_stretch_under_way() {
    let mut t = memory(SMALL, &[READ, (Action::Read, 256, 1)]);
    assert_timeline("DRAM before a refresh", &mut t, &[(90, 0)], &[(0, 101)]);
    assert_timeline("DRAM behind a refresh", &mut t, &[(101, 0)], &[(0, 134)]);
    assert_timeline("DRAM postponed refresh", &mut t, &[(196, 1)], &[(1, 213)]);
    // PRE in 209, REF in 212, commands from 232 on
    assert_timeline("DRAM behind it", &mut t, &[(214, 0)], &[(0, 243)]);
    t.settle(243);
    assert_eq!(t.refreshes(0), 2);
    assert_eq!(rows(&t), [0, 4, 0]);
}

/// Cycles after the last access in which both have caught up with refreshes.
const LONG: u64 = 2000;

/// What is asked of the memory: cycle, bytes from a place on, and whether they are written.
#[derive(Debug, Clone, Copy)]
struct Ask {
    at: u64,
    from: u64,
    bytes: u64,
    write: bool,
}

/// A command of a channel.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Command {
    Activate(u64),
    Precharge(u64),
    /// Read or write of a bank, with the last cycle of its data.
    Column {
        bank: u64,
        write: bool,
        over: u64,
    },
    Refresh,
}

/// A stretch in work.
#[derive(Debug, Clone, Copy)]
struct Work {
    ask: usize,
    bank: u64,
    row: u64,
    bursts: u64,
    write: bool,
}

/// A channel that issues at most the command that is next in order, in each cycle, and holds it against every command
/// before: the tables of the standard, read line by line.
struct Stepped<'t> {
    t: &'t DramTiming,
    log: Vec<(u64, Command)>,
    open: Vec<Option<u64>>,
    refreshes: u64,
    rows: [u64; 3],
}

impl Stepped<'_> {
    fn allowed(&self, command: Command, now: u64) -> bool {
        let t = self.t;
        let since = |cycle: u64, least: u64| now >= cycle + least;
        let every = |rule: &dyn Fn(u64, Command) -> bool| self.log.iter().all(|(cycle, c)| rule(*cycle, *c));
        match command {
            Command::Activate(bank) => {
                let apart = every(&|cycle, c| match c {
                    Command::Activate(_) => since(cycle, t.rrd),
                    Command::Precharge(b) => b != bank || since(cycle, t.rp),
                    Command::Refresh => since(cycle, t.refresh.duration),
                    Command::Column { .. } => true,
                });
                let recent =
                    self.log.iter().filter(|(cycle, c)| matches!(c, Command::Activate(_)) && !since(*cycle, t.faw));
                apart && recent.count() < 4
            }
            Command::Precharge(bank) => every(&|cycle, c| match c {
                Command::Activate(b) => b != bank || since(cycle, t.ras),
                Command::Column { bank: b, write: false, .. } => b != bank || since(cycle, t.rtp),
                Command::Column { bank: b, over, .. } => b != bank || since(over, t.wr),
                _ => true,
            }),
            Command::Column { bank, write, .. } => every(&|cycle, c| match c {
                Command::Activate(b) => b != bank || since(cycle, t.rcd),
                Command::Column { write: before, over, .. } => {
                    let lead = if write { t.cwl } else { t.cl };
                    now + lead >= over && (write || !before || since(over, t.wtr))
                }
                _ => true,
            }),
            Command::Refresh => every(&|cycle, c| match c {
                Command::Precharge(_) => since(cycle, t.rp),
                Command::Refresh => since(cycle, t.refresh.duration),
                _ => true,
            }),
        }
    }

    /// Works off the stretches; ends of their data.
    fn run(&mut self, asks: &[Ask], works: &[Work], ends: &mut [u64], last: u64) {
        let t = self.t;
        let (mut next, mut begun, mut seen) = (0, false, false);
        // first column command of the stretch under way, and bursts of it that were issued
        let (mut head, mut issued) = (0, 0);
        // before these cycles no new stretch, no command at all
        let (mut slot, mut quiet) = (0, 0);
        let mut now = 0;
        while next < works.len() || now <= last {
            let owed = now / t.refresh.interval - self.refreshes;
            if now < quiet || (!begun && now < slot) {
                now += 1;
                continue;
            }
            if !begun && owed > 0 {
                let open: Vec<u64> = (0..t.banks).filter(|b| self.open[*b as usize].is_some()).collect();
                if !open.is_empty() {
                    if open.iter().all(|b| self.allowed(Command::Precharge(*b), now)) {
                        self.log.extend(open.iter().map(|b| (now, Command::Precharge(*b))));
                        self.open.fill(None);
                    }
                } else if self.allowed(Command::Refresh, now) {
                    self.log.push((now, Command::Refresh));
                    (self.refreshes, quiet) = (self.refreshes + 1, now + t.refresh.duration);
                }
                now += 1;
                continue;
            }
            let Some(w) = works.get(next).filter(|w| asks[w.ask].at <= now) else {
                now += 1;
                continue;
            };
            begun = true;
            let row = self.open[w.bank as usize];
            if issued == 0 && !std::mem::replace(&mut seen, true) {
                self.rows[match row {
                    Some(r) if r == w.row => 0,
                    None => 1,
                    Some(_) => 2,
                }] += 1;
            }
            let bank = w.bank;
            match row {
                Some(r) if r == w.row => {
                    let lead = if w.write { t.cwl } else { t.cl };
                    if issued == 0 {
                        head = now;
                    }
                    // as many bursts as have their time in this cycle
                    while issued < w.bursts && (now - head) * 1024 >= issued * t.burst_1024 {
                        let command =
                            Command::Column { bank, write: w.write, over: head + lead + t.stream(issued + 1) };
                        if issued == 0 && !self.allowed(command, now) {
                            break;
                        }
                        self.log.push((now, command));
                        issued += 1;
                    }
                    if issued == w.bursts {
                        ends[w.ask] = ends[w.ask].max(head + lead + t.stream(issued));
                        slot = head + t.stream(issued);
                        (next, begun, seen, issued) = (next + 1, false, false, 0);
                        // the next may begin in this cycle
                        continue;
                    }
                }
                None if self.allowed(Command::Activate(bank), now) => {
                    self.log.push((now, Command::Activate(bank)));
                    self.open[bank as usize] = Some(w.row);
                }
                Some(_) if self.allowed(Command::Precharge(bank), now) => {
                    self.log.push((now, Command::Precharge(bank)));
                    self.open[bank as usize] = None;
                }
                _ => {}
            }
            now += 1;
        }
    }
}

/// Ends of all accesses, rows found, and refreshes begun by the last end.
fn stepped(t: &DramTiming, asks: &[Ask]) -> (Vec<u64>, [u64; 3], u64) {
    let mut works = vec![Vec::new(); t.channels as usize];
    for (n, ask) in asks.iter().enumerate() {
        let bursts = ask.from / t.burst_bytes..(ask.from + ask.bytes).div_ceil(t.burst_bytes);
        let mut before = None;
        for burst in bursts {
            let row = burst / t.row_bursts;
            let list: &mut Vec<Work> = &mut works[(row % t.channels) as usize];
            match list.last_mut().filter(|_| before == Some(row)) {
                Some(w) => w.bursts += 1,
                None => {
                    let place = row / t.channels;
                    list.push(Work {
                        ask: n,
                        bank: place % t.banks,
                        row: place / t.banks,
                        bursts: 1,
                        write: ask.write,
                    });
                }
            }
            before = Some(row);
        }
    }
    let channel = || Stepped { t, log: vec![], open: vec![None; t.banks as usize], refreshes: 0, rows: [0; 3] };
    let mut ends = vec![0; asks.len()];
    for list in &works {
        channel().run(asks, list, &mut ends, 0);
    }
    let last = ends.iter().copied().max().unwrap_or(0) + LONG;
    let (mut rows, mut refreshes) = ([0; 3], 0);
    for list in &works {
        let mut again = channel();
        again.run(asks, list, &mut vec![0; asks.len()], last);
        again.rows.iter().zip(&mut rows).for_each(|(n, sum)| *sum += n);
        refreshes += again.refreshes;
    }
    (ends.into_iter().map(|end| end + t.latency).collect(), rows, refreshes)
}

prop_compose! {
    fn timing()(
        channels in 1u64..4, banks in 1u64..5, row_bursts in 1u64..6, burst_1024 in 300u64..6000, latency in 0u64..9,
        [rcd, rp, cl, cwl] in prop::array::uniform4(1u64..9), ras in 1u64..20, [wr, rtp, wtr, rrd] in prop::array::uniform4(1u64..9),
        faw in 1u64..40, refresh in (1u64..30, 20u64..400),
    ) -> DramTiming {
        let refresh = RefreshTiming { interval: refresh.0 + rp + refresh.1, duration: refresh.0 };
        DramTiming {
            channels, banks, row_bursts, burst_bytes: 64, burst_1024, latency,
            rcd, rp, cl, cwl, ras, wr, rtp, wtr, rrd, faw, refresh,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Random places, pauses and directions. Each access is a region of its own here, of which it is the one position.
    #[test]
    fn ends_equal_those_of_the_stepped_machine(
        t in timing(), list in prop::collection::vec((0u64..60, 0usize..8, any::<bool>()), 1..30),
        sizes in prop::collection::vec((1u64..700, 1u64..4), 8),
    ) {
        // eight regions, read by even legs and written by odd ones, position after position
        let mut dram = Dram::new(t);
        let row = t.row_bursts * t.burst_bytes;
        let mut base = 0;
        let bases: Vec<u64> = sizes.iter().enumerate().map(|(n, (bytes, positions))| {
            dram.place(n as u32, StageId::new(n), n % 2 == 1, *bytes, *positions);
            let mine = base;
            base += (bytes * positions).div_ceil(row) * row;
            mine
        }).collect();
        let (mut now, mut visits) = (0, [0; 8]);
        let mut asks = Vec::new();
        let mut ends = Vec::new();
        for (pause, n, at_once) in list {
            now += if at_once { 0 } else { pause };
            let (bytes, positions) = sizes[n];
            asks.push(Ask { at: now, from: bases[n] + visits[n] % positions * bytes, bytes, write: n % 2 == 1 });
            visits[n] += 1;
            ends.push(dram.access(n as u32, now));
        }
        let last = ends.iter().copied().max().unwrap_or(0) - t.latency;
        dram.settle(last + LONG);
        let RowCounts { hits, misses, conflicts } = dram.rows();
        let (theirs, rows, refreshes) = stepped(&t, &asks);
        prop_assert_eq!(ends, theirs);
        prop_assert_eq!([hits, misses, conflicts], rows);
        prop_assert_eq!(dram.refreshes(), refreshes);
    }
}

/// A source of 48-byte positions moves whole bursts; a whole run counts them, activates and refreshes.
#[test]
fn a_run_over_a_dynamic_memory_counts_what_it_moves() {
    let mut m = machine([1, 1], QUICK_TILE);
    m.memory.dram = Some(DramTiming { refresh: RefreshTiming { interval: 60, duration: 20 }, ..SMALL });
    let mut d = Draft::new(m);
    let source = d.stage("input x", 0, 6, crate::sched::Work::Source { bytes: 48 });
    let sink = d.stage("output", 0, 6, crate::sched::Work::Sink { bytes: 20 });
    d.join(source, sink, Need::Same, 4, 48);
    let t = d.run(2);
    let count = |action, stage| t.counts[&(Owner::Memory, PartKind::Memory, action, stage)];
    // positions stand at 0, 48, 96, …: bursts 0, 0–1, 1–2, 2, 3, 3–4, the last of them in two rows
    assert_eq!(count(Action::Read, source), 2 * 9 * 64);
    // 0, 20, 40, 60, 80, 100: the fourth lies in two bursts
    assert_eq!(count(Action::Write, sink), 2 * 7 * 64);
    let rows = t.rows;
    assert_eq!(rows.hits + rows.misses + rows.conflicts, 2 * (7 + 6));
    assert_eq!(count(Action::Activate, source) + count(Action::Activate, sink), rows.misses + rows.conflicts);
    let refreshes = t.refreshes[&(Owner::Memory, PartKind::Memory)];
    assert!(refreshes > 1 && refreshes.abs_diff(t.cycles / 60) <= 1, "{refreshes}");
    assert!(t.busy[&(Owner::Memory, PartKind::Memory)] > 0);
}
