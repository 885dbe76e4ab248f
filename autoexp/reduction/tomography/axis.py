"""Where the axis of rotation is, from projections alone."""

import math

import torch
from torch import Tensor

_TOLERANCE = math.radians(1.0)
_ROUNDS = 8
_BLUR = 2.0


def axis_by_mass(angles: Tensor, profiles: Tensor, variances: Tensor) -> tuple[float, float]:
    """Return the column of the axis and its sigma from the centres of mass [1]_; NaN below three directions.

    A centre of mass moves as ``axis + x cos a + y sin a``; that is fitted by weighted least squares. Where the fit
    leaves more than the noise, sigma grows with it [2]_. The whole sample must be in sight.

    Parameters
    ----------
    angles
        In rad, shape ``(n,)``, float64.
    profiles, variances
        Line integrals summed along the axis and their variances, shape ``(n, columns)``, float64.

    References
    ----------
    .. [1] S. G. Azevedo et al., IEEE Trans. Nucl. Sci. 37, 1525 (1990).
    .. [2] W. H. Press et al., Numerical Recipes, 3rd ed. (2007), section 15.2.
    """
    columns = torch.arange(profiles.shape[1], dtype=torch.float64, device=profiles.device)
    mass = profiles.sum(1)
    centre = profiles @ columns / mass
    variance = ((columns - centre[:, None]) ** 2 * variances).sum(1) / mass**2
    usable = (mass > 0) & (variance > 0)
    centre, root = centre[usable], variance[usable].sqrt()
    turned = angles[usable]
    design = torch.stack([torch.ones_like(turned), turned.cos(), turned.sin()], 1)
    if len(design) < 3 or int(torch.linalg.matrix_rank(design, rtol=1e-3)) < 3:
        return math.nan, math.nan
    weighted, wanted = design / root[:, None], centre / root
    covariance = torch.linalg.inv(weighted.T @ weighted)
    solution = covariance @ (weighted.T @ wanted)
    left = float((wanted - weighted @ solution).square().sum()) / max(1, len(design) - 3)
    return float(solution[0]), math.sqrt(float(covariance[0, 0]) * max(1.0, left))


def axis_by_pairs(angles: Tensor, profiles: Tensor, variances: Tensor) -> tuple[float, float]:
    """Return the column of the axis and its sigma from opposite projections, which are mirror images; NaN without.

    For each pair within a degree of 180 the mirrored one is shifted until the weighted squared difference of both,
    smoothed by 2 columns, is least (Gauss and Newton); pairs count by their variances.

    Parameters
    ----------
    angles, profiles, variances
        As for `axis_by_mass`.
    """
    pairs = _opposite(angles)
    found = [_mirror(profiles[i], profiles[j], variances[i] + variances[j].flip(-1)) for i, j in pairs]
    kept = [(place, sigma) for place, sigma in found if math.isfinite(place) and 0 < sigma < math.inf]
    if not kept:
        return math.nan, math.nan
    places, sigmas = torch.tensor(kept, dtype=torch.float64).T
    weights = sigmas**-2
    mean = float((weights * places).sum() / weights.sum())
    left = float((weights * (places - mean) ** 2).sum()) / max(1, len(kept) - 1)
    return mean, math.sqrt(max(1.0, left) / float(weights.sum()))


def _opposite(angles: Tensor) -> list[tuple[int, int]]:
    """Return pairs half a turn apart, the nearest to that for each."""
    first = (angles < math.pi - _TOLERANCE).nonzero().squeeze(-1)
    if len(first) == 0:
        return []
    apart = (angles[first][:, None] + math.pi - angles).abs()
    nearest = apart.argmin(1)
    near = apart.gather(1, nearest[:, None]).squeeze(1) < _TOLERANCE
    return list(zip(first[near].tolist(), nearest[near].tolist(), strict=True))


def _mirror(one: Tensor, other: Tensor, variance: Tensor) -> tuple[float, float]:
    """Return where the mirror between two profiles stands, and its sigma; both are smoothed, for slopes are noisy."""
    n = len(one)
    columns = torch.arange(n, dtype=torch.float64, device=one.device)
    frequency = 2.0 * math.pi * torch.fft.rfftfreq(2 * n, dtype=torch.float64, device=one.device)
    soft = torch.exp(-0.5 * (_BLUR * frequency) ** 2)

    def blurred(spectrum: Tensor) -> Tensor:
        profile: Tensor = torch.fft.irfft(spectrum * soft, n=2 * n)[:n]
        return profile

    fixed, mirrored = blurred(torch.fft.rfft(one, n=2 * n)), torch.fft.rfft(other.flip(-1), n=2 * n)
    middle = 0.5 * float(one @ columns / one.sum() + other @ columns / other.sum())
    weight = 1.0 / variance.clamp(min=1e-30)
    information, spread, left = 0.0, 0.0, 1.0
    for _ in range(_ROUNDS):
        moved = mirrored * torch.exp(-1j * frequency * (2.0 * middle - (n - 1)))
        slope, rest = blurred(-2j * frequency * moved), fixed - blurred(moved)
        information = float((weight * slope**2).sum())
        if not information > 0:
            return math.nan, math.nan
        middle += float((weight * slope * rest).sum()) / information
        spread = float((blurred(torch.fft.rfft(weight * slope, n=2 * n)) ** 2 * variance).sum())
        left = float((weight * rest**2).mean()) * 2.0 * math.sqrt(math.pi) * _BLUR
    return middle, math.sqrt(spread * max(1.0, left)) / information
