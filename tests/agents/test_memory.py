import numpy as np
import pytest

from autoexp_agents.memory import SAME, near


@pytest.mark.parametrize("counts", [(6, 50), (50, 6), (1, 1), (3, 5000), (5000, 3), (0, 4), (4, 0)])
@pytest.mark.parametrize("width", [1, 2, 6])
def test_near_is_within_the_distance_along_every_coordinate(counts, width):
    rng = np.random.default_rng(width)
    points, others = (rng.random((count, width)) for count in counts)
    both = min(counts) // 2
    points[:both] = others[:both] + SAME * rng.uniform(-1.5, 1.5, (both, width))
    expected = [bool(np.any(np.abs(point - others).max(axis=1) <= SAME)) if len(others) else False for point in points]
    assert near(points, others).tolist() == expected
