"""ota, trial.py, update.py: version reports, accepted offers, the result of a restart."""

import hashlib
import json
from binascii import hexlify

import otafake
from alink import ota as ota_module
from alink.errors import StoreError
from alink.ota import Ota
from alink.ota.file_target import File
from check import raises

PUSH = "/ota/device/upgrade/a1B2c3D4e5F/dev-1"
INFORM = "/ota/device/inform/a1B2c3D4e5F/dev-1"
GET = "/sys/a1B2c3D4e5F/dev-1/thing/ota/firmware/get"
URL = "https://files.example/a.bin?x=1"
IMAGE = otafake.HEAD + bytes(range(256)) * 40
NOW = [1000]

ota_module.ticks_ms = lambda: NOW[0]


def digest(image, method="sha256"):
    return hexlify(getattr(hashlib, method)(image).digest()).decode()


def offer(image=IMAGE, version="2.0.0", **members):
    data = {
        "size": len(image),
        "version": version,
        "url": URL,
        "signMethod": "SHA256",
        "sign": digest(image),
    }
    data.update(members)
    return data


def push(device, image=IMAGE, **members):
    data = offer(image, **members)
    body = {"code": "1000", "data": data, "id": 1507707025, "message": "success"}
    device.hear(PUSH, body)


def begun(chip=None, **options):
    """A device whose version report the platform has acknowledged."""
    chip = chip or otafake.Chip()
    device = otafake.Device()
    made = Ota(device, "1.0.0", **options)
    device.acknowledge()
    device.step()
    return chip, device, made


def finish(device, steps=2000):
    """Let time pass until the update ends; acknowledge its last report."""
    for _ in range(steps):
        if device.steps_told()[-1:] == ["100"]:
            device.acknowledge()
        wait = device.step()
        if wait >= 60000:
            return
        NOW[0] += wait
    raise AssertionError("it goes on and on")


def fetch(*answers, **options):
    """Offer an update whose server answers so; return chip, device and server."""
    members = options.pop("members", {})
    chip, device, _made = begun(**options)
    with otafake.Server(*answers) as server:
        push(device, **members)
        finish(device)
    return chip, device, server


# The version


def test_version_is_reported_until_the_platform_acknowledges():
    otafake.Chip()
    device = otafake.Device()
    device._link.online = False
    Ota(device, "1.0.0")
    assert not device._link.sent
    device.begin_session()
    literal = b'{"id":"1","params":{"version":"1.0.0"}}'
    device.sent(INFORM, literal, 1)
    device.acknowledge(False)
    device.begin_session()
    device.sent(INFORM, literal.replace(b'"1"', b'"2"'), 1)
    device.acknowledge()
    device.step()
    device.begin_session()
    assert len(device.topics("/inform/")) == 2


def test_a_module_tells_its_own_version():
    otafake.Chip()
    device = otafake.Device()
    Ota(device, "7", module="MCU")
    device.sent(INFORM, b'{"id":"1","params":{"version":"7","module":"MCU"}}', 1)


def test_image_is_confirmed_before_version_is_reported():
    chip = otafake.Chip()
    device = otafake.Device()
    device._link.online = False
    Ota(device, "1.0.0")
    device.step()
    assert chip.confirmed == 0
    tell = device._link.publish

    def publish(*message):
        assert chip.confirmed == 1
        tell(*message)

    device._link.publish = publish
    device.begin_session()
    assert len(device.topics("/inform/")) == 1


def test_trial_image_offline_ten_minutes_rolls_back():
    chip = otafake.Chip()
    chip.on_trial()
    device = otafake.Device()
    device._link.online = False
    Ota(device, "2.0.0")
    NOW[0] += 599000
    assert device.step() == 1000
    assert chip.resets == 0
    NOW[0] += 1000
    device.step()
    assert chip.resets == 1
    assert "not online within 10 minutes" in device.log[-1]


def test_an_image_on_trial_that_came_online_stays():
    chip = otafake.Chip()
    chip.on_trial()
    device = otafake.Device()
    Ota(device, "2.0.0")
    NOW[0] += 700000
    device.step()
    assert chip.resets == 0


def test_confirmation_without_heap_happens_later():
    chip = otafake.Chip()
    chip.on_trial()
    device = otafake.Device()
    device._link.online = False
    made = Ota(device, "2.0.0")
    usual, made._ask_slot = made._ask_slot, _short
    raises(MemoryError, device.begin_session)
    device.step()
    assert device.topics("/inform/") == []
    made._ask_slot = usual
    device.step()
    assert chip.confirmed == 1
    NOW[0] += 700000
    device.step()
    assert chip.resets == 0
    assert len(device.topics("/inform/")) == 1


def _short(*_):
    raise MemoryError("short")


def test_missing_second_slot_raises_one_sentence():
    for slots in ((), (0x10000,)):
        otafake.Chip(slots)
        error = raises(StoreError, Ota, otafake.Device(), "1.0.0")
        assert "no second application slot: burn one of boards/*-OTA" in str(error)


def test_a_judgement_that_fails_ends_nothing():
    chip = otafake.Chip()
    device = otafake.Device()
    Ota(device, "1.0.0")
    chip.nvs = None
    device.acknowledge()
    device.step()
    assert "the handler of an update failed: TypeError" in device.log[-1]
    chip.nvs = {}
    with otafake.Server(otafake.whole(IMAGE)):
        push(device)
        finish(device)
    assert chip.boot == 0x20000


# An update

STEPS = ["14", "24", "34", "44", "54", "64", "74", "84", "94", "100"]


def test_an_update_is_fetched_checked_and_started():
    chip, device, server = fetch(otafake.whole(IMAGE))
    assert server.asked == [b"GET /a.bin?x=1 HTTP/1.0\r\nHost: files.example\r\n\r\n"]
    where, roots = server.dialled[0]
    assert where == ("files.example", 443)
    assert [digest(root)[:8] for root in roots] == ["cbb522d7", "4fa3126d", "cbb9c44d"]
    assert chip.other(len(IMAGE)) == IMAGE
    assert chip.wrote[-1] == (0, 0, 16)  # Without its head no boot loader takes it.
    assert chip.boot == 0x20000
    assert (device.closed, chip.resets) == (True, 1)
    assert device.steps_told() == STEPS
    assert list(chip.nvs.values()) == [b"2.0.0"]


def test_md5_digest_is_accepted_in_any_case():
    for method in ("Md5", "MD5"):
        sign = digest(IMAGE, "md5").upper()
        chip, device, _ = fetch(
            otafake.whole(IMAGE), members={"signMethod": method, "sign": sign, "md5": sign}
        )
        assert chip.resets == 1, device.log


def test_private_platform_uses_the_file_server_root():
    _chip, device, _made = begun()
    device._private = True
    with otafake.Server(otafake.whole(IMAGE)) as server:
        push(device)
        finish(device)
    assert server.dialled == [(("files.example", 443), "its own")]


def test_a_wrong_digest_never_becomes_bootable():
    spoilt = IMAGE[:-1] + b"\x55"
    chip, device, _ = fetch(otafake.whole(spoilt))
    assert device.steps_told()[-1] == "-3"
    assert chip.other(16) == b"\xff" * 16
    assert (chip.boot, chip.resets) == (0x10000, 0)
    assert chip.nvs == {}
    # The next one is taken as if nothing had been.
    with otafake.Server(otafake.whole(IMAGE)):
        push(device)
        finish(device)
    assert chip.boot == 0x20000


def test_oversized_image_erases_nothing():
    chip, device, _ = fetch(members={"size": otafake.SLOT + 1})
    assert chip.erased == 0
    assert device.steps_told() == ["-4"]
    assert device.texts_told() == ["32769 bytes do not fit into the slot of 32768"]


def test_foreign_file_is_rejected_after_its_head():
    for head, said in (
        (b"PK", "it begins with 0x50"),
        (b"\xe9" + bytes(11) + b"\x09", "number 9"),
    ):
        wrong = head + bytes(9000)
        chip, device, _ = fetch(otafake.whole(wrong), members={"image": wrong})
        assert device.steps_told() == ["-4"]
        assert said in device.log[-1], device.log
        assert chip.erased == 0


def test_flash_write_failure_is_reported():
    chip = otafake.Chip()
    chip.worn = True
    chip, device, _ = fetch(otafake.whole(IMAGE), chip=chip)
    assert device.steps_told()[-1] == "-4"
    chip = otafake.Chip()
    chip.refuses = True
    chip, device, _ = fetch(otafake.whole(IMAGE), chip=chip)
    assert device.steps_told()[-1] == "-4"
    assert "the boot loader does not take the image" in device.log[-1]
    assert chip.resets == 0


def test_unsupported_offer_is_refused_with_reason():
    for members, said in (
        ({"isDiff": 1}, "a differential update is not supported"),
        ({"files": [{}, {}]}, "an update of several files is not supported"),
        ({"url": "http://files.example/a"}, "allow plain=True"),
        ({"url": "ftp://files.example/a"}, "without an address"),
        ({"size": "many"}, "is incomplete"),
        ({"size": 0}, "size 0"),
        ({"version": None}, "no version"),
        ({"version": 2}, "no version"),
        ({"sign": "ab"}, "sign of 2 digits by sha256"),
        ({"signMethod": "crc"}, "digits by crc"),
        ({"dProtocol": "mqtt"}, "without streamId"),
    ):
        chip, device, _ = fetch(members=members)
        assert device.steps_told() == ["-1"], members
        assert said in device.texts_told()[0], device.texts_told()
        assert chip.erased == 0


def test_failing_target_ends_only_the_update():
    class Target:
        def begin(self, size):
            raise ValueError("no bus")

        def abandon(self):
            raise OSError(5)

    _chip, device, made = begun(target=Target())
    push(device)
    finish(device)
    assert device.texts_told() == ["no bus"]
    assert made.offer is None
    made.target = object()  # Not even that it has.
    push(device)
    finish(device)
    assert device.steps_told() == ["-1", "-1"]


def test_lost_progress_report_does_not_stop_the_restart():
    chip, device, _made = begun()
    publish = device._link.publish

    def short(topic, payload, qos, on_done):
        if b'"100"' in payload:
            raise MemoryError("short")
        publish(topic, payload, qos, on_done)

    device._link.publish = short
    chip.nvs = None
    with otafake.Server(otafake.whole(IMAGE)):
        push(device)
        finish(device)
    assert (chip.boot, chip.resets) == (0x20000, 1)


def test_plain_http_address_works_when_allowed():
    chip, _device, server = fetch(
        otafake.whole(IMAGE), plain=True, members={"url": "http://files.example/a"}
    )
    where, tls = server.dialled[0]
    assert where == ("files.example", 80)
    assert tls.wrap_socket("the socket", server_hostname="x") == "the socket"
    assert chip.resets == 1


# Decisions of the application


def test_the_application_is_asked_and_may_begin_later():
    asked = []
    answers = ["later", "refuse", "soon", "now"]

    def on_offer(version, size, ext):
        asked.append((version, size, ext))
        return answers.pop(0)

    chip, device, made = begun(on_offer=on_offer)
    push(device, extData={"ring": "1"})
    assert asked == [("2.0.0", len(IMAGE), {"ring": "1"})]
    with otafake.Server(otafake.whole(IMAGE), otafake.whole(IMAGE)):
        device.step()
        assert not chip.erased
        push(device)
        device.sent(
            "/ota/device/progress/a1B2c3D4e5F/dev-1",
            b'{"id":"2","params":{"step":"-1","desc":"refused by the application"}}',
        )
        push(device)
        assert "on_offer returned 'soon'" in device.log[-1]
        made.start()
        finish(device)
    assert chip.boot == 0x20000


def test_a_handler_that_fails_ends_nothing():
    def on_offer(version, size, ext):
        raise RuntimeError("mine")

    chip, device, _made = begun(on_offer=on_offer)
    push(device)
    assert "the handler of an update failed: RuntimeError('mine'" in "".join(device.log)
    device.step()
    assert chip.erased == 0


def test_the_application_restarts_when_it_likes():
    asked, ready = [], []

    def on_offer(version, size, ext):
        asked.append(version)
        return "now"

    chip, device, made = begun(on_offer=on_offer, on_ready=ready.append)
    with otafake.Server(otafake.whole(IMAGE)):
        push(device)
        finish(device)
    assert ready == ["2.0.0"]
    assert (device.closed, chip.resets) == (False, 0)
    push(device)  # The platform does this in each session until the device reports the version.
    made.report("1.0.0")
    device.acknowledge()
    device.step()
    assert asked == ["2.0.0"]
    assert chip.erased == 3
    assert "-1" not in device.steps_told()


def test_early_push_waits_until_version_is_acknowledged():
    chip = otafake.Chip()
    device = otafake.Device()
    Ota(device, "1.0.0")
    push(device)
    device.step()
    assert chip.erased == 0
    with otafake.Server(otafake.whole(IMAGE)):
        device.acknowledge()
        finish(device)
    assert chip.boot == 0x20000


def test_running_version_is_reported_and_not_downloaded():
    chip, device, _ = begun()
    push(device, version="1.0.0")
    assert len(device.topics("/inform/")) == 2
    device.acknowledge()
    device.step()
    assert chip.erased == 0


def test_it_asks_when_told_to():
    chip, device, made = begun()
    made.ask()
    topic, body = device.last()
    assert (topic, body["method"], body["params"]) == (GET, "thing.ota.firmware.get", {})
    device.hear(GET + "_reply", {"id": body["id"], "code": 200, "data": {}})
    assert "no update is offered: 200" in device.log[-1]
    made.ask()
    answer = {"id": device.last()[1]["id"], "code": 200, "data": offer()}
    with otafake.Server(otafake.whole(IMAGE)):
        device.hear(GET + "_reply", answer)
        finish(device)
    assert chip.boot == 0x20000


def test_modules_have_their_own_updates():
    chip, device, made = begun()
    taken = []

    def take(version, size, ext):
        taken.append(version)
        return "later"

    Ota(device, "7", module="MCU", target=File("mcu.bin"), on_offer=take)
    device.acknowledge()
    device.step()
    push(device, module="MCU")
    push(device, module="radio")
    assert taken == ["2.0.0"]
    assert made.offer is None
    assert "no Ota is registered for module 'radio'" in device.log[-1]
    with otafake.Server(otafake.whole(IMAGE)):
        push(device, module="default")
        finish(device)
    assert chip.boot == 0x20000


# The result of a restart


def _restarted(version):
    """A start-up after 2.0.0 was put in place, with the same offer pushed as it goes online."""
    chip, device, _ = fetch(otafake.whole(IMAGE))
    device = otafake.Device()
    Ota(device, version)
    push(device)
    device.acknowledge()
    return chip, device


def test_running_version_ends_the_update():
    chip, device = _restarted("2.0.0")
    device.step()
    assert chip.nvs == {}
    assert device.steps_told() == []
    assert len(device.topics("/inform/")) == 1  # The earlier push came too early.


def test_version_that_fails_is_reported_and_not_repeated():
    chip, device = _restarted("1.0.0")
    erased = chip.erased
    device.step()
    device.sent(
        "/ota/device/progress/a1B2c3D4e5F/dev-1",
        b'{"id":"2","params":{"step":"-1","desc":"2.0.0 was installed, but 1.0.0 runs"}}',
        1,
    )
    device.acknowledge(False)
    device.begin_session()
    device.step()
    assert device.steps_told() == ["-1", "-1"]
    push(device)
    device.step()
    assert chip.erased == erased
    device.acknowledge()
    assert chip.nvs == {}
    # Another attempt is another update.
    with otafake.Server(otafake.whole(IMAGE)):
        push(device)
        finish(device)
    assert chip.erased > erased


def test_retry_offered_before_failure_is_acknowledged_is_taken():
    chip, device = _restarted("1.0.0")
    erased = chip.erased
    device.step()
    assert device.steps_told() == ["-1"]
    push(device)  # The retry, before the PUBACK of "-1".
    device.step()
    assert chip.erased == erased
    with otafake.Server(otafake.whole(IMAGE)):
        device.acknowledge()
        finish(device)
    assert chip.erased > erased
    assert device.steps_told()[-1] == "100"


def test_application_reports_update_without_restart():
    class Target:
        def begin(self, size):
            self.data = b""

        def write(self, offset, block):
            assert offset == len(self.data)
            self.data += bytes(block)

        def finish(self):
            self.done = True

        def abandon(self):
            raise AssertionError

    target = Target()
    chip, device, made = begun(target=target, on_ready=lambda now: made.report(now))  # noqa: PLW0108
    with otafake.Server(otafake.whole(IMAGE)):
        push(device)
        finish(device)
    assert (target.data, target.done, chip.resets) == (IMAGE, True, 0)
    assert json.loads(device.topics("/inform/")[-1])["params"] == {"version": "2.0.0"}
    device.acknowledge()
    device.step()
    assert chip.nvs == {}
    assert chip.confirmed == 0
    push(device)
    assert len(device.topics("/inform/")) == 3
