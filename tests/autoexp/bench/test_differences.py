import numpy as np
import pytest
import xarray as xr

from autoexp.bench.differences import holm, paired_differences, told


def finals(**agents):
    return xr.DataArray(
        list(agents.values()),
        {"agent": list(agents), "seed": range(len(next(iter(agents.values()))))},
        ("agent", "seed"),
    )


def test_a_gap_beyond_the_spread_is_claimed():
    spread = np.random.default_rng(0).normal(size=10)
    found = paired_differences(finals(a=spread, b=spread + 1.0 + 0.1 * spread))
    assert found[0].significant
    assert found[0].p_value == pytest.approx(2 / 2**10)
    assert "a is better" in " ".join(told(found, "lower"))
    assert "b is better" in " ".join(told(found, "higher"))


def test_noise_is_not_claimed():
    rng = np.random.default_rng(1)
    found = paired_differences(finals(a=rng.normal(size=12), b=rng.normal(size=12)))
    assert not found[0].significant
    assert "no difference" in next(iter(told(found, "lower")))


def test_too_few_seeds_are_called_so():
    found = paired_differences(finals(a=[0.0, 0.1, 0.2], b=[9.0, 8.0, 7.0]))
    assert not found[0].significant
    assert "too few seeds" in next(iter(told(found, "lower")))


def test_equal_agents_and_unfinished_seeds():
    found = paired_differences(finals(a=[1.0, 2.0, np.nan], b=[1.0, 2.0, 3.0]))
    assert found[0].p_value == 1.0
    assert found[0].seeds == 2


def test_holm_by_hand():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
