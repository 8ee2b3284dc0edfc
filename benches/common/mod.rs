//! Processor time of this thread: on a machine that others use as well, what a clock on the wall shows is theirs too.
#![allow(dead_code, reason = "each bench takes what it needs")]

/// Seconds that this thread has run.
#[cfg(target_os = "linux")]
pub fn seconds() -> f64 {
    #[repr(C)]
    struct Time {
        seconds: i64,
        nanoseconds: i64,
    }
    unsafe extern "C" {
        safe fn clock_gettime(clock: i32, time: &mut Time) -> i32;
    }
    const THREAD: i32 = 3;
    let mut time = Time { seconds: 0, nanoseconds: 0 };
    assert_eq!(clock_gettime(THREAD, &mut time), 0, "every thread has a clock");
    time.seconds as f64 + time.nanoseconds as f64 * 1e-9
}

/// Seconds since the first call, where there is no clock of threads.
#[cfg(not(target_os = "linux"))]
pub fn seconds() -> f64 {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed().as_secs_f64()
}

/// Least processor time of one call among `runs`.
pub fn best<R>(runs: usize, mut once: impl FnMut() -> R) -> f64 {
    let time = |_| {
        let start = seconds();
        std::hint::black_box(once());
        seconds() - start
    };
    (0..runs).map(time).fold(f64::INFINITY, f64::min)
}
