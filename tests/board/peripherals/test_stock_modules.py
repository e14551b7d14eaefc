"""The modules of a stock image: each imports, or says that it is not simulated."""

from __future__ import annotations

import socket

from alink_sim.board.peripherals import modules
from tests.board.conftest import Bench

# What `help("modules")` lists on an ESP32, by the manifest of MicroPython 1.24 to 1.28.
STOCK = (
    "_asyncio _boot _espnow _onewire _thread _webrepl aioespnow apa106 array asyncio binascii"
    " bluetooth btree builtins cmath collections cryptolib deflate dht ds18x20 errno esp esp32"
    " espnow flashbdev framebuf gc hashlib heapq inisetup io json machine math micropython mip"
    " neopixel network ntptime onewire os platform random re requests select socket ssl struct"
    " sys time tls uasyncio uctypes umqtt.robust umqtt.simple upysh urequests vfs webrepl"
    " webrepl_setup websocket"
)
MAIN = f"""
import gc
refused = []
for name in {STOCK.split()}:
    gc.collect()
    try:
        __import__(name)
    except ImportError as error:
        assert " is not simulated: " in str(error), (name, error)
        refused.append(name)
print(refused)

import os, sys
import network, ntptime, time
print(sys.platform, sys.implementation[0], sys.implementation._machine)
print(os.uname().machine, os.uname()[0], hasattr(os, "getenv"), "main.py" in os.listdir())
try:
    ntptime.settime()
except OSError as error:
    print("no network", error.args)
station = network.WLAN(network.STA_IF)
station.active(True)
station.connect("any", "net")
while not station.isconnected():
    time.sleep_ms(20)
ntptime.settime()
print("year", time.gmtime()[0] >= 2026)
"""


def test_stock_modules_import_or_are_refused(bench: Bench):
    lines = bench.run(MAIN, heap="200000")
    known = set(STOCK.split()) & set(modules.REFUSED_MODULES)
    assert lines == [
        str(sorted(known, key=STOCK.split().index)),
        "esp32 micropython Generic ESP32 module with ESP32",
        "Generic ESP32 module with ESP32 esp32 False True",
        "no network (-202,)",
        "year True",
    ]


def test_rare_names_of_public_programs_work(bench: Bench):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    lines = bench.run(
        f"""
        import micropython, select, socket, time
        from micropython import const
        micropython.alloc_emergency_exception_buf(100)
        micropython.schedule(print, "scheduled")
        print(const(3), micropython.opt_level())

        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", {port}))
        server.listen(1)
        print(select.select([server], [], [], 0))
        client = socket.socket()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.connect(("127.0.0.1", {port}))
        print(select.select([server], [client], [server], 5) == ([server], [client], []))
        print(select.select([server], [], [])[0] == [server])
        try:
            socket.MSG_PEEK
        except NotImplementedError as error:
            print(error)
        """,
        heap="200000",
    )
    assert sorted(lines) == sorted(
        [
            "scheduled",
            "3 0",
            "([], [], [])",
            "True",
            "True",
            "socket.MSG_PEEK is not simulated: a socket has no peek here",
        ]
    )


def test_names_of_io_and_sys_work(bench: Bench):
    lines = bench.run(
        """
        import io, sys
        found = io.BytesIO()
        writer = io.BufferedWriter(found, 4)
        print(writer.write(b"abcdef"), found.getvalue())
        writer.flush()
        print(found.getvalue(), io.StringIO("text").read())
        with io.open("plain.txt", "w") as file:
            file.write("x")
        print(repr(sys.ps1), repr(sys.ps2))
        sys.ps1 = "board> "
        print(sys.ps1)
        """
    )
    assert lines == ["6 b'abcd'", "b'abcdef' text", "'>>> ' '... '", "board> "]


def test_processor_is_that_of_risc_v(bench: Bench):
    main = """
    import platform
    print(platform.platform().split("-")[2], platform.libc_ver()[0])
    try:
        print(platform.processor())
    except AttributeError as error:
        print(error)
    """
    assert bench.run(main, board="ESP32_GENERIC_C3") == ["riscv newlib", "RV32CIMU"]
    assert bench.run(main, board="ESP32_GENERIC_S3") == [
        "xtensa newlib",
        f"platform.processor: {modules.LACKING['platform.processor']}",
    ]
