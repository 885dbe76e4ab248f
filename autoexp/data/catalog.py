"""The Tiled catalog that the archive is in: a folder, served inside this process."""

import asyncio
import fcntl
import logging
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote_plus

_FILE = "catalog.db"
_ARRAYS = "arrays"
_SPEC = {"name": "CatalogOfBlueskyRuns", "version": "3.0"}


class Catalog(Protocol):
    """Where the archive is; its `location` tells it from others."""

    location: str

    def client(self) -> Any:
        """Return the client; a `StoreError` is raised while there is none to be had."""

    def remove(self, run: str) -> None:
        """Take away what there is of a run, so that it can be written anew."""

    def close(self) -> None:
        """Give back what it holds."""


class Embedded:
    """The catalog in a folder, served inside this process; it is made if it is not there.

    Parameters
    ----------
    folder
        Holds the catalog's two SQLite files, which several processes may have open, and the arrays.
    """

    location = "embedded"

    def __init__(self, folder: Path) -> None:
        make_catalog(folder)
        self._arrays = folder.resolve() / _ARRAYS
        self._context = _serve(_app(folder))
        self._client = _client(self._context)

    def client(self) -> Any:
        """Return the client of the catalog."""
        return self._client

    def remove(self, run: str) -> None:
        """Take away what there is of a run, also arrays that the catalog does not know of.

        Tiled makes the folder of an array before it commits the array to its tables: a process that is killed
        between the two leaves a folder that stands in the way of the next array of that name.
        """
        delete(self._client, run)
        left = (self._arrays / quote_plus(run)).resolve()
        if left.parent == self._arrays and left.exists():
            shutil.rmtree(left)

    def close(self) -> None:
        """End the server."""
        self._context.close()


def delete(client: Any, run: str) -> None:
    """Delete a run from a client's catalog, with its data, if it is there."""
    if run in client:
        client.delete_contents(run, recursive=True, external_only=False)


def _client(context: Any) -> Any:
    from tiled.client import from_context

    return from_context(context)


def _app(folder: Path) -> Any:
    from bluesky_tiled_plugins.exporters import json_seq_exporter
    from tiled.catalog import from_uri
    from tiled.media_type_registration import default_serialization_registry
    from tiled.server.app import build_app

    default_serialization_registry.register("BlueskyRun", "application/json-seq", json_seq_exporter)
    storage = [str(folder / _ARRAYS), f"sqlite:///{folder / 'tables.sqlite'}"]
    tree = from_uri(_uri(folder / _FILE), specs=[_SPEC], writable_storage=storage)
    return build_app(tree)


def _serve(app: Any) -> Any:
    from tiled.client.context import Context

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
        logging.getLogger("tiled.server.app").setLevel(logging.WARNING)
        return Context.from_app(app)


def make_catalog(folder: Path) -> None:
    """Make the catalog's file in a folder, unless it is there; it appears whole, and one process makes it.

    Parameters
    ----------
    folder
        Made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / _FILE).exists():
            return
        unfinished = folder / f"{_FILE}.new"
        unfinished.unlink(missing_ok=True)
        with ThreadPoolExecutor(1) as beside_any_event_loop:
            beside_any_event_loop.submit(_initialize, _uri(unfinished)).result()
        unfinished.rename(folder / _FILE)


def _uri(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def _initialize(uri: str) -> None:
    """Make the tables, as ``tiled catalog init`` does in a process of its own, which takes seconds."""
    from tiled.alembic_utils import stamp_head
    from tiled.catalog.alembic_constants import ALEMBIC_DIR, ALEMBIC_INI_TEMPLATE_PATH

    asyncio.run(_make_tables(uri))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="No path_separator found", category=DeprecationWarning)
        stamp_head(ALEMBIC_INI_TEMPLATE_PATH, ALEMBIC_DIR, uri)


async def _make_tables(uri: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine
    from tiled.catalog.core import initialize_database

    engine = create_async_engine(uri)
    await initialize_database(engine)
    await engine.dispose()
