"""Inputs of the ECG classifier, computed from the stored beats of ONE record.

Arguments are the columns of the data folder, in the order of the record:
  x     int16 [n, 128]  beat, microvolt, 180 Hz, R at column 50
  samp  int   [n]       R position in samples at 360 Hz, ascending
  rr    float [n, 4]    seconds: 0 RR before the beat, 1 RR after the beat,
                        2 mean of the previous up to 10 RR, 3 (not used)

Everything is causal: row i depends on rows 0..i of the record alone (beats of
every class, no labels). The one look-ahead is rr column 1, the RR interval after
the beat (one beat).
All arithmetic is in float64; results are rounded to float32 at the end.
"""

import numpy as np

FS = 360                  # rate of `samp`
BEAT_WINDOW = 60 * FS     # history of the median beat, 60 s
MIN_PEAK_UV = 100.0       # lower bound of the gain's denominator (0.1 mV)
CLIP = 4.0                # bound of both beat channels
RR_LOW, RR_HIGH, RR_GAIN = 0.2, 2.0, 4.0
IRREGULAR = 2.0           # weight of the irregularity beside the ratios


def rolling_median(v, samp, window):
    """Row i: column-wise median of the rows first[i]..i, the current row included.

    first[i] = smallest j with samp[j] >= samp[i] - window (a row exactly `window`
    samples back still counts). Even number of rows: the mean of the two middle
    values (numpy.median). Early rows simply have a shorter history; row 0 is its
    own median.
    """
    v = np.asarray(v, dtype=np.float64)
    samp = np.asarray(samp, dtype=np.int64)
    first = np.searchsorted(samp, samp - window, side="left")
    out = np.empty_like(v)
    for i in range(len(v)):
        out[i] = np.median(v[first[i] : i + 1], axis=0)
    return out


def beat_features(x, samp):
    """float32 [n, 2, 128].

    m = rolling_median(x, samp, BEAT_WINDOW)           the patient's median beat
    g[i] = 1 / max(max_t |m[i, t]|, MIN_PEAK_UV)       gain, per microvolt
    channel 0 = clip(g * x, -CLIP, CLIP)
    channel 1 = clip(g * (x - m), -CLIP, CLIP)
    """
    x = np.asarray(x, dtype=np.float64)
    m = rolling_median(x, samp, BEAT_WINDOW)
    g = 1.0 / np.maximum(np.abs(m).max(axis=1, keepdims=True), MIN_PEAK_UV)
    ch = np.stack([g * x, g * (x - m)], axis=1)
    return np.clip(ch, -CLIP, CLIP).astype(np.float32)


def rr_features(rr, samp):
    """float32 [n, 5].

    pre, post, local = columns 0, 1, 2 of rr
    mean[i] = mean of pre[0..i]                        mean RR of the recording so far
    d[i] = |pre[i] - pre[i-1]|, d[0] = 0
    v = rolling_median(d, samp, BEAT_WINDOW)           irregularity of the rhythm
    ratios pre/mean, post/mean, pre/local, local/mean, 1 + IRREGULAR * v/mean, in this order
    feature = RR_GAIN * (clip(ratio, RR_LOW, RR_HIGH) - 1)
    """
    rr = np.asarray(rr, dtype=np.float64)
    pre, post, local = rr[:, 0], rr[:, 1], rr[:, 2]
    mean = np.cumsum(pre) / np.arange(1, len(pre) + 1)
    d = np.abs(np.diff(pre, prepend=pre[:1]))
    v = rolling_median(d[:, None], samp, BEAT_WINDOW)[:, 0]
    ratio = np.stack([pre / mean, post / mean, pre / local, local / mean, 1.0 + IRREGULAR * v / mean], axis=1)
    return (RR_GAIN * (np.clip(ratio, RR_LOW, RR_HIGH) - 1.0)).astype(np.float32)
