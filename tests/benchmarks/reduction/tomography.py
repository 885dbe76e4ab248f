"""Slices from projections, beside scikit-image's and astra's."""

from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from timing import Call, Case

from autoexp.reduction.tomography import Iterative, back_projection, normal_equations
from autoexp_simulators.tomography.phantom import Ellipsoid, projections

COLUMNS, VIEWS, ITERATIONS = 512, 180, 5

SAMPLE = (
    Ellipsoid((0.03, -0.05, 0.0), (0.7, 0.55, 9.0), 0.4, 1.0),
    Ellipsoid((0.2, 0.15, 0.0), (0.2, 0.1, 9.0), 1.1, 0.8),
    Ellipsoid((-0.25, -0.1, 0.0), (0.12, 0.25, 9.0), 2.0, -0.5),
)


def cases(device: str) -> list[Case]:
    """Return what is compared."""
    degrees = np.arange(VIEWS) * (180.0 / VIEWS)
    angles = torch.deg2rad(torch.from_numpy(degrees))
    u = (torch.arange(COLUMNS, dtype=torch.float64) - COLUMNS // 2) * (2 / COLUMNS)
    lines = projections(SAMPLE, angles, u, torch.zeros(1, dtype=torch.float64))[:, 0] * (COLUMNS / 2)
    sinogram, lines, angles = lines.numpy(), lines.to(device), angles.to(device)
    size = f"{COLUMNS} x {COLUMNS} of {VIEWS} projections"
    ours = lambda: back_projection(angles, COLUMNS, axis=COLUMNS // 2).slice(lines)
    kept = back_projection(angles, COLUMNS, axis=COLUMNS // 2)
    fbp = partial(astra, sinogram, degrees, "FBP", 1)
    touched = lines.nbytes + COLUMNS**2 * 4
    # spectra, what is spread over 4 x 4 cells, and the transform of a half-filled grid, 2.5 n log2 n each
    spread = 2.5 * (VIEWS + COLUMNS) * 2 * COLUMNS * np.log2(2 * COLUMNS) + VIEWS * COLUMNS * 16 * 4
    smear, operator = normal_equations(angles, COLUMNS, axis=COLUMNS // 2)
    data, solver = smear(lines), Iterative(iterations=ITERATIONS, tolerance=1e-12)
    solve = lambda: solver.solve(operator, data, kept.inside, torch.zeros_like(data))
    # two transforms each way of one half-filled grid, 2.5 n log2 n each
    transforms = ITERATIONS * 4 * 2.5 * 2 * COLUMNS**2 * np.log2(2 * COLUMNS)
    iterated = f"{ITERATIONS} iterations, {size}"
    return [
        Case(
            f"back-projection, {size}",
            "scikit-image iradon",
            ours,
            partial(skimage, sinogram, degrees),
            2.0,
            touched,
            spread,
        ),
        Case(f"back-projection, {size}", "astra FBP", ours, fbp, 2.0, touched, spread),
        Case(
            f"back-projection, {size}, angles as before",
            "astra FBP",
            lambda: kept.slice(lines),
            fbp,
            2.0,
            touched,
            spread,
        ),
        Case(
            f"FISTA without negative values, {iterated}",
            "astra SIRT",
            solve,
            partial(astra, sinogram, degrees, "SIRT", ITERATIONS),
            50.0,
            ITERATIONS * 2 * data.nbytes,
            transforms,
        ),
    ]


def skimage(lines: npt.NDArray[np.float64], degrees: npt.NDArray[np.float64]) -> Call:
    """Return a call that reconstructs with scikit-image."""
    from skimage.transform import iradon

    sinogram = lines.T.copy()
    return lambda: iradon(sinogram, theta=-degrees, filter_name="ramp", circle=True)


def astra(lines: npt.NDArray[np.float64], degrees: npt.NDArray[np.float64], method: str, iterations: int) -> Call:
    """Return a call that runs an algorithm of astra on the CPU; what it projects with is made before."""
    import astra as toolbox

    geometry = toolbox.create_proj_geom("parallel", 1.0, COLUMNS, np.deg2rad(degrees))
    volume = toolbox.create_vol_geom(COLUMNS, COLUMNS)
    projector = toolbox.create_projector("linear", geometry, volume)
    sinogram = toolbox.data2d.create("-sino", geometry, lines)
    picture = toolbox.data2d.create("-vol", volume)
    settings = toolbox.astra_dict(method) | {
        "ProjectorId": projector,
        "ProjectionDataId": sinogram,
        "ReconstructionDataId": picture,
    }
    if method == "SIRT":
        settings["option"] = {"MinConstraint": 0.0}
    algorithm = toolbox.algorithm.create(settings)
    return lambda: toolbox.algorithm.run(algorithm, iterations)
