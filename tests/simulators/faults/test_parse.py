import pytest

from autoexp.errors import PluginError
from autoexp_simulators.faults import Backlash, FailedTriggers
from autoexp_simulators.faults.parse import parse_fault


def test_a_call_with_plain_values():
    assert parse_fault("Backlash(0.2, device='x')") == Backlash(0.2, device="x")
    assert parse_fault("FailedTriggers(at=(0, 3))") == FailedTriggers(at=(0, 3))


@pytest.mark.parametrize(
    "text",
    ["Backlash", "Earthquake()", "Backlash(open('x'))", "Backlash(", "Backlash(size=2)", "Habits((), {}, 0)", "1 + 1"],
)
def test_nothing_else(text):
    with pytest.raises(PluginError, match=r"a fault must be a call"):
        parse_fault(text)
