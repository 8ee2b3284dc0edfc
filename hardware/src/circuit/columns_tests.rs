#![cfg(test)]
//! Column reads against scalar arithmetic, on every instruction set.

use super::columns::*;
use super::converter::{Converter, Instance, Lookup, Sar, SarMismatch, Transfer};
use super::levels::quads;
use crate::rng::{Domain, Draw, GROUP, fill_normals};
use crate::simd::{Isa, LANES};
use crate::units::Share;

fn word(seed: u64, at: usize) -> u32 {
    Draw { seed, domain: Domain::InitWeights, element: at as u64, tick: 0 }.words(0)[0]
}

/// A set with `columns` of 64·2 lanes filled, and a tile with one plane unused.
fn example(rows: usize, columns: usize, noisy: bool, multilevel: bool) -> (Columns, Tile) {
    let zero = [Line([0.0; LANES]); 4];
    let mut groups = Vec::new();
    for number in 0..columns.div_ceil(GROUP) {
        let held = (columns - number * GROUP).min(GROUP);
        let lines = 0..held.div_ceil(LANES);
        let mut group = ColumnGroup {
            number: number as u32,
            lines: lines.clone(),
            panel: vec![],
            levels: None,
            gain: zero,
            variance_gain: zero,
            floor: zero,
        };
        for line in lines {
            for row in 0..rows {
                let (mut mean, mut variance) = (Line([0.0; LANES]), Line([0.0; LANES]));
                for lane in (0..LANES).filter(|lane| line * LANES + lane < held) {
                    let w = word(1, ((number * 4 + line) * rows + row) * LANES + lane);
                    mean.0[lane] = (w % 2001) as f32 - 1000.0;
                    variance.0[lane] = (w >> 20) as f32;
                }
                group.panel.push(mean);
                if noisy {
                    group.panel.push(variance);
                }
            }
            for lane in (0..LANES).filter(|lane| line * LANES + lane < held) {
                group.gain[line].0[lane] = 0.013 + 0.001 * lane as f32;
                group.variance_gain[line].0[lane] = 0.000_37;
                group.floor[line].0[lane] = 0.09;
            }
        }
        groups.push(group);
    }
    let set = Columns { rows, groups, noisy, multilevel, clip: Clip { low: -127.0, high: 127.0 }, tables: None };
    let top = if multilevel { 15 } else { 1 };
    let digits = (0..rows).map(|r| std::array::from_fn(|m| (word(2, r * ROWS + m) % (top + 1)) as f32)).collect();
    let mut tile = Tile {
        digits,
        used: [true; ROWS],
        weights: [1, 2, 4, -8, 1, 2, 4, -8],
        slots: [0, 0, 0, 0, 1, 1, 1, 1],
        ticks: std::array::from_fn(|m| 1000 + m as u64),
    };
    tile.used[6] = false;
    (set, tile)
}

/// One of three converters that miss codes.
fn sar(number: usize) -> Transfer {
    let mismatch = SarMismatch { capacitor: Share(0.1) };
    Sar::new(8, mismatch).transfer(Instance { number: number as u32, ..Instance::new(3, 3) })
}

/// The same read, one column after the other in scalar arithmetic.
fn plain(set: &Columns, connected: usize, tile: &Tile, noise: ReadNoise) -> (Vec<i32>, Conversions) {
    let mut out = vec![0; 2 * set.slot_len()];
    let mut done = Conversions::default();
    for (index, group) in set.groups.iter().enumerate() {
        for m in (0..ROWS).filter(|m| tile.used[*m]) {
            let mut z = vec![0.0; GROUP * (group.number as usize + 1)];
            let draw = Draw { seed: noise.seed, domain: Domain::Read, element: noise.element, tick: tile.ticks[m] };
            fill_normals(draw, &mut z);
            let z = &z[GROUP * group.number as usize..];
            for (n, line) in group.lines.clone().enumerate() {
                for lane in 0..LANES {
                    let width = 1 + usize::from(set.noisy);
                    let sum = |part: usize, power: i32| -> f64 {
                        (0..set.rows)
                            .map(|r| {
                                let g = group.panel[(n * set.rows + r) * width + part].0[lane];
                                f64::from(tile.digits[r][m]).powi(power) * f64::from(g)
                            })
                            .sum()
                    };
                    let mut value = sum(0, 1) as f32 * group.gain[line].0[lane];
                    if set.noisy {
                        let variance = sum(1, 2) as f32 * group.variance_gain[line].0[lane] + group.floor[line].0[lane];
                        value += variance.sqrt() * z[line * LANES + lane];
                    }
                    let rounded = value.round_ties_even();
                    let mut code = rounded.clamp(set.clip.low, set.clip.high);
                    done.clipped += u64::from(code != rounded);
                    let column = index * GROUP + line * LANES + lane;
                    if set.tables.is_some() {
                        let connected = column < connected;
                        let exact = sar(column % 3).code(f64::from(value) + 128.0) as f32 - 128.0;
                        code = if connected { exact.max(-127.0) } else { 0.0 };
                    }
                    done.code_sum += code.abs() as u64;
                    out[tile.slots[m] * set.slot_len() + index * GROUP + line * LANES + lane] +=
                        code as i32 * tile.weights[m];
                }
            }
        }
    }
    (out, done)
}

#[test]
fn every_instruction_set_equals_scalar_arithmetic() {
    for (rows, columns) in [(1, 1), (14, 32), (37, 70), (128, 128)] {
        for (noisy, multilevel) in [(false, false), (false, true), (true, false), (true, true)] {
            let (mut set, tile) = example(rows, columns, noisy, multilevel);
            for mismatched in [false, true] {
                if mismatched {
                    let converters: Vec<_> = (0..3).map(|n| Lookup::new(&sar(n), 128, -127.0)).collect();
                    let mut tables = Tables::new(converters.into(), set.groups.len());
                    (0..columns).for_each(|c| tables.connect(c, c));
                    set.tables = Some(tables);
                }
                let noise = ReadNoise { seed: 9, element: 0x1234_5678_9abc };
                let expected = plain(&set, columns, &tile, noise);
                for isa in Isa::all() {
                    let mut out = vec![0; 2 * set.slot_len()];
                    let done = set.read(isa, &tile, noise, &mut out, None);
                    assert_eq!((&out, done), (&expected.0, expected.1), "{} {rows}x{columns}", isa.name());
                    let (mut values, mut sums) = (vec![0.0; ROWS * set.slot_len()], vec![0; out.len()]);
                    set.read(isa, &tile, noise, &mut sums, Some(&mut values));
                    set.codes(&tile.used, &mut values);
                    sums.fill(0);
                    for (at, code) in values.iter().enumerate() {
                        let (m, lane) = (at / GROUP % ROWS, at / GROUP / ROWS * GROUP + at % GROUP);
                        sums[tile.slots[m] * set.slot_len() + lane] += *code as i32 * tile.weights[m];
                    }
                    assert_eq!(sums, out, "codes that stand alone");
                }
            }
        }
    }
}

#[test]
fn clipping_is_counted_and_empty_lanes_stay_silent() {
    let (set, tile) = example(128, 3, true, true);
    let mut out = vec![0; 2 * set.slot_len()];
    let mut values = vec![0.0; ROWS * set.slot_len()];
    let done = set.read(Isa::best(), &tile, ReadNoise { seed: 1, element: 2 }, &mut out, Some(&mut values));
    assert!(done.clipped > 0 && done.clipped <= 3 * 7);
    assert!(values.iter().enumerate().all(|(i, v)| i % GROUP < 3 || *v == 0.0));
    assert!(out.iter().enumerate().all(|(i, v)| i % GROUP < 3 || *v == 0));
}

#[test]
fn bytes_give_the_bits_of_f32() {
    for (rows, columns, top, digit) in
        [(1, 1, 1, 1), (14, 32, 3, 1), (37, 70, 7, 15), (130, 190, 3, 1), (512, 48, 127, 255)]
    {
        let (mut set, mut tile) = example(rows, columns, false, digit > 1);
        let level = |v: f32| (v as i32 % (top + 1)) as f32;
        set.groups.iter_mut().flat_map(|g| &mut g.panel).for_each(|line| line.0 = line.0.map(level));
        tile.digits.iter_mut().flatten().for_each(|d| *d = ((*d as u32 * 37) % (digit + 1)) as f32);
        if digit == 255 {
            // the largest sums that are exact in f32
            set.groups[0].panel.iter_mut().for_each(|line| line.0[0] = 127.0);
            tile.digits.iter_mut().for_each(|d| d[0] = 255.0);
        }
        let noise = ReadNoise { seed: 0, element: 0 };
        let read = |set: &Columns, isa| {
            let mut out = vec![0; 2 * set.slot_len()];
            let mut values = vec![0.0; set.groups.len() * ROWS * GROUP];
            let done = set.read(isa, &tile, noise, &mut out, Some(&mut values));
            (out, done, values.into_iter().map(f32::to_bits).collect::<Vec<_>>())
        };
        let want = read(&set, Isa::all()[Isa::all().len() - 1]);
        for group in &mut set.groups {
            group.levels = quads(&group.panel, rows);
            assert!(group.levels.is_some());
        }
        for isa in Isa::all() {
            assert_eq!(read(&set, isa), want, "{} {rows}x{columns}", isa.name());
        }
    }
    let line = |v| vec![Line([v; LANES])];
    assert!(quads(&line(0.5), 1).is_none() && quads(&line(128.0), 1).is_none() && quads(&line(-127.0), 1).is_some());
}
