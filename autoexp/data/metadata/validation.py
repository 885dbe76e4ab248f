"""A start document that a beamline accepts, before anything moves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from autoexp.data.metadata.models import RunMetadata
from autoexp.errors import MetadataError, listed


def metadata_validator(
    required: Sequence[str] = (), model: type[BaseModel] = RunMetadata
) -> Callable[[Mapping[str, Any]], None]:
    """Return what a RunEngine asks before each run: ``RE.md_validator = metadata_validator(["sample", "people"])``.

    Parameters
    ----------
    required
        Fields of the model that must be there and not empty; a dot leads inside, as in ``"sample.composition"``.
    model
        `RunMetadata`, or a facility's own subclass of it.

    Returns
    -------
        Raises a `MetadataError` that names every field at fault and the form that it should have.

    Raises
    ------
    MetadataError
        If a required field is none of the model's.
    """
    unknown = [path for path in required if path.partition(".")[0] not in model.model_fields]
    if unknown:
        fields = listed(model.model_fields)
        raise MetadataError(f"a required field must be one of {model.__name__}'s, {fields}, got {listed(unknown)}")

    def validate(metadata: Mapping[str, Any]) -> None:
        problems = [*_missing(metadata, required, model), *_malformed(metadata, model)]
        if problems:
            raise MetadataError("the metadata must be complete before a run begins:\n" + "\n".join(problems))

    return validate


def _missing(metadata: Mapping[str, Any], required: Sequence[str], model: type[BaseModel]) -> Iterator[str]:
    for path in required:
        if _found(metadata, path) in (None, "", [], (), {}):
            yield f"  {path} is required: {_form(path, model)}"


def _found(metadata: Any, path: str) -> Any:
    for name in path.split("."):
        metadata = metadata.get(name) if isinstance(metadata, Mapping) else None
    return metadata


def _malformed(metadata: Mapping[str, Any], model: type[BaseModel]) -> Iterator[str]:
    known = {name: value for name, value in metadata.items() if name in model.model_fields}
    try:
        model.model_validate(known)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            path = ".".join(str(part) for part in problem["loc"])
            reason = problem["msg"].removeprefix("Value error, ")
            got = "" if problem["type"] == "value_error" else f", got {problem['input']!r}"
            yield f"  {path}: {reason}{got} ({_form(path, model)})"


def _form(path: str, model: type[BaseModel]) -> str:
    """Return in words what the schema asks of a field."""
    top, *_ = path.split(".")
    schema = model.model_json_schema()
    node = _named(schema["properties"][top], schema)
    for name in path.split(".")[1:]:
        node = _named(node.get("properties", {}).get(name, node), schema)
    needs = node.get("required") or list(node.get("properties", {}))[:1]
    form = f"{node.get('title', path)}, {node.get('type', 'value')}"
    form += f" with {listed(needs)}" if needs else ""
    return form + (f", such as {node['examples'][0]!r}" if "examples" in node else "")


def _named(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references, optional fields and lists to what is meant."""
    if "anyOf" in node:
        return _named(node["anyOf"][0], schema)
    if "items" in node:
        inner = _named(node["items"], schema)
        return {**inner, "type": f"list of {inner.get('type', 'value')}"}
    if "$ref" in node:
        found: Mapping[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return found
    return node
