"""The radio of a board goes off and comes back: status codes, names, sockets."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.board.conftest import Bench

MAIN = """
import network, socket, time
station = network.WLAN(network.STA_IF)
station.active(True)

def until(wanted):
    while station.status() != wanted:
        time.sleep_ms(10)
    print("status", wanted, station.isconnected())

def attempt(action):
    try:
        print(action())
    except OSError as error:
        print("error", error.args[0])

station.connect("home", "wrong")
until(202)
station.connect("away", "secret")
until(201)
station.connect("home", "secret")
until(1001)
until(1010)
link = socket.socket()
link.settimeout(60)
link.connect(socket.getaddrinfo("echo.aliyuncs.com", PORT)[0][-1])
link.write(b"one")
print(link.read(3), station.status("rssi"))
print("off?")
until(200)
attempt(lambda: socket.getaddrinfo("echo.aliyuncs.com", PORT))
link.settimeout(0.05)
attempt(lambda: link.write(b"two"))
print("on?")
until(1010)
link.settimeout(60)
link.write(b"two")
print(link.read(3))
print("mute?")
while station.status("rssi") != -88:
    time.sleep_ms(10)
link.settimeout(0.05)
attempt(lambda: link.read(1))
print(station.isconnected())
"""


def test_radio_goes_off_and_comes_back(bench: Bench):
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        main = MAIN.replace("PORT", str(server.getsockname()[1]))
        board = bench.board(main, wifi=("home", "secret"), heap="112wk")
        board.wifi.delay_dhcp(0.1)
        board.power_on()
        board.expect("off?")
        board.wifi.off()
        board.expect("on?")
        board.wifi.on()
        board.expect("mute?")
        board.wifi.weaken(rssi=-88, delay_ms=10)
        board.wifi.mute()
        assert board.wait() == "halted", board.tail()
    assert [line.text for line in board.lines] == [
        "status 202 False",
        "status 201 False",
        "status 1001 False",
        "status 1010 True",
        "b'one' -55",
        "off?",
        "status 200 False",
        "error -202",
        "error 116",
        "on?",
        "status 1010 True",
        "b'two'",
        "mute?",
        "error 116",
        "True",
    ]


PORTAL = """
import requests, socket
def attempt(action):
    try:
        print(action())
    except OSError as error:
        print("error", error.args[0])

link = socket.socket()
link.connect(socket.getaddrinfo("echo.aliyuncs.com", PORT)[0][-1])
link.write(b"one")
print(link.read(3))
print("portal?")
input()
attempt(lambda: link.write(b"two"))
print(socket.getaddrinfo("echo.aliyuncs.com", PORT)[0][-1][0])
attempt(lambda: socket.socket().connect(("192.168.4.1", 443)))
page = requests.get("http://example.com/generate_204")
print(page.status_code, "Sign in" in page.text)
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
attempt(lambda: datagram.sendto(b"time?", ("192.168.4.1", 123)))
print("on?")
input()
link.close()
link = socket.socket()
link.connect(socket.getaddrinfo("echo.aliyuncs.com", PORT)[0][-1])
link.write(b"two")
print(link.read(3))
"""


def test_captive_portal_answers_only_http(bench: Bench):
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo, args=(server, 2), daemon=True).start()
        main = PORTAL.replace("PORT", str(server.getsockname()[1]))
        board = bench.board(main, heap="112wk")
        board.power_on(uart=lambda _: None)
        board.expect("portal?")
        board.wifi.captive()
        board.type(b"\r")
        board.expect("on?")
        board.wifi.on()
        board.type(b"\r")
        board.expect("b'two'")
    assert [line.text for line in board.lines if line.text][:9] == [
        "b'one'",
        "portal?",
        "error 104",
        "192.168.4.1",
        "error 104",
        "200 True",
        "error 116",
        "on?",
        "b'two'",
    ]


def _echo(server: socket.socket, peers: int = 1) -> None:
    with contextlib.suppress(OSError):  # The test has ended.
        for _ in range(peers):
            peer, _ = server.accept()
            with peer:
                while data := peer.recv(100):
                    peer.sendall(data)
