//! Zero-load latencies.
