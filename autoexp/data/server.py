"""A Tiled catalog behind a server, which may be away for a while."""

import threading
from typing import TYPE_CHECKING, Any

from autoexp.data.catalog import delete
from autoexp.errors import StoreError

if TYPE_CHECKING:
    import httpx

_PATIENCE = 5.0
_TROUBLE = 500


class ServerAwayError(StoreError):
    """The server does not answer; it may later."""


class Server:
    """Connects to a Tiled server when the catalog is first needed, and anew after it was away.

    Parameters
    ----------
    uri
        Of the server, such as ``"http://archive:8000"``.
    api_key
        With the right to write; by default what the environment variable ``TILED_API_KEY`` holds.
    """

    def __init__(self, uri: str, api_key: str | None = None) -> None:
        self.location = uri
        self._api_key = api_key
        self._lock = threading.Lock()
        self._client: Any = None

    def client(self) -> Any:
        """Return the client of the catalog.

        Raises
        ------
        ServerAwayError
            If the server does not answer.
        StoreError
            If it answers, but hands out no catalog, for example because of a wrong key.
        """
        with self._lock:
            if self._client is None:
                self._client = _connect(self.location, self._api_key)
            return self._client

    def remove(self, run: str) -> None:
        """Take away what the catalog knows of a run.

        Raises
        ------
        ServerAwayError
            If the server does not answer.
        """
        delete(self.client(), run)

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            if self._client is not None:
                self._client.context.close()
                self._client = None


def _connect(uri: str, api_key: str | None) -> Any:
    import httpx
    from tiled.client import from_context
    from tiled.client.context import Context

    root = httpx.URL(uri)
    api = root if "/api" in root.path else root.copy_with(path=f"{root.path.rstrip('/')}/api/v1")
    try:
        httpx.get(api, timeout=_PATIENCE, follow_redirects=True)
    except httpx.TransportError as error:
        raise _away(error) from error
    context = Context(api, api_key=api_key)
    try:
        context.http_client._transport = _without_retries(context.http_client._transport)  # noqa: SLF001
        return from_context(context)
    except httpx.HTTPError as error:
        context.close()
        raise StoreError(f"a server must be a Tiled server that knows the key, got {uri!r}: {error}") from error


def _without_retries(transport: Any) -> "httpx.BaseTransport":
    """Return a transport whose failures nobody tries again.

    Tiled's client and writer repeat what failed for 45 s and longer, and rows that the server had taken before
    its answer was lost are then there twice. The archive writes such a run anew from the journal instead.
    """
    import httpx

    class Once(httpx.BaseTransport):
        cache = transport.cache

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            try:
                response: httpx.Response = transport.handle_request(request)
            except httpx.TransportError as error:
                raise _away(error) from error
            if response.status_code >= _TROUBLE:
                response.close()
                raise _away(f"status {response.status_code}")
            return response

        def close(self) -> None:
            transport.close()

    return Once()


def _away(reason: object) -> ServerAwayError:
    return ServerAwayError(f"the Tiled server must answer for the archive to be used, got: {reason}")
