"""over_https.py, over_mqtt.py, file_target.py: lost connections, dead addresses, damaged parts."""

import json
import os
import struct

from test_ota import GET, IMAGE, NOW, PUSH, begun, digest, fetch, finish, offer, push

import otafake
from alink import ota as ota_module
from alink.crc16 import crc
from alink.errors import ProtocolError, RefusedError, TransportError, VerifyError
from alink.ota import Ota
from alink.ota.file_target import File
from alink.ota.over_mqtt import part_of
from check import raises

DOWNLOAD = "/sys/a1B2c3D4e5F/dev-1/thing/file/download"
LOST = TransportError("lost")

ota_module.ticks_ms = lambda: NOW[0]


def cut(answer, count):
    """An answer that ends too early: the connection then says that it was lost."""
    return answer[: answer.index(b"\r\n\r\n") + 4 + count]


# HTTPS


def test_lost_connection_resumes_at_the_lost_byte():
    whole = otafake.whole(IMAGE)
    chip, device, server = fetch(cut(whole, 5000), LOST, otafake.rest(IMAGE, 5000))
    assert b"Range" not in server.asked[0]
    assert server.asked[1].endswith(b"\r\nRange: bytes=5000-\r\n\r\n")
    assert chip.other(len(IMAGE)) == IMAGE
    assert chip.resets == 1
    assert "silent for 10 s; next try in 2 s at byte 5000" in device.log[1]
    assert "lost; next try in 4 s at byte 5000" in device.log[2]


def test_tries_are_bounded_and_their_waits_grow():
    began = NOW[0]
    _, device, server = fetch(LOST, LOST, LOST, LOST, LOST)
    assert device.steps_told() == ["-2"]
    assert server.answers == []
    assert NOW[0] - began >= 4000 + 8000 + 16000 + 32000
    # What brings a block each time may go on for long.
    answers = [cut(otafake.rest(IMAGE, at), 1) for at in range(1, 9)]
    _chip, device, server = fetch(cut(otafake.whole(IMAGE), 1), *answers)
    assert device.steps_told() == ["-2"]
    assert len(server.answers) == 4


def test_early_turns_shorten_no_wait():
    _chip, device, _made = begun()
    with otafake.Server(LOST, otafake.whole(IMAGE)) as server:
        push(device)
        while not server.dialled:
            device.step()
        began = NOW[0]
        while len(server.dialled) < 2:
            left = device.step()
            for _ in range(20):  # As an application does that polls every 200 ms.
                assert device.step() == left or len(server.dialled) == 2
            NOW[0] += min(left, 200) or 1
        assert NOW[0] - began >= 4000


def test_a_server_that_fails_is_asked_again():
    chip, _device, _server = fetch(b"HTTP/1.1 503 Busy\r\n\r\n", otafake.whole(IMAGE))
    assert chip.resets == 1


def test_heap_shortage_costs_one_download_try():
    chip, device, _made = begun()
    with otafake.Server(MemoryError("short"), otafake.whole(IMAGE)) as server:
        push(device)
        finish(device)
    assert len(server.dialled) == 2
    assert "short; next try in 4 s at byte 0" in "\n".join(device.log)
    assert chip.other(len(IMAGE)) == IMAGE


def test_possibly_written_bytes_are_not_written_again():
    class Target:
        parts = []

        def begin(self, size):
            pass

        def write(self, offset, part):
            self.parts.append(offset)
            if len(self.parts) == 2:
                raise MemoryError("short")

        def abandon(self):
            self.parts.append("abandoned")

    _chip, device, _made = begun(target=Target())
    with otafake.Server(otafake.whole(IMAGE)):
        push(device)
        finish(device)
    assert Target.parts[0] == 0
    assert Target.parts[2:] == ["abandoned"]
    assert device.steps_told()[-1] == "-4"


def test_untrusted_certificate_ends_the_download():
    _chip, device, _server = fetch(VerifyError("unknown root"))
    assert device.texts_told() == ["unknown root"]


def test_bodies_of_another_length_are_noticed():
    for answer, said in (
        (otafake.whole(IMAGE + b"x"), "sends %d bytes, %d is the most" % (10265, 10264)),
        (otafake.whole(IMAGE[:-1]), "the file ends after 10263 of 10264 bytes"),
    ):
        chip, device, _server = fetch(answer)
        assert device.steps_told()[-1] == "-2"
        assert said in device.log[-1], device.log
        assert chip.boot == 0x10000


def test_redirects_are_not_followed():
    moved = b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n\r\n"
    _chip, device, _server = fetch(moved)
    assert device.steps_told() == ["-2"]
    assert "answers b'HTTP/1.1 302 Found'" in device.log[-1]


def test_resumed_download_at_wrong_offset_is_rejected():
    for answer, said in (
        (otafake.whole(IMAGE), "answers b'HTTP/1.1 200 OK'"),
        (otafake.rest(IMAGE, 4999), "does not go on at byte 5000"),
    ):
        _chip, device, _server = fetch(cut(otafake.whole(IMAGE), 5000), answer)
        assert device.steps_told()[-1] == "-2"
        assert said in device.log[-1], device.log


DEAD = b"HTTP/1.1 403 Forbidden\r\n\r\n"


def _renewed(*answers):
    """An update whose first address is dead after 5000 bytes and which is offered again."""
    chip, device, _made = begun()
    with otafake.Server(cut(otafake.whole(IMAGE), 5000), DEAD, *answers) as server:
        push(device)
        for _ in range(1000):
            NOW[0] += device.step()
            if device.topics("firmware/get"):
                break
        number = json.loads(device.topics("firmware/get")[0])["id"]
        data = offer(url="https://fresh.example/b")
        device.hear(GET + "_reply", {"id": number, "code": 200, "data": data})
        finish(device)
    return chip, device, server


def test_dead_address_is_replaced_and_download_continues():
    chip, _device, server = _renewed(otafake.rest(IMAGE, 5000))
    assert server.dialled[-1][0] == ("fresh.example", 443)
    assert server.asked[-1].startswith(b"GET /b HTTP/1.0\r\n")
    assert chip.other(len(IMAGE)) == IMAGE
    assert chip.resets == 1


def test_addresses_that_stay_dead_are_the_end():
    _chip, device, _made = begun()
    with otafake.Server(*[DEAD] * 5) as server:
        push(device)
        told = 0
        for _ in range(1000):
            if not device.steps:
                break
            NOW[0] += device.step()
            asked = device.topics("firmware/get")[told:]
            for payload in asked:
                told += 1
                data = offer(url="https://fresh.example/%d" % told)
                answer = {"id": json.loads(payload)["id"], "code": 200, "data": data}
                device.hear(GET + "_reply", answer)
    assert [where[0] for where, _ in server.dialled[1:]] == ["fresh.example"] * 4
    assert told == 4
    assert device.steps_told() == ["-2"]
    assert "403" in device.texts_told()[-1]


def test_lost_reply_to_address_request_is_retried():
    began = NOW[0]
    _chip, device, _made = begun()
    with otafake.Server(*[DEAD] * 5):
        push(device)
        finish(device)
    assert len(device.topics("firmware/get")) == 4
    assert device.steps_told() == ["-2"]
    # Ten seconds for each answer, then the wait for a try.
    assert NOW[0] - began >= 4 * 10000 + 4000 + 8000 + 16000 + 32000


def test_failed_address_request_costs_one_try():
    for error in (LOST, MemoryError("short")):
        chip, device, _made = begun()
        publish = device._link.publish

        def fail(topic, payload, qos, on_done, error=error, usual=publish):
            if b"firmware.get" in payload:
                raise error
            usual(topic, payload, qos, on_done)

        device._link.publish = fail
        with otafake.Server(DEAD, otafake.whole(IMAGE)):
            push(device)
            finish(device)
        assert chip.other(len(IMAGE)) == IMAGE


def test_offer_during_download_changes_only_the_address():
    chip, device, _ = begun()
    fresh = offer(url="https://fresh.example/b")
    other = offer(b"other", "3.0.0", url="https://other.example/c")
    with otafake.Server(
        cut(otafake.whole(IMAGE), 5000), LOST, otafake.rest(IMAGE, 5000)
    ) as server:
        push(device)
        while len(server.dialled) < 2:
            NOW[0] += device.step()
        for data in (fresh, other):
            device.hear(PUSH, {"code": "1000", "data": data, "id": 1, "message": "success"})
        finish(device)
    assert server.dialled[-1][0] == ("fresh.example", 443)
    assert chip.other(len(IMAGE)) == IMAGE


# MQTT

BY_MQTT = {"dProtocol": "mqtt", "streamId": 5, "streamFileId": 1, "url": ""}


def part(data, offset, code=200):
    told = b'{"fileToken":"alink","fileLength":%d,"bOffset":%d,"bSize":%d}'
    told %= (len(IMAGE), offset, len(data))
    head = b'{"id":"%d","code":%d,"data":%s}' % (offset, code, told)
    return struct.pack(">H", len(head)) + head + data + struct.pack("<H", crc(data))


def test_part_checksum_is_crc_16_arc():
    assert crc(b"123456789") == 0xBB3D


def test_a_part_is_taken_apart():
    payload = part(b"\0\xff\r\n", 4096)
    assert bytes(part_of(payload, 4096)) == b"\0\xff\r\n"
    assert part_of(payload, 0) == b""
    assert part_of(payload[:-3] + b"\0" + payload[-2:], 4096) == b""  # A bit fell over.
    assert part_of(payload[:-3] + payload[-2:], 4096) == b""  # A byte is missing.
    assert raises(RefusedError, part_of, part(b"", 0, code=9112), 0).code == 9112
    for wrong in (b"", b"\0", b"\0\x03{}", b"\0\x02[]", b"\0\x02{}", b"\xff\xffxx"):
        raises(ProtocolError, part_of, wrong, 0)


def by_mqtt(answer):
    """An update by MQTT, each request answered by `answer(offset, size)`."""
    chip, device, _made = begun()
    push(device, **BY_MQTT)
    serve(device, answer)
    return chip, device


def serve(device, answer, named=False):
    """Let time pass until nothing is under way; `answer` takes the stream too where `named`."""
    answered = 0
    for _ in range(10000):
        if device.steps_told()[-1:] == ["100"]:
            device.acknowledge()
        wait = device.step()
        asked = device.topics("file/download")
        if len(asked) > answered:
            params = json.loads(asked[answered])["params"]
            block, stream = params["fileBlock"], (params["fileInfo"]["streamId"],) * named
            answered += 1
            payload = answer(block["offset"], block["size"], *stream)
            if payload:
                device.hear(DOWNLOAD + "_reply", payload)
                continue
        if wait >= 60000:
            return
        NOW[0] += wait
    raise AssertionError("it goes on and on")


def lost(*_):
    raise LOST


def test_a_file_comes_by_mqtt_in_parts():
    chip, device = by_mqtt(lambda at, size: part(IMAGE[at : at + size], at))
    device_asked = device.topics("file/download")
    assert json.loads(device_asked[1]) == {
        "id": "1024",
        "version": "1.0",
        "params": {
            "fileToken": "alink",
            "fileInfo": {"streamId": 5, "fileId": 1},
            "fileBlock": {"size": 1024, "offset": 1024},
        },
    }
    assert json.loads(device_asked[-1])["params"]["fileBlock"] == {"size": 24, "offset": 10240}
    assert chip.other(len(IMAGE)) == IMAGE
    assert chip.resets == 1
    assert DOWNLOAD.encode() + b"_reply" not in device._routes


def test_a_damaged_part_is_asked_for_again():
    spoilt = []

    def answer(at, size):
        payload = part(IMAGE[at : at + size], at)
        if at == 4096 and not spoilt:
            spoilt.append(at)
            return payload[:-9] + b"\x99" + payload[-8:]
        return payload

    chip, device = by_mqtt(answer)
    assert len(device.topics("file/download")) == 12
    assert chip.other(len(IMAGE)) == IMAGE


def test_part_request_without_heap_is_sent_again():
    usual, short = otafake.Device._publish, []

    def publish(self, topic, payload, qos, on_done):
        if b'"offset":4096' in payload and not short:
            short.append(True)
            raise MemoryError
        usual(self, topic, payload, qos, on_done)

    otafake.Device._publish = publish
    try:
        chip, _device = by_mqtt(lambda at, size: part(IMAGE[at : at + size], at))
    finally:
        otafake.Device._publish = usual
    assert short
    assert chip.other(len(IMAGE)) == IMAGE


def test_part_without_heap_is_requested_again():
    short = []
    chip, device, _made = begun()
    push(device, **BY_MQTT)
    topic = DOWNLOAD.encode() + b"_reply"

    def answer(at, size):
        if at == 4096 and not short:
            short.append(at)
            device._routes[topic](topic, None)  # As the link tells of a reply that is too long.
            return None
        return part(IMAGE[at : at + size], at)

    serve(device, answer)
    assert short
    assert chip.other(len(IMAGE)) == IMAGE


def test_parts_get_smaller_until_heap_suffices():
    began, sizes = NOW[0], []
    chip, device, _made = begun()
    push(device, **BY_MQTT)
    topic = DOWNLOAD.encode() + b"_reply"

    def answer(at, size):
        sizes.append(size)
        if size > 256:
            device._routes[topic](topic, None)
            return None
        return part(IMAGE[at : at + size], at)

    serve(device, answer)
    assert sizes[:4] == [1024, 512, 256, 256]
    assert chip.other(len(IMAGE)) == IMAGE
    assert NOW[0] - began < 10000  # No wait for an answer that has come.


def test_smallest_part_waits_for_heap():
    began, refused = NOW[0], []
    chip, device, _made = begun()
    push(device, **BY_MQTT)
    topic = DOWNLOAD.encode() + b"_reply"

    def answer(at, size):
        if len(refused) < 3:
            refused.append(size)
            device._routes[topic](topic, None)
            return None
        return part(IMAGE[at : at + size], at)

    serve(device, answer)
    assert refused == [1024, 512, 256]
    assert chip.other(len(IMAGE)) == IMAGE
    assert NOW[0] - began >= 40000  # The wait of the third request.


def test_session_end_before_first_part_costs_nothing():
    chip, device, _made = begun()
    device._link.subscribe = lost
    push(device, **BY_MQTT)
    serve(device, lambda at, size: part(IMAGE[at : at + size], at))
    assert chip.other(len(IMAGE)) == IMAGE


def test_two_files_come_one_after_the_other():
    chip, device, _made = begun()
    data = b"module" * 1000
    Ota(device, "7", module="MCU", target=File("module.bin"), on_ready=[].append)
    device.acknowledge()
    device.step()
    push(device, **BY_MQTT)
    push(device, data, module="MCU", **dict(BY_MQTT, streamId=6))

    def answer(at, size, stream):
        source = IMAGE if stream == 5 else data
        return part(source[at : at + size], at)

    serve(device, answer, named=True)
    assert chip.other(len(IMAGE)) == IMAGE
    assert read("module.bin") == data


def test_silence_is_reported_after_growing_waits():
    began = NOW[0]
    _chip, device = by_mqtt(lambda at, size: None)
    assert device.steps_told() == ["-2"]
    assert len(device.topics("file/download")) == 5
    assert NOW[0] - began >= 10000 + 20000 + 40000 + 80000 + 160000


def test_a_part_that_is_refused_ends_it():
    _chip, device = by_mqtt(lambda at, size: part(b"", at, code=9206))
    assert "the platform refuses a part: 9206" in device.log[-1]


def test_the_next_session_goes_on_with_the_file():
    chip, device, _ = begun()
    push(device, **BY_MQTT)
    device.step()
    device.hear(DOWNLOAD + "_reply", part(IMAGE[:1024], 0))
    device.step()
    device._link.online = False
    for _ in range(500):
        NOW[0] += device.step()
    asked = len(device.topics("file/download"))
    device.begin_session()
    push(device, **BY_MQTT)  # As the platform does in each session: it is on its way already.
    for _ in range(30):
        NOW[0] += device.step()
    fresh = device.topics("file/download")[asked:]
    assert json.loads(fresh[0])["params"]["fileBlock"]["offset"] == 1024
    assert device.steps_told() == []
    assert chip.erased == 1


# A file on the vfs


def read(path):
    with open(path, "rb") as file:
        return file.read()


def with_file(target, image, *answers, **members):
    _chip, device, _made = begun(target=target)
    with otafake.Server(*answers):
        push(device, image=image, **members)
        finish(device)
    return device


def test_file_is_replaced_whole_or_kept():
    with open("app.mpy", "wb") as file:
        file.write(b"old")
    new = b"new" * 3000
    device = with_file(File("app.mpy"), new, otafake.whole(new[:-1] + b"X"))
    assert device.steps_told()[-1] == "-3"
    assert read("app.mpy") == b"old"
    assert "app.mpy.new" not in os.listdir(".")
    device = with_file(File("app.mpy"), new, otafake.whole(new))
    assert device.steps_told()[-1] == "100"
    assert read("app.mpy") == new
    assert "app.mpy.new" not in os.listdir(".")


def test_unwritable_file_is_refused_before_download():
    device = with_file(File("app.mpy"), b"x", size=1 << 50)
    assert device.steps_told() == ["-4"]
    assert "bytes do not fit into the" in device.texts_told()[0]
    assert "app.mpy.new" not in os.listdir(".")
    device = with_file(File("nowhere/app.mpy"), b"x")
    assert "nowhere/app.mpy.new cannot be written" in device.texts_told()[0]


def test_file_that_cannot_be_closed_starts_over():
    class Full:
        def close(self):
            raise OSError(28)

    target = File("table")
    target._file = Full()
    device = with_file(target, b"12", otafake.whole(b"12"))
    assert device.steps_told()[-1] == "100"
    assert read("table") == b"12"


def test_leftover_file_after_power_cut_is_replaced():
    with open("table.new", "wb") as file:
        file.write(b"half" * 4000)
    device = with_file(File("table"), b"12", otafake.whole(b"12"))
    assert read("table") == b"12"
    assert device.steps_told()[-1] == "100"
    assert digest(b"12") == digest(read("table"))
