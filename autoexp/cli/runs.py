"""The stored runs, one to a line."""

from pathlib import Path

from autoexp.errors import StoreError


def list_runs(folder: str) -> None:
    """Print the runs of the store in `folder`, newest last.

    Raises
    ------
    StoreError
        If there is no store.
    """
    from autoexp.data import open_store

    if not Path(folder).is_dir():
        raise StoreError(f"a store must be a folder, got {folder!r}")
    with open_store(folder) as store:
        print(store.runs())
