"""Independent integration of three memristor models: Stanford-PKU, VTEAM, linear ion drift.

The equations are written from the publications with their own numbers and solved by scipy's DOP853 at a relative
tolerance of 1e-11, piece by piece of a voltage that is linear between its points. The state rests at its bounds.
"""

import numpy as np
from scipy.integrate import solve_ivp

RTOL, ATOL = 1e-11, 1e-13
K_OVER_Q = 8.617333262e-5


def solve(rate, current, state, bounds, points):
    """Samples (t, v, state, current) at the points; `bounds` are the least and the greatest state."""
    low, high = bounds
    scale = high - low
    samples = [(points[0][0], points[0][1], state, current(state, points[0][1]))]
    for (t0, v0), (t1, v1) in zip(points, points[1:]):

        def slope(s, y):
            x = min(max(low + scale * y[0], low), high)
            r = rate(x, v0 + (v1 - v0) * s)
            if (x >= high and r > 0) or (x <= low and r < 0):
                r = 0.0
            return [r / scale * (t1 - t0)]

        # time and state in units of the piece and of the range
        found = solve_ivp(slope, (0.0, 1.0), [(state - low) / scale], method="DOP853", rtol=RTOL, atol=ATOL)
        assert found.success, found.message
        state = min(max(low + scale * found.y[0, -1], low), high)
        samples.append((t1, v1, state, current(state, v1)))
    return samples


def triangle(peak, period, n):
    corners = np.array([0, peak, 0, -peak, 0])
    phase = np.linspace(0, 1, 4 * n + 1)
    return list(zip(phase * period, np.interp(phase, np.linspace(0, 1, 5), corners)))


def sine(peak, period, n):
    phase = np.linspace(0, 1, n + 1)
    return list(zip(phase * period, peak * np.sin(2 * np.pi * phase)))


def pulses(voltages, width, edge, gap):
    t, points = 0.0, [(0.0, 0.0)]
    for v in voltages:
        for dt, u in ((edge, v), (width, v), (edge, 0.0), (gap, 0.0)):
            t += dt
            points.append((t, u))
    return points


# Stanford-PKU, Verilog-A 1.0.0 (doi:10.4231/D37H1DN48)


def pku_current(gap, v):
    return 1e-3 * np.exp(-gap / 0.25e-9) * np.sinh(v / 0.25)


def pku_rate(gap, v):
    gamma = 16.0 - 0.8 * (gap / 1e-9) ** 3
    if gamma * abs(v) / 12e-9 < 1.4e9:
        return 0.0
    thermal = K_OVER_Q * (298.0 + 2.1e3 * abs(v * pku_current(gap, v)))
    return -10.0 * np.exp(-0.6 / thermal) * np.sinh(gamma * 0.25e-9 * v / (12e-9 * thermal))


def pku_noise(cells, width, v, seed):
    """Gap after a pulse with a new normal in every nanosecond; the drift in between in a hundred Euler steps."""
    rng = np.random.default_rng(seed)
    gap = np.full(cells, 1.7e-9)
    for _ in range(int(round(width / 1e-9))):
        for _ in range(100):
            heat = 298.0 + 2.1e3 * np.abs(v * pku_current(gap, v))
            gamma = 16.0 - 0.8 * (gap / 1e-9) ** 3
            drift = -10.0 * np.exp(-0.6 / (K_OVER_Q * heat)) * np.sinh(gamma * 0.25e-9 * v / (12e-9 * K_OVER_Q * heat))
            gap = np.clip(gap + np.where(gamma * abs(v) / 12e-9 < 1.4e9, 0.0, drift) * 1e-11, 0.2e-9, 1.7e-9)
        heat = 298.0 + 2.1e3 * np.abs(v * pku_current(gap, v))
        kick = 0.02 / (1 + np.exp((450.0 - heat) / 500.0)) * rng.standard_normal(cells)
        gap = np.clip(gap + kick * 1e-9, 0.2e-9, 1.7e-9)
    return gap


# VTEAM (doi:10.1109/TCSII.2015.2433536), with the windows of TEAM in the second case


def vteam_current(w, v):
    return v / (5e3 + 95e3 * w / 3e-9)


def vteam_rate(windows):
    def rate(w, v):
        if v > 0.5:
            return 5e-4 * (v / 0.5 - 1) * (np.exp(-np.exp((w - 2.5e-9) / 0.1e-9)) if windows else 1.0)
        if v < -0.5:
            return -5e-4 * (v / -0.5 - 1) ** 3 * (np.exp(-np.exp((0.5e-9 - w) / 0.1e-9)) if windows else 1.0)
        return 0.0

    return rate


# linear ion drift (doi:10.1038/nature06932) and its windows


def drift_current(x, v):
    return v / (100.0 * x + 16e3 * (1 - x))


def drift_rate(window):
    k = 1e-14 * 100.0 / (10e-9) ** 2
    return lambda x, v: k * drift_current(x, v) * window(x, v)


WINDOWS = {
    "none": lambda x, v: 1.0,
    "joglekar": lambda x, v: 1 - (2 * x - 1) ** 4,
    "biolek": lambda x, v: 1 - (x - (0.0 if v > 0 else 1.0)) ** 4,
    "prodromakis": lambda x, v: 1.2 * (1 - ((x - 0.5) ** 2 + 0.75) ** 3),
}

if __name__ == "__main__":
    cases = {
        "stanford_pku:loop": (pku_rate, pku_current, 1.7e-9, (0.2e-9, 1.7e-9), triangle(1.8, 4e-6, 100)),
        "stanford_pku:pulses": (
            pku_rate,
            pku_current,
            1.7e-9,
            (0.2e-9, 1.7e-9),
            pulses([1.5] * 12 + [-1.2, -1.25, -1.3, -1.35, -1.4] + [1.45] * 6, 20e-9, 1e-9, 5e-9),
        ),
    }
    for name, windows in (("vteam:plain", False), ("vteam:window", True)):
        cases[name] = (vteam_rate(windows), vteam_current, 3e-9, (0.0, 3e-9), triangle(-1.1, 40e-6, 100))
    for name, window in WINDOWS.items():
        cases["linear_ion_drift:" + name] = (drift_rate(window), drift_current, 0.1, (0.01, 0.99), sine(1.0, 2.0, 400))
    for name, case in cases.items():
        for t, v, state, current in solve(*case):
            print(f"{name} {t:.17g} {v:.17g} {state:.17g} {current:.17g}")
    gap = pku_noise(20_000, 20e-9, 1.5, 1)
    print(f"moments stanford_pku:noise {gap.mean():.17g} {gap.std(ddof=1):.17g} {gap.size}")
