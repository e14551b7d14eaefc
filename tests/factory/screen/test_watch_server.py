"""The page of `watch --serve`: live in a browser, on a phone, read-only, without secrets."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from alink_factory import language
from alink_factory.errors import BatchError
from alink_factory.ledger import Ledger, Station
from alink_factory.screen import watch_server
from alink_factory.screen.watch import Watch
from tests.console.browser import chromium, new_context
from tests.factory.screen.test_watch import NOW, burn
from tests.factory.workshop import SECRET, Workshop
from tests.waiting import PATIENCE


@pytest.fixture
def book(workshop: Workshop) -> Iterator[Ledger]:
    station = Station("bench-1 <b>", "李雷")
    made = Ledger(str(workshop.folder / "ledger.db"), station=station, now=lambda: NOW - 50)
    for number in range(12):
        burn(made, number)
    for number in range(12, 15):
        burn(made, number, failure="supply is 2.9 V; the minimum is 3 V")
    burn(made, 15, failure=f"the connection to {'a-long-name' * 9} was lost")
    yield made
    made.close()


@pytest.fixture
def watch(book: Ledger) -> Watch:
    return Watch(book, "lamps", rows=40, now=lambda: NOW)


def read(port: int, path: str = "/") -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as response:
        assert response.headers["Cache-Control"] == "no-store"
        return str(response.read().decode())


def test_page_has_figures_stations_and_failures(watch: Watch):
    with watch_server.served(watch, ("127.0.0.1", 0)) as port:
        page = read(port)
        for words in (
            "12 / 40",
            "75.0 %",
            "bench-1 &lt;b&gt;",
            "李雷",
            "50 s ago",
            "tested: supply",
        ):
            assert words in page
        assert "<b>3</b> · 75 %" in page
        assert SECRET not in page
        assert json.loads(read(port, "/figures.json"))["done"] == 12


def test_server_changes_nothing_and_serves_no_files(watch: Watch):
    with watch_server.served(watch, ("127.0.0.1", 0)) as port:
        for path in ("/../product.secret", "/ledger.db", "/now/x"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                read(port, path)
        for method in ("POST", "PUT", "DELETE"):
            asked = http.client.HTTPConnection("127.0.0.1", port)
            asked.request(method, "/")
            assert asked.getresponse().status == 501
            asked.close()


def test_page_is_live_and_fits_a_phone(watch: Watch, book: Ledger):
    language.use(language.CHINESE)
    try:
        with chromium() as browser, watch_server.served(watch, ("127.0.0.1", 0)) as port:
            page = new_context(browser, viewport={"width": 360, "height": 740}).new_page()
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(f"http://127.0.0.1:{port}/")
            page.get_by_text("12 / 40").wait_for()
            page.get_by_text("直通率").wait_for()
            widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert widths[0] <= widths[1] == 360
            burn(book, 20)
            watch.look()
            page.get_by_text("13 / 40").wait_for()
            assert errors == []
            page.route("**/now", lambda route: route.abort())  # As if the station were off.
            page.get_by_text("工位无响应：以下是旧数据。").wait_for()
    finally:
        language.use(language.ENGLISH)


@pytest.mark.parametrize("text", ["8090", "host", "host:x", "http://host:1", ":80", "host:99999"])
def test_wrong_address_is_refused(text: str):
    with pytest.raises(BatchError, match="write HOST:PORT, as in"):
        watch_server.address(text)


def test_taken_port_is_a_sentence(watch: Watch):
    with (
        watch_server.served(watch, ("127.0.0.1", 0)) as port,
        pytest.raises(BatchError, match=f"--serve 127.0.0.1:{port}: Address already in use"),
        watch_server.served(watch, ("127.0.0.1", port)),
    ):
        pass


def test_verb_serves_until_control_c(workshop: Workshop, book: Ledger):
    batch = workshop.batch(rows="DeviceName\nlamp-0001\n")
    with watch_server.served(Watch(book, "lamps", rows=1), ("127.0.0.1", 0)) as port:
        pass  # A port that is free now.
    command = [sys.executable, "-m", "alink_factory", "watch", str(batch)]
    with subprocess.Popen(
        [*command, "--serve", f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        text=True,
    ) as serving:
        assert serving.stdout
        assert f"http://127.0.0.1:{port} shows the batch" in serving.stdout.readline()
        while True:
            try:
                assert "12 / 1" in read(port)
                break
            except urllib.error.URLError:
                assert serving.poll() is None
        serving.send_signal(signal.SIGINT)
        assert serving.wait(PATIENCE) == 0
