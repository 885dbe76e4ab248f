import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import geom, hypergeom

from autoexp.bench.quantiles import continuous_quantile, pool_quantile
from autoexp.errors import AutoexpError


@given(size=st.integers(1, 300), share=st.floats(0.001, 1.0), probability=st.floats(0.05, 0.95))
def test_a_pool_agrees_with_the_hypergeometric_distribution(size, share, probability):
    good = max(1, int(share * size))
    found = pool_quantile(size, good, probability)
    assert hypergeom(size, good, found).sf(0) >= probability - 1e-9
    assert hypergeom(size, good, found - 1).sf(0) < probability + 1e-9


@given(share=st.floats(1e-4, 0.999), probability=st.floats(0.05, 0.95))
def test_a_continuum_agrees_with_the_geometric_distribution(share, probability):
    found = continuous_quantile(share, probability)
    assert geom(share).cdf(found) >= probability - 1e-9
    assert geom(share).cdf(found - 1) < probability + 1e-9


def test_draws_agree():
    rng = np.random.default_rng(0)
    first = np.sort(np.argsort(rng.random((4000, 50)), axis=1)[:, :5], axis=1)[:, 0] + 1
    assert abs(np.mean(first <= pool_quantile(50, 5)) - hypergeom(50, 5, pool_quantile(50, 5)).sf(0)) < 0.04


def test_refusals():
    for refused in (lambda: pool_quantile(5, 0), lambda: pool_quantile(5, 1, 1.0), lambda: continuous_quantile(0.0)):
        with pytest.raises(AutoexpError, match="must be"):
            refused()
