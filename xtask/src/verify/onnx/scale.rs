//! Rows on time and memory.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::super::Finding;
use super::super::project::{cargo, run};
use super::models::suite;
use super::or_absent;
use crate::root;

/// Windows that span whole feature maps (global pooling) do not fit the 64 KiB of ISAAC's tiles.
pub const LARGE_BUFFER: &str = "tile.buffer.edram.capacity=1 MiB";

/// What a run of the program took.
struct Cost {
    seconds: f64,
    peak_mib: f64,
    summary: archsim::report::RunReport,
}

/// Runs a network without values on one core; time and peak memory are those of the whole process.
fn measure(model: &str) -> Result<Cost, String> {
    let output = std::env::temp_dir().join(format!("archsim-scale-{model}-{}", std::process::id()));
    let begun = Instant::now();
    let mut child = Command::new(root().join("target/release/archsim"))
        .args(["run", "arch/isaac_ce.yaml"])
        .arg(suite()?.join("light").join(format!("{model}.onnx")))
        .args([
            "--values",
            "off",
            "--single",
            "--chips",
            "auto",
            "--set",
            LARGE_BUFFER,
            "--threads",
            "1",
            "--force",
            "--json",
            "--output",
        ])
        .arg(&output)
        .current_dir(root())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("archsim: {e}"))?;
    let mut peak = 0.0f64;
    let status = loop {
        // the high-water mark grows only, so the last look before the end is near enough
        let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let mark = text.lines().find_map(|l| l.strip_prefix("VmHWM:")).and_then(|l| l.split_whitespace().next());
        peak = peak.max(mark.and_then(|k| k.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0);
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = begun.elapsed().as_secs_f64();
    if !status.success() {
        let done = child.wait_with_output().map_err(|e| e.to_string())?;
        return Err(format!(
            "{model}: {}",
            String::from_utf8_lossy(&done.stderr).lines().take(3).collect::<Vec<_>>().join(" ")
        ));
    }
    let folder = std::fs::read_dir(&output).map_err(|e| e.to_string())?.flatten().next().ok_or("no run folder")?;
    let summary = archsim::report::read(&folder.path()).map_err(|e| e.to_string())?;
    let _ = std::fs::remove_dir_all(&output);
    Ok(Cost { seconds, peak_mib: peak, summary })
}

/// Row 6.
pub fn scale() -> Finding {
    or_absent(|| {
        let (built, text) = cargo(&["build", "--release", "--bin", "archsim"])?;
        if !built {
            return Err(text);
        }
        let (resnet, vgg) = (measure("light_resnet50")?, measure("light_vgg19")?);
        let line = |name: &str, c: &Cost| {
            let s = &c.summary.summary;
            format!(
                "{name}: {:.2} s, {:.0} MiB at most; {} crossbars on {} chip(s), {:.3e} s, {:.3e} J",
                c.seconds, c.peak_mib, s.crossbars_used, s.chips, s.latency_s, s.energy_j
            )
        };
        Ok(Finding {
            measured: format!("{}; {}", line("ResNet-50", &resnet), line("VGG-19", &vgg)),
            holds: resnet.seconds < 5.0 && vgg.seconds < 15.0 && resnet.peak_mib < 1024.0 && vgg.peak_mib < 1024.0,
            configuration: "light_* of onnx 1.19.1, arch/isaac_ce.yaml, `archsim run --values off --single --chips auto --threads 1` with tile buffers of 1 MiB, the whole process".into(),
        })
    })
}

/// Row 7.
pub fn float_speed() -> Finding {
    or_absent(|| {
        let model = suite()?.join("light/light_resnet50.onnx").display().to_string();
        let (ok, output) = run(&["sh".into(), "benches/peers/onnxruntime.sh".into(), model, "10".into()], &root())?;
        if !ok {
            return Err(format!("the peer could not be run: {}", output.lines().last().unwrap_or_default()));
        }
        let ratio = output.lines().find_map(|l| l.split_once("ratio ")).map(|(_, r)| r.trim());
        let number = ratio.and_then(|r| r.split(|c: char| c != '.' && !c.is_ascii_digit()).next()?.parse::<f64>().ok());
        let number = number.ok_or_else(|| format!("no ratio in: {output}"))?;
        Ok(Finding {
            measured: output.lines().filter(|l| l.contains("ratio ")).collect::<Vec<_>>().join("; "),
            holds: number <= 3.0,
            configuration: "light_resnet50, batch 1, one thread each, both warmed up, taking turns".into(),
        })
    })
}
