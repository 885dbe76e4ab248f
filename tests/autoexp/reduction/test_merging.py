"""States of a reducer made of others add where those of all its parts do."""

import pytest

from autoexp.errors import ReductionError
from autoexp.reduction import AzimuthalIntegration, Band, BeamStatistics, FrameSpec, MultiTau, PeakWindow, Poni, chain
from autoexp.reduction.features import CurveFeatures, Fingerprint, MeanCurve
from autoexp.reduction.merging import mergeable, merged
from autoexp.reduction.peaks import CurvePeaks
from autoexp.reduction.together import Latest, Together
from autoexp.reduction.xpcs import Correlator, RadialBins
from autoexp.testing.reducers import ReducerContract

PONI = Poni((48, 64), (1e-3, 1e-3), 0.1, (0.024, 0.032))
CORRELATION = MultiTau(Correlator(RadialBins(PONI, (Band("ring", 0.2, 0.5),)), levels=2, channels=4, groups=4))
WINDOW = (PeakWindow("ring", 0.9, 1.7),)


class TestChainOfOneThatDoesNotAdd(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return Together((BeamStatistics(), chain(CORRELATION)))


@pytest.mark.parametrize(
    "reducer",
    [
        CORRELATION,
        chain(CORRELATION),
        chain(chain(CORRELATION)),
        Together((BeamStatistics(), CORRELATION)),
        Together((BeamStatistics(), Latest(BeamStatistics()))),
        CurveFeatures(CORRELATION, "g2", (Fingerprint(2),)),
        CurvePeaks(Latest(AzimuthalIntegration(PONI)), "intensity", WINDOW),
    ],
)
def test_what_holds_a_part_that_does_not_add_does_not(reducer):
    assert not mergeable(reducer)


@pytest.mark.parametrize(
    "reducer",
    [
        BeamStatistics(),
        chain(chain(BeamStatistics())),
        Together((BeamStatistics(), chain(AzimuthalIntegration(PONI)))),
        CurveFeatures(MeanCurve(), "curve", (Fingerprint(2),)),
        CurvePeaks(AzimuthalIntegration(PONI), "intensity", WINDOW),
    ],
)
def test_what_is_made_of_parts_that_add_does(reducer):
    assert mergeable(reducer)


def test_states_that_do_not_add_are_refused():
    whole = chain(CORRELATION)
    state = whole.init(FrameSpec(PONI.shape))
    with pytest.raises(ReductionError, match="states of MultiTau do not merge"):
        merged(whole, state, state)
