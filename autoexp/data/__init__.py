"""The record: documents on disk, in an archive, and back as labelled arrays."""

from autoexp.data.journal import Journal, journal_documents
from autoexp.data.store import Store, open_store

__all__ = ["Journal", "Store", "journal_documents", "open_store"]
