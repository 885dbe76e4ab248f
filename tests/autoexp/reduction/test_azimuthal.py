"""Azimuthal integration: the geometry, weights and curves of pyFAI."""

import json

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.reduction import AzimuthalIntegration, FrameMeta, FrameSpec, Mask, Poni, chain, rebin
from autoexp.testing.reducers import ReducerContract

SHAPE = (100, 120)
PIXEL = 172e-6
GEOMETRY = Poni(SHAPE, (PIXEL, PIXEL), 0.05, (0.008, 0.0085), (0.05, -0.03, 0.1), 1e-10)


def pattern(seed=0):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    rings = 200 * (1.1 + np.cos(np.hypot(y - 47, x - 50) / 4))
    return np.random.default_rng(seed).poisson(rings)


def read(reducer, frames):
    batch = torch.from_numpy(np.asarray(frames).reshape(-1, *SHAPE))
    return reducer.read(reducer.update(reducer.init(FrameSpec(SHAPE)), batch, FrameMeta()))["intensity"]


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        geometry = Poni((48, 64), (PIXEL, PIXEL), 0.05, (0.004, 0.005))
        return AzimuthalIntegration(geometry, bins=20, sectors=2)


class TestSplitContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        geometry = Poni((48, 64), (PIXEL, PIXEL), 0.05, (0.004, 0.005))
        return AzimuthalIntegration(geometry, bins=20, splitting="full", unit="2th_deg")


class TestClippedContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        geometry = Poni((48, 64), (PIXEL, PIXEL), 0.05, (0.004, 0.005))
        return AzimuthalIntegration(geometry, bins=20, clip=3.0)


@pytest.fixture
def peer():
    detectors = pytest.importorskip("pyFAI.detectors")
    from pyFAI.integrator.azimuthal import AzimuthalIntegrator

    (y, x), (a, b, c) = GEOMETRY.poni, GEOMETRY.rotations
    detector = detectors.Detector(PIXEL, PIXEL, max_shape=SHAPE)
    return AzimuthalIntegrator(GEOMETRY.distance, y, x, a, b, c, detector=detector, wavelength=1e-10)


@pytest.mark.parametrize("unit", ["q_A^-1", "q_nm^-1", "2th_deg"])
def test_geometry_is_that_of_pyfai(peer, unit):
    two_theta, chi = GEOMETRY.directions(*GEOMETRY.centres())
    np.testing.assert_allclose(GEOMETRY.radial(two_theta, unit), peer.array_from_unit(SHAPE, unit=unit), rtol=1e-6)
    np.testing.assert_allclose(chi, peer.chiArray(SHAPE), atol=1e-5)
    np.testing.assert_allclose(GEOMETRY.solid_angle(), peer.solidAngleArray(SHAPE), rtol=1e-6)
    np.testing.assert_allclose(GEOMETRY.polarisation(0.95), peer.polarization(SHAPE, 0.95), rtol=1e-5)


def through(peer, reducer, frame, split):
    """Integrate with pyFAI, and with its weights in place of the reducer's own."""
    found = peer.integrate1d(
        frame,
        reducer.bins,
        unit=reducer.unit,
        method=(split, "csr", "cython"),
        error_model="poisson",
        polarization_factor=reducer.polarisation,
    )
    (engine,) = (each.engine for each in peer.engines.values())
    data, indices, indptr = (torch.from_numpy(np.array(part)) for part in engine.lut)
    rows = torch.repeat_interleave(torch.arange(reducer.bins), indptr.diff())
    weights = rebin.Weights(rows, indices.long(), data.double(), reducer.bins, frame.size)
    state = reducer.init(FrameSpec(SHAPE))
    from dataclasses import replace

    state = replace(state, binning=weights.blocked(), norms=weights.sums(state.norm), bin_of=None)
    mine = reducer.read(reducer.update(state, torch.from_numpy(frame)[None], FrameMeta()))["intensity"]
    return mine, found


@pytest.mark.parametrize("split", ["no", "full"])
@pytest.mark.parametrize("polarisation", [None, 0.9])
def test_curve_is_that_of_pyfai_through_equal_weights(peer, split, polarisation):
    reducer = AzimuthalIntegration(GEOMETRY, bins=80, polarisation=polarisation)
    mine, theirs = through(peer, reducer, pattern(), split)
    np.testing.assert_allclose(mine.value, theirs.intensity, rtol=1e-5)
    np.testing.assert_allclose(mine.sigma, theirs.sigma, rtol=1e-5)


@pytest.mark.parametrize(("splitting", "close"), [("no", 0.02), ("full", 0.002)])
def test_curve_is_close_to_that_of_pyfai_through_own_weights(peer, splitting, close):
    frame = pattern()
    theirs = peer.integrate1d(frame, 50, unit="q_A^-1", method=(splitting, "csr", "cython"), error_model="poisson")
    step = theirs.radial[1] - theirs.radial[0]
    edges = (theirs.radial[0] - step / 2, theirs.radial[-1] + step / 2)
    mine = read(AzimuthalIntegration(GEOMETRY, bins=50, splitting=splitting, range=edges), frame)
    np.testing.assert_allclose(mine.axes["q"].values, theirs.radial, rtol=1e-6)
    inner = slice(1, -1)  # at the ends the float32 edges of pyFAI decide about single pixels
    np.testing.assert_allclose(mine.value[inner], theirs.intensity[inner], rtol=close)


def test_poni_file_of_pyfai_is_read(peer, tmp_path):
    peer.save(str(tmp_path / "a.poni"))
    assert Poni.load(tmp_path / "a.poni") == GEOMETRY


def test_a_detector_that_the_file_only_names_is_described_beside_it(tmp_path):
    told = {"distance": 0.2, "poni1": 0.03, "poni2": 0.04, "rot1": 0.0, "rot2": 0.01, "rot3": 0.0, "wavelength": 1e-10}
    lines = [
        "Detector: Eiger2_1M",
        'Detector_config: {"orientation": 3}',
        *(f"{key}: {at}" for key, at in told.items()),
    ]
    (tmp_path / "c.poni").write_text("\n".join(lines))
    found = Poni.load(tmp_path / "c.poni", shape=(1062, 1028), pixel=(75e-6, 75e-6))
    assert found == Poni((1062, 1028), (75e-6, 75e-6), 0.2, (0.03, 0.04), (0.0, 0.01, 0.0), 1e-10)
    with pytest.raises(ReductionError, match="pixel size and shape must be known"):
        Poni.load(tmp_path / "c.poni")
    (tmp_path / "d.poni").write_text("\n".join(lines[:-1]))
    with pytest.raises(ReductionError, match="got no 'wavelength'"):
        Poni.load(tmp_path / "d.poni", shape=(1062, 1028), pixel=(75e-6, 75e-6))


def test_another_orientation_is_refused(tmp_path):
    lines = ["Detector_config: " + json.dumps({"orientation": 1, "pixel1": 1e-4, "pixel2": 1e-4, "max_shape": [3, 4]})]
    (tmp_path / "b.poni").write_text("\n".join(lines))
    with pytest.raises(ReductionError, match="orientation must be 3"):
        Poni.load(tmp_path / "b.poni")


@pytest.mark.parametrize("splitting", ["no", "full"])
def test_every_pixel_is_shared_out_once(splitting):
    weights = AzimuthalIntegration(GEOMETRY, bins=37, splitting=splitting).weights()
    shares = torch.zeros(weights.n_pixels, dtype=torch.float64).index_add(0, weights.pixels, weights.shares)
    centre = torch.hypot(*(each - middle for each, middle in zip(GEOMETRY.centres(), _beam_centre(), strict=True)))
    away = centre.reshape(-1) > 2  # the pixel that the beam hits has no azimuth
    torch.testing.assert_close(shares[away], torch.ones_like(shares[away]), rtol=0, atol=1e-9)


def _beam_centre():
    two_theta, _ = GEOMETRY.directions(*GEOMETRY.centres())
    row, column = divmod(int(two_theta.argmin()), SHAPE[1])
    return row + 0.5, column + 0.5


def test_sigma_is_the_scatter_of_repeated_frames():
    reducer = AzimuthalIntegration(GEOMETRY, bins=30, splitting="full")
    readings = [read(reducer, pattern(seed)) for seed in range(200)]
    scatter = np.std([each.value for each in readings], axis=0)
    sigma = np.mean([each.sigma for each in readings], axis=0)
    # splitting shares the noise of a pixel among bins, so each bin's own is what counts here
    assert np.median(scatter / sigma) == pytest.approx(1.0, abs=0.05)


def test_sectors_add_up_to_the_whole():
    whole = AzimuthalIntegration(GEOMETRY, bins=10, solid_angle=False)
    cut = AzimuthalIntegration(GEOMETRY, bins=10, solid_angle=False, sectors=6)
    frame = np.full(SHAPE, 5)
    found = read(cut, frame)
    assert found.dims == ("chi", "q")
    assert np.nanmax(np.abs(found.value - 5)) < 1e-12
    np.testing.assert_allclose(found.axes["chi"].values, [-150, -90, -30, 30, 90, 150])
    np.testing.assert_allclose(read(whole, frame).value, 5.0)


def test_clipping_removes_single_crystal_spots():
    clean = np.random.default_rng(1).poisson(100, SHAPE)
    spotted = clean.copy()
    spotted[::17, ::13] = 50000
    plain = AzimuthalIntegration(GEOMETRY, bins=20)
    clipped = AzimuthalIntegration(GEOMETRY, bins=20, clip=3.0)
    expected = read(plain, clean).value
    assert np.max(np.abs(read(clipped, spotted).value / expected - 1)) < 0.02
    assert np.max(np.abs(read(plain, spotted).value / expected - 1)) > 1


def test_a_masked_ring_is_nan():
    reducer = AzimuthalIntegration(GEOMETRY, bins=20)
    edges = np.linspace(*reducer.edges(), 21)
    q = GEOMETRY.radial(GEOMETRY.directions(*GEOMETRY.centres())[0], "q_A^-1")
    found = read(chain(Mask((q > edges[5]) & (q < edges[6])), reducer), pattern())
    assert np.flatnonzero(np.isnan(found.value)).tolist() == [5]
    assert np.isnan(found.sigma[5])


def test_frames_of_another_detector_are_refused():
    reducer = AzimuthalIntegration(GEOMETRY)
    with pytest.raises(ReductionError, match=r"frames must be \(100, 120\)"):
        reducer.update(reducer.init(FrameSpec((3, 4))), torch.zeros(1, 3, 4), FrameMeta())


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ReductionError, match="bins and sectors"):
        AzimuthalIntegration(GEOMETRY, bins=0)
    with pytest.raises(ReductionError, match=r"must be integers from one on, got 10\.5 and 1"):
        AzimuthalIntegration(GEOMETRY, bins=10.5)
    with pytest.raises(ReductionError, match="clip must be positive and without splitting"):
        AzimuthalIntegration(GEOMETRY, clip=3.0, splitting="full")
    with pytest.raises(ReductionError, match="distance must be positive, got 0"):
        Poni(SHAPE, (PIXEL, PIXEL), 0.0, (0.0, 0.0))


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"splitting": "bbox"}, "splitting must be one of 'no', 'full', got 'bbox'"),
        ({"unit": "q_m"}, r"unit must be one of 'q_A\^-1', 'q_nm\^-1', '2th_deg', got 'q_m'"),
        ({"range": (3.0, 1.0)}, "low must be below high, both finite, got low=3.0, high=1.0 for range"),
        ({"range": (2.0, 2.0)}, "got low=2.0, high=2.0 for range"),
        ({"range": (0.0, float("inf"))}, "got low=0.0, high=inf for range"),
        ({"range": (float("nan"), 1.0)}, "got low=nan, high=1.0 for range"),
        ({"polarisation": 5.0}, "polarisation must be from -1 to 1, got 5.0"),
        ({"polarisation": float("nan")}, "polarisation must be from -1 to 1, got nan"),
    ],
)
def test_settings_that_name_nothing_are_refused(settings, rule):
    with pytest.raises(ReductionError, match=rule):
        AzimuthalIntegration(GEOMETRY, **settings)
