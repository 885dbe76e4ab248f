import dataclasses
import json
import math
import pickle

import pytest

from autoexp import Estimate, Observation, Source, Status, Suggestion, Why

records = [
    Why(),
    Suggestion("0001", {"x": 1.0}),
    Observation({"x": 1.0}, {"I": 2.0}),
    Estimate({"x": 1.0}, {"I": 2.0}, {"I": 0.1}),
]


@pytest.mark.parametrize("record", records, ids=lambda record: type(record).__name__)
def test_records_are_frozen(record):
    first = dataclasses.fields(record)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, first, None)


@pytest.mark.parametrize("record", records[1:], ids=lambda record: type(record).__name__)
def test_records_travel_between_processes(record):
    assert repr(pickle.loads(pickle.dumps(record))) == repr(record)


def test_defaults_claim_nothing():
    assert Observation({}, {}).suggestion_id is None
    assert Observation({}, {}).status is Status.OK
    assert Why().source is Source.AGENT
    assert math.isnan(Why().score)
    assert Suggestion("a", {}).why.mean is not Suggestion("b", {}).why.mean


@pytest.mark.parametrize("word", [*Status, *Source])
def test_words_are_what_documents_hold(word):
    assert json.loads(json.dumps({"word": word}))["word"] == str(word)
    assert type(word)(str(word)) is word
