"""Pre-registration through Alibaba's own client, against the platform's cloud API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_factory.cli import app
from alink_factory.cloud import register
from alink_factory.cloud.client import AccessKey, Cloud
from alink_factory.errors import BatchError, CloudError
from alink_sim.platform import Platform, Settings
from tests.factory import boards
from tests.factory.workshop import KEY, Workshop

pytestmark = pytest.mark.interop

ROWS = "DeviceName\n" + "".join(f"lamp-{number:04d}\n" for number in range(1, 6))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)  # The client would take one even to 127.0.0.1.


@pytest.fixture(params=["status", "call"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """Return a platform that names bad names in the status, or in the answer at once."""
    settings = Settings(batch_faults=request.param)
    with Platform(state=tmp_path / "platform", settings=settings) as made:
        made.console.create_product(key=KEY)
        yield made


def _cloud(platform: Platform) -> Cloud:
    key = AccessKey(platform.access_key.id, platform.access_key.secret)
    return Cloud(f"http://127.0.0.1:{platform.openapi_port}", key)


def _run(workshop: Workshop, platform: Platform, **options: object) -> register.Registration:
    plan = workshop.plan(rows=options.pop("rows", ROWS))
    book, cloud = workshop.ledger(), _cloud(platform)
    return list(register.register(plan, book, cloud, wait=lambda _: None, **options))[-1]  # type: ignore[arg-type]


def test_every_name_becomes_a_device_in_batches(workshop: Workshop, platform: Platform):
    done = _run(workshop, platform, size=2)
    assert (done.total, done.done, done.created, done.refused) == (5, 5, 5, ())
    for number in range(1, 6):
        assert platform.console.device(KEY, f"lamp-{number:04d}").secret
    assert [entry.what for entry in workshop.ledger().entries()] == ["registered"] * 5


def test_interrupted_registration_can_be_repeated(workshop: Workshop, platform: Platform):
    platform.console.add_device(KEY, "lamp-0002")
    secret = platform.console.device(KEY, "lamp-0002").secret
    first = _run(workshop, platform, size=3)
    assert (first.done, first.created) == (5, 4)
    again = _run(workshop, platform, size=3)
    assert (again.done, again.created, again.refused) == (5, 0, ())
    assert platform.console.device(KEY, "lamp-0002").secret == secret
    entries = workshop.ledger().entries()
    assert sorted(entry.device_name for entry in entries) == [f"lamp-{n:04d}" for n in range(1, 6)]
    assert [entry.device_name for entry in entries if entry.detail == "it existed already"] == [
        "lamp-0002"
    ]


def test_rows_with_device_secret_are_not_registered(workshop: Workshop, platform: Platform):
    rows = "DeviceName,DeviceSecret\nlamp-0001,\nlamp-0002,S3cretS3cretS3cret\n"
    assert _run(workshop, platform, rows=rows).total == 1


def test_names_from_boards_register_after_burning(workshop: Workshop, platform: Platform):
    plan = workshop.plan(count=2, naming='scheme = "mac"')
    book = workshop.ledger()
    with pytest.raises(BatchError, match="the names come from the boards"):
        list(register.register(plan, book, _cloud(platform)))
    rows = plan.candidates(mac="a0b765123456")
    assert book.claim("lamps", rows, mac="a0b765123456")
    done = list(register.register(plan, book, _cloud(platform), wait=lambda _: None))[-1]
    assert (done.total, done.created) == (1, 1)
    assert platform.console.device(KEY, "a0b765123456").secret


def test_access_key_file_is_used_and_not_shown(workshop: Workshop, platform: Platform):
    batch = workshop.batch(rows=ROWS)
    key = boards.access_key(platform, workshop.folder)
    endpoint = f"http://127.0.0.1:{platform.openapi_port}"
    arguments = ["register", str(batch), "--endpoint", endpoint, "--access-key", str(key)]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output.splitlines()[-1])["created"] == 5
    again = CliRunner().invoke(app, arguments)
    assert "0 created now, 5 existed already." in again.output
    assert platform.access_key.secret not in done.output + again.output


def test_wrong_access_key_is_one_sentence(workshop: Workshop, platform: Platform):
    cloud = Cloud(f"http://127.0.0.1:{platform.openapi_port}", AccessKey("id", "hush-hush"))
    with pytest.raises(CloudError, match="BatchCheckDeviceNames was refused") as caught:
        cloud.check(KEY, ["lamp-0001"])
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(AccessKey("id", "hush-hush"))


def test_unreachable_endpoint_is_one_sentence():
    cloud = Cloud("http://127.0.0.1:9", AccessKey("id", "secret"))
    with pytest.raises(CloudError, match="does not respond to BatchCheckDeviceNames"):
        cloud.check(KEY, ["lamp-0001"])


def test_key_file_that_others_read_is_refused(tmp_path: Path):
    file = tmp_path / "access.json"
    file.write_text('{"id": "x", "secret": "hush-hush"}')
    file.chmod(0o640)
    with pytest.raises(CloudError, match="others can read it: chmod 600") as caught:
        AccessKey.find(file)
    assert "hush" not in str(caught.value)
    file.chmod(0o600)
    assert AccessKey.find(file).secret == "hush-hush"


@pytest.mark.parametrize("text", ["", "hush-hush", '{"id": "x"}', '["hush-hush"]'])
def test_malformed_key_file_is_not_repeated(tmp_path: Path, text):
    file = tmp_path / "access.json"
    file.touch(0o600)
    file.write_text(text)
    with pytest.raises(CloudError, match="access key") as caught:
        AccessKey.find(file)
    assert "hush" not in str(caught.value)


def test_key_file_may_have_byte_order_mark(tmp_path: Path):
    file = tmp_path / "access.json"
    file.touch(0o600)
    file.write_text('{"id": "x", "secret": "y"}', encoding="utf-8-sig")
    assert AccessKey.find(file) == AccessKey("x", "y")


def test_without_a_key_the_variables_are_named(monkeypatch):
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID", raising=False)
    with pytest.raises(CloudError, match="ALIBABA_CLOUD_ACCESS_KEY_ID"):
        AccessKey.find(None)
