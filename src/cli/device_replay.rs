//! `archsim device replay`.

use clap::Args;

use super::device::DeviceArgs;
use super::print;
use crate::diag::{Diagnostic, Result};
use crate::report::{ReplayOptions, replay as steps, replay_table, to_csv};
use crate::rng::element;
use crate::units::Siemens;

/// Most pulses of a replay.
const MOST: usize = 1 << 16;

/// Flags of `device replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    device: DeviceArgs,
    /// Address of the cell: a number, or LAYER/ROW/COLUMN/SLICE/+ (or - for the negative cell of a pair).
    #[arg(long, default_value = "0", value_name = "ADDRESS")]
    cell: String,
    /// Conductance to program, for instance "20 uS"; may be given several times (default: levels of the window).
    #[arg(long, value_name = "CONDUCTANCE")]
    target: Vec<Siemens>,
    /// Raising pulses, and as many lowering ones, shown one by one.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pulses: usize,
    /// Print CSV instead of a table.
    #[arg(long)]
    csv: bool,
}

/// Prints what becomes of one cell.
pub fn replay(args: &ReplayArgs, json: bool) -> Result<()> {
    let cell = address(&args.cell).ok_or_else(|| {
        Diagnostic::error("F002", format!("--cell {}: this is no address of a cell", args.cell))
            .help("a number below 2^56, or for instance 3/17/0/1/+: layer, row, column, slice, polarity")
    })?;
    if args.pulses > MOST {
        return Err(Diagnostic::error("F002", format!("--pulses {} is more than {MOST}", args.pulses))
            .help("a whole window is crossed by some hundred pulses")
            .into());
    }
    let (device, chance) = args.device.open()?;
    let window = device.window();
    if let Some(out) = args.target.iter().find(|g| !(window.g_min..=window.g_max).contains(g)) {
        let range = format!("{} to {}", window.g_min, window.g_max);
        return Err(Diagnostic::error("F002", format!("--target {out} is outside of the window"))
            .help(format!("`{}` reaches {range}", device.kind()))
            .into());
    }
    let targets = args.target.iter().map(|g| g.0).collect();
    let options = ReplayOptions { cell, chance, temperature: args.device.temperature, targets, pulses: args.pulses };
    let rows = steps(&*device, &options);
    if json {
        print(&format!("{:#}\n", serde_json::json!({ "cell": cell, "steps": rows })));
    } else if args.csv {
        print(&to_csv(&rows)?);
    } else {
        print(&replay_table(&rows));
    }
    Ok(())
}

/// The address of a cell as written.
fn address(text: &str) -> Option<u64> {
    if let Ok(n) = text.parse::<u64>() {
        return (n < 1 << 56).then_some(n);
    }
    let parts: Vec<&str> = text.split('/').collect();
    let [layer, row, column, slice, sign] = parts[..] else { return None };
    let within = |part: &str, bits: u32| part.parse::<usize>().ok().filter(|n| *n < 1 << bits);
    let negative = match sign {
        "+" => false,
        "-" => true,
        _ => return None,
    };
    Some(element(within(layer, 12)?, within(row, 16)?, within(column, 16)?, within(slice, 4)?, negative, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_numbers_or_paths() {
        assert_eq!(address("42"), Some(42));
        assert_eq!(address("3/17/5/1/-"), Some(element(3, 17, 5, 1, true, 0)));
        for wrong in ["", "x", "1/2/3", "1/2/3/4/5", "4096/0/0/0/+", "0/0/0/16/+", "72057594037927936"] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
