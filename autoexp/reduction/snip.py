"""The slowly varying background under the lines of a spectrum."""

import torch
from torch import Tensor


def snip(spectra: Tensor, window: int) -> Tensor:
    """Return the background of spectra by iterative peak clipping.

    SNIP (C. G. Ryan et al., Nucl. Instrum. Methods B 34, 396 (1988)) with a window that decreases
    (M. Morhac and V. Matousek, Appl. Spectrosc. 62, 91 (2008)): the spectrum, compressed by
    ``log(log(sqrt(y + 1) + 1) + 1)``, is clipped at the mean of its neighbours at distance `window`,
    then one less, down to one. Within `window` of an end only nearer neighbours count.

    Parameters
    ----------
    spectra
        Counts, shape ``(..., channels)``; negative ones count as zero.
    window
        Half width of the widest line in channels.
    """
    levels = (((spectra.clamp(min=0.0) + 1.0).sqrt() + 1.0).log() + 1.0).log()
    for distance in range(min(window, (spectra.shape[-1] - 1) // 2), 0, -1):
        around = 0.5 * (levels[..., : -2 * distance] + levels[..., 2 * distance :])
        clipped = torch.minimum(levels[..., distance:-distance], around)
        levels = torch.cat([levels[..., :distance], clipped, levels[..., -distance:]], -1)
    return ((levels.exp() - 1.0).exp() - 1.0) ** 2 - 1.0
