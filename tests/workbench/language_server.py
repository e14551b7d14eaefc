"""Drive pyright's language server as an editor does: one process, several projects."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE

# The lock file fixes pyright and its node; neither looks for another one.
_ENVIRONMENT = {"PYRIGHT_PYTHON_GLOBAL_NODE": "off", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}


class LanguageServer:
    """A running server: `diagnostics`, `completions` and `hover` of the files of its projects."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._pythons: dict[str, str] = {}

    def open_projects(self, projects: Mapping[Path, Path]) -> None:
        """Begin, with a workspace folder for each project and the interpreter selected for it."""
        self._pythons = {folder.as_uri(): str(python) for folder, python in projects.items()}
        roots = [{"uri": folder.as_uri(), "name": folder.name} for folder in projects]
        capabilities = {
            "workspace": {"configuration": True, "workspaceFolders": True},
            "textDocument": {
                "diagnostic": {"dynamicRegistration": False},
                "hover": {"contentFormat": ["plaintext"]},
            },
        }
        self._ask(
            "initialize",
            {"processId": None, "capabilities": capabilities, "workspaceFolders": roots},
        )
        self._notify("initialized", {})

    def open(self, file: Path, text: str | None = None) -> None:
        """Open a file, with another text than on disk if one is given."""
        document = {"uri": file.as_uri(), "languageId": "python", "version": 1}
        document["text"] = file.read_text("utf-8") if text is None else text
        self._notify("textDocument/didOpen", {"textDocument": document})

    def diagnostics(self, file: Path) -> list[str]:
        """Return what the server finds in an open file: "LINE: sentence", lines from 1."""
        report = self._ask("textDocument/diagnostic", {"textDocument": {"uri": file.as_uri()}})
        return [
            f"{one['range']['start']['line'] + 1}: {one['message']}"
            for one in report["items"]
            if one["severity"] <= 2  # Errors and warnings; the rest grays out text.
        ]

    def completions(self, file: Path, line: int, column: int) -> set[str]:
        """Return the names that the server offers at a place, line and column from 1."""
        found = self._ask("textDocument/completion", _place(file, line, column))
        return {one["label"] for one in found["items"]}

    def hover(self, file: Path, line: int, column: int) -> str:
        """Return the text about the name at a place, line and column from 1."""
        return str(
            self._ask("textDocument/hover", _place(file, line, column))["contents"]["value"]
        )

    def close(self) -> None:
        """End the server in good order."""
        self._ask("shutdown", None)
        self._notify("exit", None)
        self._process.wait(PATIENCE)

    def _ask(self, method: str, params: Any) -> Any:
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            if "id" in message:
                self._send({"id": message["id"], "result": self._answer(message)})

    def _answer(self, message: dict[str, Any]) -> Any:
        # The server asks for the settings of the editor; all but the interpreter are defaults.
        if message["method"] == "workspace/configuration":
            return [
                {"pythonPath": self._pythons.get(one.get("scopeUri"))}
                if one["section"] == "python"
                else None
                for one in message["params"]["items"]
            ]
        return None

    def _notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        size = 0
        while (head := self._process.stdout.readline()) != b"\r\n":
            assert head, "the language server has ended"
            name, _, value = head.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
        received: dict[str, Any] = json.loads(self._process.stdout.read(size))
        return received


def _place(file: Path, line: int, column: int) -> dict[str, Any]:
    return {
        "textDocument": {"uri": file.as_uri()},
        "position": {"line": line - 1, "character": column - 1},
    }


@contextmanager
def running() -> Iterator[LanguageServer]:
    """Run the server."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pyright.langserver", "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ENVIRONMENT},
        start_new_session=True,  # Node is its child.
    )
    # A server that hangs ends the test, as an end of its output.
    guard = threading.Timer(PATIENCE, os.killpg, (process.pid, signal.SIGKILL))
    guard.start()
    try:
        yield LanguageServer(process)
    finally:
        guard.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
