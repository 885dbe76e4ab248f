"""What runs say of themselves, and what a beamline requires of it."""

from autoexp.data.metadata.identifiers import orcid, panet, ror
from autoexp.data.metadata.models import (
    Instrument,
    Organisation,
    Person,
    Proposal,
    RunMetadata,
    Sample,
    Technique,
)
from autoexp.data.metadata.schema import json_schema
from autoexp.data.metadata.validation import metadata_validator

__all__ = [
    "Instrument",
    "Organisation",
    "Person",
    "Proposal",
    "RunMetadata",
    "Sample",
    "Technique",
    "json_schema",
    "metadata_validator",
    "orcid",
    "panet",
    "ror",
]
