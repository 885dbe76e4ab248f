"""Which pixels are correlated together: bins of q."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.bands import Band
from autoexp.reduction.geometry import PINT_UNITS, Poni, RadialUnit
from autoexp.reduction.records import Axis, FloatArray


class Bins(Protocol):
    """Groups of pixels of one detector, each of about one q."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the detector."""

    @property
    def names(self) -> tuple[str, ...]:
        """One for each bin."""

    def pixels(self) -> tuple[Tensor, ...]:
        """Return the flat index of each bin's pixels, int64, ascending."""

    def axis(self) -> Axis:
        """Return where each bin is."""

    def settings(self) -> Mapping[str, Any]:
        """Return what they are, as JSON-able data."""


@dataclass(frozen=True, slots=True)
class RadialBins:
    """Rings between two values of q or 2θ.

    Parameters
    ----------
    geometry
        Where the detector stands.
    bands
        Of the radial axis; a pixel belongs to those in which its centre is.
    unit
        Of the bands, as pyFAI writes it.

    Raises
    ------
    ReductionError
        If there is no band, or two have one name.
    """

    geometry: Poni
    bands: tuple[Band, ...]
    unit: RadialUnit = "q_A^-1"

    def __post_init__(self) -> None:
        _refuse_unnamed(self.names)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the detector."""
        return self.geometry.shape

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the bands."""
        return tuple(band.name for band in self.bands)

    def pixels(self) -> tuple[Tensor, ...]:
        """Return the flat index of each band's pixels."""
        radial = _radial(self.geometry, self.unit)
        return tuple(((radial >= band.low) & (radial <= band.high)).nonzero().squeeze(-1) for band in self.bands)

    def axis(self) -> Axis:
        """Return the mean of each band's pixels, NaN for a band without one."""
        return _centres(self.geometry, self.unit, self.pixels())

    def settings(self) -> Mapping[str, Any]:
        """Return what they are."""
        bands = {band.name: [band.low, band.high] for band in self.bands}
        return {"geometry": dict(self.geometry.settings()), "bands": bands, "unit": self.unit}


@dataclass(frozen=True, slots=True, eq=False)
class LabelledBins:
    """Any regions, by a map of labels as scikit-beam takes it.

    Parameters
    ----------
    labels
        Of each pixel, integers from 1, 0 for none, shape ``(y, x)``.
    geometry
        Where the detector stands, for the mean q of each label; without it the axis is that of the labels.
    unit
        Of the axis, as pyFAI writes it.

    Raises
    ------
    ReductionError
        If the map has no label, or another shape than the detector.
    """

    labels: Tensor
    geometry: Poni | None = None
    unit: RadialUnit = "q_A^-1"
    _present: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        labels = torch.as_tensor(self.labels)
        if labels.ndim != 2 or labels.is_floating_point() or labels.is_complex():
            raise ReductionError(f"labels must be integers, (y, x), got {labels.dtype} of shape {tuple(labels.shape)}")
        object.__setattr__(self, "labels", labels.to("cpu", torch.int64))
        object.__setattr__(
            self, "_present", tuple(label for label in np.unique(self.labels.numpy()).tolist() if label > 0)
        )
        _refuse_unnamed(self.names)
        if self.geometry is not None and self.geometry.shape != self.shape:
            raise ReductionError(f"labels must be {self.geometry.shape} as the detector is, got {self.shape}")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the detector."""
        return self.labels.shape[0], self.labels.shape[1]

    @property
    def names(self) -> tuple[str, ...]:
        """The labels, in ascending order."""
        return tuple(str(label) for label in self._present)

    def pixels(self) -> tuple[Tensor, ...]:
        """Return the flat index of each label's pixels."""
        flat = self.labels.reshape(-1)
        return tuple((flat == label).nonzero().squeeze(-1) for label in self._present)

    def axis(self) -> Axis:
        """Return the mean of each label's pixels, or the labels."""
        if self.geometry is None:
            return Axis(torch.tensor(self._present, dtype=torch.float64).numpy())
        return _centres(self.geometry, self.unit, self.pixels())

    def settings(self) -> Mapping[str, Any]:
        """Return what they are; of the map, how many pixels have each label."""
        sizes = {name: len(index) for name, index in zip(self.names, self.pixels(), strict=True)}
        geometry = None if self.geometry is None else dict(self.geometry.settings())
        return {"geometry": geometry, "labels": sizes, "unit": self.unit}


def _radial(geometry: Poni, unit: RadialUnit) -> Tensor:
    two_theta, _ = geometry.directions(*geometry.centres())
    return geometry.radial(two_theta, unit).reshape(-1)


def _centres(geometry: Poni, unit: RadialUnit, pixels: tuple[Tensor, ...]) -> Axis:
    radial = _radial(geometry, unit)
    values: FloatArray = torch.stack([radial[index].mean() for index in pixels]).numpy()
    return Axis(values, PINT_UNITS[unit])


def _refuse_unnamed(names: tuple[str, ...]) -> None:
    if not names or len(set(names)) < len(names):
        raise ReductionError(f"there must be bins, each with a name of its own, got {list(names)}")
