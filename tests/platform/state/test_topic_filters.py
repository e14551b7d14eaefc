"""Topic filters, by the examples of MQTT 3.1.1, 4.7."""

from __future__ import annotations

import pytest

from alink_sim.platform.state import topic_filters


@pytest.mark.parametrize(
    ("topic_filter", "topic", "fits"),
    [
        ("/a/b", "/a/b", True),
        ("/a/b", "/a/bc", False),
        ("/a/+", "/a/b", True),
        ("/a/+", "/a/b/c", False),
        ("/a/+/c", "/a/b/c", True),
        ("/a/#", "/a/b/c", True),
        ("/a/#", "/a", True),
        ("/a/b/c", "/a/b", False),
    ],
)
def test_filter_matches_as_mqtt_specifies(topic_filter, topic, fits):
    assert topic_filters.matches(topic_filter, topic) is fits
