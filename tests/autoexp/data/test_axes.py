"""Reduced arrays are read back with their dimensions, units and coordinates."""

import numpy as np
from bluesky.plans import count

from autoexp.data.axes import with_axes
from autoexp.detectors import ReducedDetector
from autoexp.reduction import AzimuthalIntegration, Band, MultiTau, Poni
from autoexp.reduction.xpcs import Correlator, RadialBins, lag_steps

PONI = Poni((48, 64), (1e-3, 1e-3), 0.1, (0.024, 0.032))
FRAMES = np.random.default_rng(0).poisson(9.0, (20, 48, 64)).astype(np.int32)


def reduced(detector, reducer, name):
    return ReducedDetector(detector, reducer, name=name, device="cpu", frame=lambda: FRAMES)


def test_a_correlation_has_its_delays(recording, store, det):
    bins = RadialBins(PONI, (Band("inner", 0.2, 0.5), Band("outer", 0.6, 1.1)))
    detector = reduced(det, MultiTau(Correlator(bins, levels=2, channels=4, groups=4, period=0.25)), "speckles")
    (uid,) = recording(count([detector], 2))
    data = store.read(uid)
    for name in ("speckles_g2", "speckles_g2_sigma"):
        assert data[name].dims == ("time", "bin", "tau")
    np.testing.assert_allclose(data["tau"], 0.25 * np.asarray(lag_steps(2, 4)))
    assert (data["tau"].attrs["units"], data["bin"].attrs["units"]) == ("s", "1/angstrom")
    np.testing.assert_allclose(data["bin"], bins.axis().values)
    assert np.isfinite(data["speckles_g2"].sel(tau=0.5, bin=0.8, method="nearest")).all()
    assert data["speckles_intensity"].dims == ("time", "bin")


def test_curves_of_two_detectors_keep_their_own_axes(recording, store, det):
    fine, coarse = (reduced(det, AzimuthalIntegration(PONI, bins=n), name) for n, name in ((30, "waxs"), (12, "saxs")))
    (uid,) = recording(count([fine, coarse], 1))
    data = store.read(uid)
    assert data["waxs_intensity"].dims == data["waxs_intensity_sigma"].dims == ("time", "waxs_intensity_q")
    assert len(data["waxs_intensity_q"]) == 30
    assert len(data["saxs_intensity_q"]) == 12
    assert data["saxs_intensity_q"].attrs["units"] == "1/angstrom"


def test_what_has_no_axis_stays_as_it_is():
    frame = (("time", "y", "x"), np.zeros((2, 3, 4)), {})
    assert with_axes({"camera": frame}, {}) == ({"camera": frame}, {})
