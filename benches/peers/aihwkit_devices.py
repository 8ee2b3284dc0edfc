"""Cells that the shared reference numbers leave out, in aihwkit: noise-free curves and moments as CSV on standard output.

Columns: case, point (pulses, or seconds since programming; -1 as programmed), target (uS, or 0), mean, deviation, samples.
The test `device::pulsed::tests::peer` reads the file that ARCHSIM_AIHWKIT_DEVICES names.
"""

import torch
from aihwkit.inference.compensation.drift import GlobalDriftCompensation, PerColumnDriftCompensation
from aihwkit.inference.noise.hermes import HermesNoiseModel
from aihwkit.inference.noise.reram import ReRamCMONoiseModel
from aihwkit.simulator.configs.compounds import OneSidedUnitCell
from aihwkit.simulator.configs.configs import SingleRPUConfig, UnitCellRPUConfig
from aihwkit.simulator.configs.devices import PiecewiseStepDevice, SoftBoundsDevice
from aihwkit.simulator.parameters.training import UpdateParameters
from aihwkit.simulator.tiles.analog import AnalogTile

SAMPLES = 50_000
torch.set_num_threads(1)
torch.manual_seed(1)
single = UpdateParameters(desired_bl=1, update_management=False, update_bl_management=False)
still = dict(w_max_dtod=0.0, w_min_dtod=0.0, dw_min_dtod=0.0, up_down_dtod=0.0, dw_min=0.01, up_down=0.0)
bounds = dict(w_max=0.8, w_min=-0.5)
nodes = dict(piecewise_up=[1.0, 0.6, 0.9, 0.3], piecewise_down=[0.2, 0.7, 0.5, 1.1])


def row(case, point, target, values):
    values = values.double().flatten()
    deviation = values.std().item() if values.numel() > 1 else 0.0
    print(f"{case},{point},{target},{values.mean().item():.9g},{deviation:.9g},{values.numel()}")


def curve(case, config, cells, way=lambda k: 1 if k < 120 else -1, pulses=240):
    tile = AnalogTile(cells, 1, config)
    tile.set_learning_rate(1.0)
    tile.set_weights(torch.zeros(cells, 1))
    for k in range(pulses):
        tile.update(torch.ones(1, 1), torch.full((1, cells), -float(way(k))))
        if k % 10 == 9:
            row(case, k + 1, 0, tile.get_weights()[0])


def pulsed(device):
    return SingleRPUConfig(device=device, update=single)


print("case,point,target,mean,deviation,samples")
with torch.no_grad():
    for mult in (True, False):
        name = "mult" if mult else "add"
        quiet = SoftBoundsDevice(mult_noise=mult, dw_min_std=0.0, **still, **bounds)
        curve(f"soft_bounds_quiet_{name}", pulsed(quiet), 1)
        curve(f"soft_bounds_{name}", pulsed(SoftBoundsDevice(mult_noise=mult, dw_min_std=0.5, **still, **bounds)), 1000)
    curve("piecewise_quiet", pulsed(PiecewiseStepDevice(dw_min_std=0.0, **nodes, **still, **bounds)), 1)
    curve("piecewise", pulsed(PiecewiseStepDevice(dw_min_std=0.5, **nodes, **still, **bounds)), 1000)
    for name, noise, cells in (("one_sided_quiet", 0.0, 1), ("one_sided", 0.5, 1000)):
        cell = SoftBoundsDevice(dw_min_std=noise, **still, **bounds)
        pair = OneSidedUnitCell(unit_cell_devices=[cell, cell], refresh_every=0)
        curve(name, UnitCellRPUConfig(device=pair, update=single), cells)

    for name, model, targets in (
        ("hermes1", HermesNoiseModel(num_devices=1), (0.3, 1.0, 3.0, 6.0, 10.35)),
        ("cmo", ReRamCMONoiseModel(acceptance_range=0.2), (10.0, 30.0, 60.0, 85.0)),
    ):
        for target in targets:
            g = torch.full((SAMPLES,), target)
            programmed = model.apply_programming_noise_to_conductance(g)
            row(name, -1, target, programmed)
            nu = model.generate_drift_coefficients(g)
            for age in (25.0, 3600.0, 1e6):
                row(name, age, target, model.apply_drift_noise_to_conductance(programmed, nu, age))

    before = torch.tensor([[3.0, -2.0, 0.5], [-6.0, 4.0, 0.25]])
    after = torch.tensor([[2.0, -1.0, 0.45], [-4.0, 2.5, 0.2]])
    for name, method in (("global", GlobalDriftCompensation()), ("column", PerColumnDriftCompensation())):
        factors = (method.readout(before) / method.readout(after)).flatten()
        for column, factor in enumerate(factors):
            row(f"compensation_{name}", column, 0, factor)
