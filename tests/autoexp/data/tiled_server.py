"""A Tiled server in a process of its own, configured as the how-to guide says."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from autoexp.data.catalog import make_catalog

_GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "store-server.md"
_START = 120.0


class TiledServer:
    """Can be killed and started again at the same address with the same files."""

    key = "secret"

    def __init__(self, folder):
        make_catalog(folder)
        (self._config,) = re.findall(r"^```yaml\n(.*?)^```", _GUIDE.read_text(), flags=re.MULTILINE | re.DOTALL)
        self._config = self._config.replace("/data/archive", str(folder)).replace("exists: true", "exists: false")
        (folder / "archive.yml").write_text(self._config)
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self._port}"
        self._process = None

    def begin(self):
        """Start the process, without waiting."""
        serve = [sys.executable, "-m", "tiled", "serve", "config", str(self._folder / "archive.yml")]
        options = ["--host", "127.0.0.1", "--port", str(self._port), "--api-key", self.key]
        log = (self._folder / "server.log").open("a")
        with log:
            self._process = subprocess.Popen([*serve, *options], stdout=log, stderr=log)

    def answers(self):
        """Return whether it is there."""
        assert self._process.poll() is None, (self._folder / "server.log").read_text()
        try:
            return httpx.get(f"{self.uri}/healthz").is_success
        except httpx.TransportError:
            return False

    def wait(self):
        """Wait until it answers."""
        deadline = time.monotonic() + _START
        while not self.answers():
            assert time.monotonic() < deadline, f"the server must answer within {_START} s"
            time.sleep(0.1)

    def start(self):
        self.begin()
        self.wait()

    def kill(self):
        """End it as a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
