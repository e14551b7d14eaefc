"""Rules of an OTA job: retries, timeouts, rates, and conflicts with another job."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Rules, Task
from alink_sim.platform.state.ota_registry import fresh_id
from tests.platform.online import Online
from tests.platform.ota_messages import DATA, DN, PK, inform, progress, pushed, reported, status
from tests.platform.wire import ACCEPTED, Party, Wire, publish


@pytest.fixture
def online(platform: Platform, party: Party) -> Iterator[Online]:
    """A device that the clock does not cut for its silence."""
    made = Online(platform, party, keepalive=1200)
    with made.wire:
        yield made


def task(online: Online) -> Task:
    return online.platform.ota.tasks(PK, DN)[-1]


def test_fresh_ids_are_alphanumeric():
    assert all(fresh_id().isalnum() for _ in range(50))


def test_failed_task_is_retried_retry_count_times(online: Online, clock: ManualClock):
    rules = Rules(retry_count=1, retry_minutes=10)
    online.platform.ota.publish(PK, "2.0.0", DATA, rules=rules)
    pushed(online.wire)
    reported(online.wire, progress("50"), progress("-2", "cut"))
    assert (task(online).status, task(online).progress) == ("QUEUED", 0)
    assert task(online).reason == "the download failed: cut"
    clock.advance(599)
    reported(online.wire, inform("1.0.0"))
    clock.advance(1)
    assert pushed(online.wire)["version"] == "2.0.0"
    reported(online.wire, progress("-2"))
    assert status(online.platform) == ("FAILED", 0)
    clock.advance(1000)
    reported(online.wire)


def test_retry_without_pause_is_pushed_at_once(online: Online):
    online.platform.ota.publish(PK, "2.0.0", DATA, rules=Rules(retry_count=2))
    pushed(online.wire)
    for _ in range(2):
        online.wire.send(progress("-1"))
        pushed(online.wire)
    reported(online.wire, progress("-1"))
    assert status(online.platform)[0] == "FAILED"


def test_timeout_counts_from_first_progress_without_retry(online: Online, clock: ManualClock):
    rules = Rules(timeout_minutes=5, retry_count=5)
    online.platform.ota.publish(PK, "2.0.0", DATA, rules=rules)
    pushed(online.wire)
    clock.advance(1000)
    reported(online.wire, progress("1"))
    clock.advance(200)
    reported(online.wire, progress("2"))
    clock.advance(99)
    assert status(online.platform) == ("IN_PROGRESS", 2)
    clock.advance(1)
    assert status(online.platform) == ("FAILED", 2)
    assert task(online).reason == "the device took more than 5 minutes"


def test_need_push_false_waits_for_a_request(online: Online):
    online.platform.ota.publish(PK, "2.0.0", DATA, rules=Rules(need_push=False))
    reported(online.wire, inform("1.0.0"))
    assert status(online.platform) == ("QUEUED", 0)
    online.wire.send(publish(f"/sys/{PK}/{DN}/thing/ota/firmware/get", b'{"id":4,"params":{}}'))
    _, body, _ = online.wire.read_publish()
    assert (body["id"], body["data"]["version"]) == (4, "2.0.0")
    assert status(online.platform) == ("NOTIFIED", 0)


def test_job_limits_pushes_per_minute(platform: Platform, clock: ManualClock):
    product = platform.console.create_product(key=PK)
    wires = []
    for number in range(3):
        party = Party.of(product, platform.console.add_device(PK, f"dev-{number}"))
        wires.append(Wire.tls(platform))
        assert wires[-1].ask(party.log_in(keepalive=1200)) == ACCEPTED
    platform.ota.publish(PK, "2.0.0", DATA, rules=Rules(per_minute=2))
    for number in range(2):
        pushed(wires[number], dn=f"dev-{number}")
    reported(wires[2])
    clock.advance(60)
    pushed(wires[2], dn="dev-2")
    for wire in wires:
        with wire:
            pass


@pytest.mark.parametrize(
    ("rules", "module", "begun", "made"),
    [
        (Rules(), "default", False, ("NOTIFIED", "FAILED")),
        (Rules(), "MCU", False, ("NOTIFIED", "FAILED")),
        (Rules(overwrite=True), "default", False, ("CANCELED", "NOTIFIED")),
        (Rules(overwrite=True), "MCU", False, ("CANCELED", "NOTIFIED")),
        (Rules(overwrite=True), "default", True, ("IN_PROGRESS", "FAILED")),
        (Rules(multi_module=True), "default", False, ("CANCELED", "NOTIFIED")),
        (Rules(multi_module=True), "default", True, ("IN_PROGRESS", "FAILED")),
        (Rules(multi_module=True), "MCU", True, ("IN_PROGRESS", "NOTIFIED")),
    ],
)
def test_second_job_fails_or_replaces_the_open_task(
    online: Online, rules: Rules, module: str, begun: bool, made: tuple[str, str]
):
    online.platform.ota.publish(PK, "2.0.0", DATA)
    pushed(online.wire)
    if begun:
        reported(online.wire, progress("1"))
    online.platform.ota.publish(PK, "3.0.0", DATA, module=module, rules=rules)
    if made[1] == "NOTIFIED":
        pushed(online.wire)
    first, second = online.platform.ota.tasks(PK, DN)
    assert (first.status, second.status) == made
    assert (second.reason == f"the device is busy with job {first.job_id}") == (
        made[1] == "FAILED"
    )


def test_last_task_completes_the_job(platform: Platform, party: Party):
    platform.console.add_device(PK, "dev-2")
    first = platform.ota.publish(PK, "2.0.0", DATA, devices=["dev-2"])
    # The first of its tasks fails at once: dev-2 is busy.
    second = platform.ota.publish(PK, "3.0.0", DATA, devices=["dev-2", DN])
    assert platform.ota.job(second.id).status == "IN_PROGRESS"
    assert not platform.events(kind="ota_job")
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        pushed(wire)
        reported(wire, inform("3.0.0"))
    assert platform.ota.job(second.id).status == "COMPLETED"
    assert platform.ota.job(first.id).status == "IN_PROGRESS"


def test_removal_of_last_waiting_device_completes_job(platform: Platform):
    platform.console.create_product(key=PK)
    for name in ("dev-1", "dev-2"):
        platform.console.add_device(PK, name)
    job = platform.ota.publish(PK, "2.0.0", DATA)
    platform.console.remove_device(PK, "dev-1")
    assert platform.ota.job(job.id).status == "IN_PROGRESS"
    platform.console.remove_device(PK, "dev-2")
    assert platform.ota.job(job.id).status == "COMPLETED"


def test_device_listed_twice_has_one_task(online: Online):
    online.platform.ota.publish(PK, "2.0.0", DATA, devices=[DN, DN])
    pushed(online.wire)
    assert [one.status for one in online.platform.ota.tasks(PK, DN)] == ["NOTIFIED"]


def test_alarms_are_set_again_after_a_restart(
    make_platform: Callable[..., Platform], database_url: str, clock: ManualClock
):
    first = make_platform(clock=clock)
    product = first.console.create_product(key=PK)
    online = Online(first, Party.of(product, first.console.add_device(PK, DN)))
    first.ota.publish(PK, "2.0.0", DATA, rules=Rules(timeout_minutes=5))
    pushed(online.wire)
    reported(online.wire, progress("1"))
    first.stop()
    second = make_platform(clock=clock)
    clock.advance(299)
    assert status(second) == ("IN_PROGRESS", 1)
    clock.advance(1)
    assert status(second) == ("FAILED", 1)
