"""The form of metadata as JSON Schema, for forms and catalogues."""

import json

from pydantic import BaseModel

from autoexp.data.metadata.models import RunMetadata


def json_schema(model: type[BaseModel] = RunMetadata) -> str:
    """Return the JSON Schema (draft 2020-12) of a model as text."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    return json.dumps(schema, indent=2)
