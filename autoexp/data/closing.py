"""The end of a run that the process which measured could not write."""

from typing import Any

Documents = list[tuple[str, dict[str, Any]]]


def closed(documents: Documents) -> Documents:
    """Return a run's documents with a stop document, ``"abort"`` where there was none."""
    if not documents or documents[-1][0] == "stop":
        return documents
    start = documents[0][1]
    stop = {
        "uid": f"{start['uid']}-stop",
        "run_start": start["uid"],
        "time": max(document["time"] for _, document in documents if "time" in document),
        "exit_status": "abort",
        "reason": "the process that measured ended before the run did",
        "num_events": _num_events(documents),
    }
    return [*documents, ("stop", stop)]


def _num_events(documents: Documents) -> dict[str, int]:
    """Count the events of each stream; one that was rewound and measured again counts once."""
    streams = {document["uid"]: document["name"] for name, document in documents if name == "descriptor"}
    counts = dict.fromkeys(streams.values(), 0)
    for name, document in documents:
        if name == "event":
            stream = streams[document["descriptor"]]
            counts[stream] = max(counts[stream], document["seq_num"])
    return counts
