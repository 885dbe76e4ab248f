"""X-ray absorption spectra near an edge: from counts at energies to species."""

from autoexp.reduction.xanes.normalisation import Normalised, Windows, normalise
from autoexp.reduction.xanes.reducer import Xanes
from autoexp.reduction.xanes.references import Mixture, References, decompose

__all__ = ["Mixture", "Normalised", "References", "Windows", "Xanes", "decompose", "normalise"]
