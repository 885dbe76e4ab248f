import json

import pytest
from bluesky.plans import scan
from jsonschema import Draft202012Validator
from ophyd.sim import SynAxis, SynSignal

from autoexp.data.metadata import RunMetadata, json_schema, metadata_validator
from autoexp.errors import MetadataError

GOOD = {
    "sample": {"name": "gold", "composition": "Au"},
    "people": [{"name": "Josiah Carberry", "orcid": "0000-0002-1825-0097"}],
    "licence": "CC-BY-4.0",
    "embargo": "2029-01-01",
}


class Facility(RunMetadata):
    shift: int


@pytest.fixture
def motor():
    return SynAxis(name="x")


def run(RE, motor, **md):
    return RE(scan([SynSignal(func=lambda: 1.0, name="det")], motor, 3, 4, 2), **md)


def test_a_run_without_what_is_required_moves_nothing(RE, motor):
    RE.md_validator = metadata_validator(["sample", "people", "licence"])
    wrong = {"licence": "CC BY 4", "people": [{"name": "Ada", "orcid": "0000-0002-1825-0098"}]}
    documents = []
    RE.subscribe(lambda *item: documents.append(item))
    with pytest.raises(MetadataError) as refused:
        run(RE, motor, **wrong)
    said = str(refused.value)
    assert "sample is required: Sample, object with 'name'" in said
    assert "people.0.orcid: the last character of this ORCID iD must be 7 by its checksum" in said
    assert "licence: " in said
    assert "'CC BY 4'" in said
    assert motor.position == 0
    assert documents == []
    assert RE.state == "idle"


def test_a_complete_run_goes_on(RE, motor):
    RE.md_validator = metadata_validator(["sample.composition", "people", "licence", "embargo"])
    assert run(RE, motor, **GOOD)
    assert motor.position == 4


def test_a_field_inside_is_required():
    with pytest.raises(MetadataError, match=r"sample\.composition is required"):
        metadata_validator(["sample.composition"])({"sample": {"name": "gold"}})


def test_a_facility_adds_its_own():
    validate = metadata_validator(["sample"], Facility)
    with pytest.raises(MetadataError, match=r"shift: .*required"):
        validate(GOOD)
    validate({**GOOD, "shift": 3})


def test_a_field_that_no_model_has():
    with pytest.raises(MetadataError, match=r"must be one of RunMetadata's, .*'sample'.*, got 'colour'"):
        metadata_validator(["colour"])


def test_the_schema_judges_as_the_model_does():
    schema = json.loads(json_schema(Facility))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid({**GOOD, "shift": 3})
    assert not validator.is_valid(GOOD)
    assert not validator.is_valid({"shift": 3, "sample": {"composition": "Au"}})
