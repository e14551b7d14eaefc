"""Access keys of the cloud API: made once for a state directory, or fixed in the set-up file."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from alink_sim.platform import Platform
from alink_sim.platform.control import setup_file
from alink_sim.platform.openapi import keys
from alink_sim.platform.openapi.keys import AccessKeyError
from tests.platform.api_calls import PK, Ask, asking, client, done

Make = Callable[..., Platform]


def test_state_directory_has_a_private_access_key(
    tmp_path: Path, make_platform: Make, ask: Ask
) -> None:
    first = make_platform(state=tmp_path / "a")
    path = tmp_path / "a" / keys.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {
        "AccessKeyId": first.access_key.id,
        "AccessKeySecret": first.access_key.secret,
    }
    assert first.access_key.secret not in repr(first.access_key)
    first.stop()
    again, other = make_platform(state=tmp_path / "a"), make_platform(state=tmp_path / "b")
    assert again.access_key == first.access_key
    assert other.access_key != first.access_key
    again.console.create_product(key=PK)
    done(asking(client(again))("RegisterDevice", product_key=PK))


@pytest.mark.parametrize("content", ["{", "[]", '{"AccessKeyId":"a"}', '{"AccessKeyId":1}'])
def test_file_without_access_key_raises_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / keys.FILE).write_text(content)
    with pytest.raises(AccessKeyError, match="holds no access key: remove it"):
        keys.kept(tmp_path)
    assert (tmp_path / keys.FILE).read_text() == content


def test_keys_of_setup_file_and_platform_both_work(make_platform: Make, ask: Ask) -> None:
    platform = make_platform()
    document = {
        "product": [{"key": PK}],
        "access_key": [{"id": "LTAIfixed", "secret": "SeCrEt+/=fixed"}],
    }
    setup = setup_file.parse(document, where="w")
    assert "SeCrEt" not in repr(setup)
    setup_file.apply(platform, setup)
    for changes in ({}, {"access_key_id": "LTAIfixed", "access_key_secret": "SeCrEt+/=fixed"}):
        done(asking(client(platform, **changes))("RegisterDevice", product_key=PK))
    called = [one.detail["access_key_id"] for one in platform.events(kind="api_called")]
    assert called == [platform.access_key.id, "LTAIfixed"]
