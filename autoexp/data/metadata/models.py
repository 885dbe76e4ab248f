"""What a start document says of who measured what, with what, and for whom; a facility extends it by subclasses."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from autoexp.data.metadata.identifiers import orcid, panet, ror

Orcid = Annotated[str, AfterValidator(orcid), Field(examples=["https://orcid.org/0000-0002-1825-0097"])]
Ror = Annotated[str, AfterValidator(ror), Field(examples=["https://ror.org/02e24yw40"])]
Panet = Annotated[str, AfterValidator(panet), Field(examples=["PaNET01168"])]
Spdx = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]*$", examples=["CC-BY-4.0"])]
Name = Annotated[str, Field(min_length=1)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class Organisation(_Model):
    """A facility or a university, by its ROR."""

    name: Name
    ror: Ror | None = None


class Person(_Model):
    """Somebody who took part, by the ORCID iD."""

    name: Name
    orcid: Orcid | None = None
    email: str | None = None
    role: str | None = None
    affiliation: Organisation | None = None


class Proposal(_Model):
    """What beam time was given for."""

    identifier: Name
    title: str | None = None
    principal_investigator: Person | None = None


class Sample(_Model):
    """What was in the beam.

    The composition is a chemical formula in Hill order, as NXsample's ``chemical_formula``.
    """

    name: Name
    composition: str | None = None
    preparation: str | None = None
    identifier: str | None = None


class Instrument(_Model):
    """The beamline."""

    name: Name
    facility: Organisation | None = None
    identifier: str | None = None


class Technique(_Model):
    """How it was measured, by a term of the PaN ontology."""

    panet: Panet
    name: str | None = None


class RunMetadata(_Model):
    """Everything that a run may say of itself; what a beamline requires is its own choice.

    ``autoexp`` holds what the plan adds by itself: the agent and its settings, and the versions of the software.
    """

    proposal: Proposal | None = None
    sample: Sample | None = None
    people: tuple[Person, ...] = ()
    organisation: Organisation | None = None
    instrument: Instrument | None = None
    technique: Technique | None = None
    licence: Spdx | None = None
    embargo: date | None = None
    software: dict[str, str] = {}
    models: tuple[str, ...] = ()
    autoexp: dict[str, Any] | None = None
