import inspect

import pytest

from autoexp import protocols
from autoexp.protocols import Agent, Answers, Checkpoints, Describes, Prepares, Reports, Stops

contracts = [
    found for _, found in inspect.getmembers(protocols, inspect.isclass) if found.__module__ == protocols.__name__
]
powers = {Answers: "best", Reports: "report", Prepares: "prepare", Stops: "finished", Describes: "settings"}


def members(contract):
    return [name for name in vars(contract) if not name.startswith("_") or name == "__call__"]


@pytest.mark.parametrize("contract", contracts)
def test_contracts_are_small(contract):
    assert 1 <= len([name for name in members(contract) if callable(getattr(contract, name))]) <= 3
    assert inspect.getdoc(contract)


class Bare:
    space = objectives = None

    def suggest(self, n, pending):
        return []

    def ingest(self, observations):
        pass


def test_an_agent_needs_no_base_class():
    assert isinstance(Bare(), Agent)
    assert not isinstance(object(), Agent)


@pytest.mark.parametrize(("power", "method"), powers.items())
def test_powers_are_optional_and_found_by_their_method(power, method):
    assert not isinstance(Bare(), power)
    able = type("Able", (Bare,), {method: lambda self: None})
    assert isinstance(able(), power)
    assert isinstance(able(), Agent)


def test_a_checkpoint_needs_both_ways():
    assert not isinstance(type("Half", (Bare,), {"state": lambda self: {}})(), Checkpoints)
