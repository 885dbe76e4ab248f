"""ePIE and rPIE, one position at a time and in batches."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.errors import ReductionError
from autoexp.reduction.ptychography import Engine, Estimate, engine
from autoexp.reduction.ptychography.engine import changes, patches_of


def random_wave(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.complex64, generator=generator)


def fourier_sum(wave):
    """The unitary Fourier transform as the direct sum over all samples."""
    rows, columns = (np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n) / np.sqrt(n) for n in wave.shape)
    return rows @ wave.numpy() @ columns.T


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_a_changed_wave_has_the_measured_far_field_and_its_own_phases(seed):
    wave = random_wave((12, 10), seed)
    amplitude = random_wave((12, 10), seed + 1).abs()
    amplitude[3, 4] = -1.0
    before, after = fourier_sum(wave), fourier_sum(wave + changes(wave[None], amplitude[None])[0])
    known = amplitude.numpy() >= 0
    assert np.abs(after)[known] == pytest.approx(amplitude.numpy()[known], abs=1e-5)
    assert after * np.abs(before) == pytest.approx(before * np.abs(after), abs=1e-4)
    assert after[~known] == pytest.approx(before[~known], abs=1e-5)


@pytest.mark.parametrize(("method", "weight"), [("ePIE", 1.0), ("rPIE", 0.1)])
def test_one_position_is_the_published_update(method, weight):
    """Equations 3 and 4 of Maiden & Rodenburg (2009), and 13 of Maiden, Johnson & Li (2017), in numpy."""
    whole, probe, amplitude = random_wave((11, 12), 0), random_wave((6, 6), 1), random_wave((6, 6), 2).abs()
    found = engine(method, batch=1, object_step=0.7, probe_step=0.4).sweep(
        Estimate(whole, probe), [(2, 5)], [amplitude], 0
    )
    patch, wave = whole[2:8, 5:11].numpy(), probe.numpy()
    far = np.fft.fft2(patch * wave, norm="ortho")
    difference = np.fft.ifft2(amplitude.numpy() * far / np.abs(far), norm="ortho") - patch * wave
    power = np.abs(wave) ** 2
    expected = whole.numpy().copy()
    expected[2:8, 5:11] += 0.7 * wave.conj() * difference / ((1 - weight) * power + weight * power.max())
    assert found.object.numpy() == pytest.approx(expected, abs=1e-5)
    expected_probe = wave + 0.4 * patch.conj() * difference / (np.abs(patch) ** 2).max()
    assert found.probe.numpy() == pytest.approx(expected_probe, abs=1e-5)


def test_positions_that_do_not_overlap_may_go_together():
    """A group without overlap changes the object as its members one by one would with the same probe."""
    whole, probe = random_wave((6, 12), 0), random_wave((6, 6), 1)
    corners, amplitudes = [(0, 0), (0, 6)], [random_wave((6, 6), seed).abs() for seed in (2, 3)]
    together = engine("ePIE", batch=2).sweep(Estimate(whole, probe), corners, amplitudes, 0)
    for corner, amplitude in zip(corners, amplitudes, strict=True):
        alone = engine("ePIE", batch=1).sweep(Estimate(whole, probe), [corner], [amplitude], 0)
        at = (slice(0, 6), slice(corner[1], corner[1] + 6))
        assert torch.allclose(together.object[at], alone.object[at], atol=1e-5)


@pytest.mark.parametrize("batch", [pytest.param(1, marks=pytest.mark.slow), 8, 100])
@pytest.mark.parametrize("method", ["ePIE", "rPIE"])
def test_the_error_falls_to_nothing_without_noise(method, batch):
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:40, :40]
    whole = torch.from_numpy(np.exp(1j * np.sin(x / 3) * np.cos(y / 4))).to(torch.complex64)
    spot = np.exp(-((x[:16, :16] - 8) ** 2 + (y[:16, :16] - 8) ** 2) * (0.04 + 0.03j))
    probe = torch.from_numpy(spot).to(torch.complex64)
    corners = [(int(a), int(b)) for a, b in generator.integers(0, 25, (80, 2))]
    amplitudes = [torch.fft.fft2(patch * probe, norm="ortho").abs() for patch in patches_of(whole, corners, (16, 16))]
    estimate = Estimate(torch.ones_like(whole), probe * torch.exp(1j * 0.1 * probe.abs()))

    def error(now):
        waves = patches_of(now.object, corners, (16, 16)) * now.probe
        return float(changes(waves, torch.stack(amplitudes)).abs().square().sum().sqrt())

    errors = [error(estimate)]
    for epoch in range(40):
        estimate = engine(method, batch=batch, probe_step=0.1).sweep(estimate, corners, amplitudes, epoch)
        if epoch % 10 == 9:
            errors.append(error(estimate))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.15 * errors[0]


def test_the_order_is_that_of_the_seed():
    whole, probe = random_wave((12, 12), 0), random_wave((6, 6), 1)
    corners = [(i, i) for i in range(7)]
    amplitudes = [random_wave((6, 6), seed).abs() for seed in range(7)]

    def run(seed, epoch=0):
        return Engine(batch=2, seed=seed).sweep(Estimate(whole, probe), corners, amplitudes, epoch).object

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))
    assert not torch.equal(run(1), run(1, epoch=1))


def test_a_sweep_leaves_what_it_was_given():
    whole, probe = random_wave((12, 12), 0), random_wave((6, 6), 1)
    copy = whole.clone(), probe.clone()
    Engine().sweep(Estimate(whole, probe), [(0, 0)], [probe.abs()], 0)
    assert torch.equal(whole, copy[0])
    assert torch.equal(probe, copy[1])


def test_darkness_stays_finite():
    dark = torch.zeros((6, 6))
    found = Engine().sweep(Estimate(torch.ones((8, 8), dtype=torch.complex64), dark + 0j), [(0, 0)], [dark], 0)
    assert torch.isfinite(found.object.abs()).all()
    assert torch.isfinite(found.probe.abs()).all()


@pytest.mark.parametrize("wrong", [{"object_weight": 0.0}, {"probe_step": 2.0}, {"batch": 0}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ReductionError, match=next(iter(wrong))):
        Engine(**wrong)
    with pytest.raises(ReductionError, match="ePIE, rPIE"):
        engine("DM")
