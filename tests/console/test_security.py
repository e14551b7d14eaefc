"""Access to the console, and the limits of its pages."""

from __future__ import annotations

import http.client
import re
import socket
from contextlib import suppress

import pytest

from alink_sim.platform.console import connection, server
from tests.console.world import PK, SENSOR, World
from tests.platform.https.test_limits import MALFORMED
from tests.waiting import PATIENCE

HOSTILE = "http://console.example"


def request(
    world: World, method: str, path: str, *, cookie: str = "", body: str = "", **headers: str
) -> http.client.HTTPResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if cookie:
        sent["Cookie"] = cookie
    if body:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    link = http.client.HTTPConnection("127.0.0.1", world.console.port, timeout=PATIENCE)
    link.request(method, path, body=body or None, headers=sent)
    return link.getresponse()


def log_in(world: World) -> str:
    response = request(world, "GET", f"/?token={world.console.token}")
    return response.headers["Set-Cookie"].partition(";")[0]


def csrf(world: World, cookie: str) -> str:
    text = request(world, "GET", "/products", cookie=cookie).read().decode()
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found
    return found[1]


def test_token_becomes_http_only_strict_cookie(world):
    response = request(world, "GET", f"/products?token={world.console.token}&x=1")
    assert response.status == 303
    assert response.headers["Location"] == "/products?x=1"
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert world.console.token not in cookie


@pytest.mark.parametrize("path", ["/", "/products", f"/devices/{PK}/{SENSOR}", "/live", "/nope"])
def test_no_page_opens_without_the_token(world, path):
    response = request(world, "GET", path)
    assert response.status == 401
    assert PK not in response.read().decode()


def test_wrong_token_opens_nothing(world):
    response = request(world, "GET", "/?token=wrong")
    assert response.status == 401
    assert "Set-Cookie" not in response.headers


def test_post_without_csrf_token_changes_nothing(world):
    cookie = log_in(world)
    response = request(
        world, "POST", f"/products/{PK}/dynamic-registration", cookie=cookie, body="on=0"
    )
    assert response.status == 403
    assert world.platform.console.product(PK).dynamic_registration


def test_csrf_token_of_another_session_is_refused(world):
    mine, other = log_in(world), log_in(world)
    body = f"csrf={csrf(world, other)}&name=stolen&node_type=direct"
    assert request(world, "POST", "/products", cookie=mine, body=body).status == 403
    assert "stolen" not in {one.name for one in world.platform.console.products()}


def test_refused_form_speaks_the_language_of_the_browser(world):
    response = request(
        world, "POST", "/products", cookie=log_in(world), body="x=1", Accept_Language="zh-CN"
    )
    assert response.read().decode() == "该表单已失效：请刷新页面后重新提交。"


def test_form_from_another_origin_is_refused(world):
    cookie = log_in(world)
    body = f"csrf={csrf(world, cookie)}&name=stolen&node_type=direct"
    response = request(world, "POST", "/products", cookie=cookie, body=body, Origin=HOSTILE)
    assert response.status == 403


def test_live_refresh_leaves_notice_to_next_page(world):
    cookie = log_in(world)
    body = f"csrf={csrf(world, cookie)}&name=&node_type=direct"
    assert request(world, "POST", "/products", cookie=cookie, body=body).status == 303
    refreshed = request(world, "GET", "/products", cookie=cookie, X_Live="1").read().decode()
    shown = request(world, "GET", "/products", cookie=cookie).read().decode()
    again = request(world, "GET", "/products", cookie=cookie).read().decode()
    assert ["banner bad" in page for page in (refreshed, shown, again)] == [False, True, False]


def test_other_host_name_is_refused(world):
    response = request(world, "GET", "/products", cookie=log_in(world), Host="console.example")
    assert response.status == 421


@pytest.mark.parametrize("path", ["/products", "/static/console.js", "/nope"])
def test_every_response_forbids_inline_script(world, path):
    response = request(world, "GET", path, cookie=log_in(world))
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_console_listens_on_loopback_only(world):
    server = world.console._server
    assert server
    assert {one.getsockname()[0] for one in server.sockets} == {"127.0.0.1"}


def test_half_request_head_is_cut(world, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", world.console.port), timeout=PATIENCE) as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        assert link.recv(1) == b""


def test_silent_connection_is_cut(world, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", world.console.port), timeout=PATIENCE) as link:
        assert link.recv(1) == b""


def test_idle_connection_is_closed(world, monkeypatch):
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", world.console.port), timeout=PATIENCE) as link:
        link.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{world.console.port}\r\n\r\n".encode())
        received = b""
        while data := link.recv(65536):
            received += data
    assert received.startswith(b"HTTP/1.1 401")


def test_form_that_does_not_end_is_cut(world, monkeypatch):
    monkeypatch.setattr(server, "_BODY_SECONDS", 0.1)
    head = (
        f"POST /products HTTP/1.1\r\nHost: 127.0.0.1:{world.console.port}\r\n"
        f"Cookie: {log_in(world)}\r\nContent-Length: 1000\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\ncsrf="
    )
    with socket.create_connection(("127.0.0.1", world.console.port), timeout=PATIENCE) as link:
        link.sendall(head.encode())
        received = b""
        while data := link.recv(65536):
            received += data
    assert received.startswith(b"HTTP/1.1 408")


def test_overlong_header_is_refused(world):
    response = request(world, "GET", "/", X_Long="x" * 9000)
    assert response.status == 400


def test_secret_is_shown_after_a_click_only(world):
    cookie = log_in(world)
    page = request(world, "GET", f"/products/{PK}", cookie=cookie).read().decode()
    assert world.product.secret not in page
    body = f"csrf={csrf(world, cookie)}"
    shown = request(world, "POST", f"/products/{PK}/secret", cookie=cookie, body=body)
    assert world.product.secret in shown.read().decode()


def test_malformed_requests_leave_no_traceback(world, caplog):
    for sent in MALFORMED:
        # The console may close before it has read all of it.
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", world.console.port), PATIENCE) as link,
        ):
            link.sendall(sent)
            link.shutdown(socket.SHUT_WR)
            assert link.recv(65536)[9:12] != b"500", sent
    assert request(world, "GET", "/products").status == 401
    assert not [record for record in caplog.records if record.exc_info]
    assert not world.platform.events(kind="platform_error")


def test_uploaded_thing_model_may_have_byte_order_mark(world):
    cookie = log_in(world)
    model = b'\xef\xbb\xbf{"properties": [{"identifier": "a", "dataType": {"type": "text"}}]}'
    body = (
        f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{csrf(world, cookie)}\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename="thing.json"\r\n\r\n'
    ).encode()
    link = http.client.HTTPConnection("127.0.0.1", world.console.port, timeout=PATIENCE)
    link.request(
        "POST",
        f"/products/{PK}/thing-model",
        body=body + model + b"\r\n--b--\r\n",
        headers={"Cookie": cookie, "Content-Type": "multipart/form-data; boundary=b"},
    )
    assert link.getresponse().status == 303
    (found,) = world.platform.console.product(PK).documents["thing"]["properties"]
    assert found["identifier"] == "a"
