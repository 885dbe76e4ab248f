"""The record: documents on disk, in an archive, and back as labelled arrays."""

from autoexp.data.journal import Journal, journal_documents
from autoexp.data.replay import Choice, Replay, replay
from autoexp.data.resume import resume
from autoexp.data.store import Store, open_store
from autoexp.data.warm_start import warm_start

__all__ = ["Choice", "Journal", "Replay", "Store", "journal_documents", "open_store", "replay", "resume", "warm_start"]
