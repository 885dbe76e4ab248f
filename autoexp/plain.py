"""Records as plain data and back, for states and for the record."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from autoexp.records import Observation, Source, Status, Suggestion, Why


def as_text(data: Any) -> str:
    """Return JSON-able data and arrays as text, the same for the same data; numbers keep every bit."""
    return json.dumps(data, sort_keys=True, default=_listed)


def _listed(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"a state must be JSON or arrays, got {type(value).__name__}")


def digest(text: str) -> str:
    """Return a short hash of text; empty for none."""
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else ""


def plain(observation: Observation) -> dict[str, Any]:
    """Return an observation as plain data."""
    return {
        "point": dict(observation.point),
        "values": dict(observation.values),
        "sigmas": dict(observation.sigmas),
        "suggestion_id": observation.suggestion_id,
        "time": observation.time,
        "status": str(observation.status),
        "reason": observation.reason,
        "run": observation.run,
    }


def restored(row: Mapping[str, Any]) -> Observation:
    """Return the observation that `plain` made into data."""
    return Observation(**{**row, "status": Status(row["status"])})


def plain_suggestion(suggestion: Suggestion) -> dict[str, Any]:
    """Return a suggestion as plain data."""
    why = suggestion.why
    reasons = {name: getattr(why, name) for name in ("rule", "score", "n_observations", "model")}
    reasons |= {"source": str(why.source), "mean": dict(why.mean), "sigma": dict(why.sigma)}
    return {"id": suggestion.id, "point": dict(suggestion.point), "why": reasons}


def restored_suggestion(row: Mapping[str, Any]) -> Suggestion:
    """Return the suggestion that `plain_suggestion` made into data."""
    return Suggestion(row["id"], row["point"], Why(**{**row["why"], "source": Source(row["why"]["source"])}))
