"""A Tiled catalog in a folder, served inside this process."""

import asyncio
import logging
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_SPEC = {"name": "CatalogOfBlueskyRuns", "version": "3.0"}


def open_catalog(folder: Path) -> tuple[Any, Any]:
    """Open, or make, the catalog in a folder.

    Parameters
    ----------
    folder
        Holds the catalog's two SQLite files, which several processes may have open, and the arrays.

    Returns
    -------
        The client, and the context that must be closed.
    """
    from bluesky_tiled_plugins.exporters import json_seq_exporter
    from tiled.catalog import from_uri
    from tiled.client import from_context
    from tiled.client.context import Context
    from tiled.media_type_registration import default_serialization_registry
    from tiled.server.app import build_app

    folder.mkdir(parents=True, exist_ok=True)
    uri = f"sqlite+aiosqlite:///{folder / 'catalog.db'}"
    if not (folder / "catalog.db").exists():
        with ThreadPoolExecutor(1) as beside_any_event_loop:
            beside_any_event_loop.submit(_initialize, uri).result()
    default_serialization_registry.register("BlueskyRun", "application/json-seq", json_seq_exporter)
    storage = [str(folder / "arrays"), f"sqlite:///{folder / 'tables.sqlite'}"]
    tree = from_uri(uri, specs=[_SPEC], writable_storage=storage)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
        app = build_app(tree)
        logging.getLogger("tiled.server.app").setLevel(logging.WARNING)
        context = Context.from_app(app)
    return from_context(context), context


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
