"""How many frames per second each Scene makes on one core: ``make bench-scenes``.

A frame is expected photons and the noise of the detector. The time is that of the processor, and the median over
repeats is shown. Scenes with an area detector are built for 512 x 512 where their size can be chosen.
"""

import statistics
import time
from dataclasses import replace
from importlib.metadata import entry_points

import numpy as np
import torch

from autoexp import Space
from autoexp.plugins import load
from autoexp_simulators.dice import Dice

SIZE = (512, 512)
REPEATS, FRAMES = 9, 4


def main() -> None:
    """Print one row per detector of each registered Scene."""
    torch.set_num_threads(1)
    print(f"{'Scene':14} {'detector':12} {'shape':>14} {'ms per frame':>13} {'frames/s':>9}")
    for name in sorted(entry_point.name for entry_point in entry_points(group="autoexp.scenes")):
        beamline = load("scenes", name)(seed=0)
        for readout in beamline.readouts:
            spec = at_full_size(beamline.scene, readout.detector.imager.spec)
            seconds = statistics.median(seconds_per_frame(beamline, spec))
            shape = "x".join(str(length) for length in spec.shape)
            print(f"{name:14} {spec.name:12} {shape:>14} {1e3 * seconds:13.2f} {1 / seconds:9.0f}", flush=True)


def at_full_size(scene, spec):
    """Return the detector with 512 x 512 pixels, where it is the Scene's own field ``shape`` that says how many."""
    sizeable = getattr(scene, "shape", None) == spec.shape and getattr(spec.photons, "__self__", None) is scene
    if not sizeable or min(spec.shape) == 1 or spec.shape == SIZE:
        return spec
    try:
        larger = replace(scene, shape=SIZE)
    except (TypeError, ValueError):
        return spec
    return replace(spec, shape=SIZE, photons=getattr(larger, spec.photons.__name__))


def seconds_per_frame(beamline, spec):
    """Yield the seconds of processor time per frame, of batches at points drawn anew."""
    dice, space = Dice(0), Space(beamline.dofs)
    for repeat in range(REPEATS + 1):
        columns = space.columns(space.sobol(FRAMES, seed=repeat))
        positions = {key: torch.as_tensor(np.asarray(values, dtype=float)) for key, values in columns.items()}
        times = torch.arange(FRAMES, dtype=torch.float64)
        began = time.process_time()
        spec.sensor.frames(spec.photons(positions, times), spec.exposure, dice)
        if repeat:
            yield (time.process_time() - began) / FRAMES


if __name__ == "__main__":
    main()
