"""Remote config: replies to a device, and the push of a new config to all devices."""

from __future__ import annotations

import hashlib
import json
import ssl
import urllib.error
import urllib.request

import pytest

from alink_sim.platform.topics.remote_config import ConfigError
from tests.platform.online import Online, online
from tests.platform.wire import publish
from tests.waiting import PATIENCE

__all__ = ["online"]

GET = "thing/config/get"
ASKED = b'{"id":"7","version":"1.0","params":{"configScope":"product","getType":"file"}}'
URL = "https://files.example/c"


def test_config_has_its_size_and_digest(online: Online):
    content = b'{"rate":1}'
    assert online.platform.cloud.set_config(online.party.product.key, content, url=URL) == 1
    topic, pushed, _ = online.wire.read_publish()
    assert topic.endswith("/thing/config/push")
    told = json.loads(online.ask(GET, ASKED))
    assert (told["code"], told["data"]) == (200, pushed["params"])
    assert pushed["params"] == {
        "configId": pushed["params"]["configId"],
        "configSize": 10,
        "sign": hashlib.sha256(content).hexdigest(),
        "signMethod": "Sha256",
        "url": URL,
        "getType": "file",
    }
    online.wire.send(
        publish(f"{topic}_reply", b'{"id":"%s","code":200,"data":{}}' % pushed["id"].encode())
    )
    answered = online.platform.expect("answered")
    assert (answered.detail["id"], answered.detail["answer"]) == (pushed["id"], 200)


def test_missing_and_deleted_config_have_different_codes(online: Online):
    assert json.loads(online.ask(GET, ASKED))["code"] == 6713
    online.platform.cloud.set_config(online.party.product.key, b"{}", url=URL)
    online.wire.read_publish()
    online.platform.cloud.forget_config(online.party.product.key)
    assert json.loads(online.ask(GET, ASKED))["code"] == 6710


@pytest.mark.parametrize("params", [b"[]", b'{"configScope":"device"}', b"{}"])
def test_any_other_question_is_answered_460(online: Online, params: bytes):
    assert json.loads(online.ask(GET, b'{"id":"7","params":%s}' % params))["code"] == 460


def test_config_above_64_kb_is_refused(online: Online):
    with pytest.raises(ConfigError, match="at most 65536 bytes, this one 65537"):
        online.platform.cloud.set_config(online.party.product.key, bytes(65537), url=URL)
    assert json.loads(online.ask(GET, ASKED))["code"] == 6713


def test_config_without_url_is_served_by_the_platform(online: Online):
    content = b'{"rate":2}'
    online.platform.cloud.set_config(online.party.product.key, content)
    online.wire.read_publish()
    url = json.loads(online.ask(GET, ASKED))["data"]["url"]
    context = ssl.create_default_context(cafile=online.platform.ca_pem)
    with urllib.request.urlopen(url, context=context, timeout=PATIENCE) as response:
        assert response.read() == content
    online.platform.cloud.forget_config(online.party.product.key)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(url, context=context, timeout=PATIENCE)
