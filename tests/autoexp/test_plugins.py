import pytest

from autoexp import plugins
from autoexp.errors import PluginError


def test_the_plan_is_found_by_name():
    from autoexp_plans import adaptive_scan

    assert plugins.load("plans", "adaptive_scan") is adaptive_scan


def test_an_unknown_name_lists_the_known():
    with pytest.raises(PluginError, match=r"agents must be one of .*'bayesian'.*, got 'oracle'"):
        plugins.load("agents", "oracle")
