"""What the tests of agents share: a hill whose top fails."""

from collections.abc import Callable

import numpy as np
import pytest

from autoexp import Observation, Status
from autoexp.protocols import Agent


def hill(x, y):
    return np.exp(-((x - 0.75) ** 2 + (y - 0.5) ** 2) / 0.1)


@pytest.fixture
def fails_on_the_hill() -> Callable[[Agent], int]:
    """Return how many of the last 12 of 34 points an agent loses, where f is a hill and h falls, on failing ground.

    Beyond x = 0.6, where the top of the hill would be, every point of the unit square fails.
    """

    def failed(agent):
        lost = []
        for index in range(34):
            [asked] = agent.suggest(1, [])
            x, y = asked.point["x"], asked.point["y"]
            lost.append(x > 0.6)
            values, status = ({}, Status.FAILED) if lost[-1] else ({"f": hill(x, y), "h": -x}, Status.OK)
            agent.ingest([Observation(asked.point, values, suggestion_id=asked.id, time=float(index), status=status)])
        return sum(lost[-12:])

    return failed
