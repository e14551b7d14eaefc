"""MQTT topic filters: whether one is valid, and which topics it matches (MQTT 3.1.1, 4.7)."""

from __future__ import annotations


def is_valid(topic_filter: str) -> bool:
    """Tell whether `+` and `#` stand where MQTT allows them (4.7.1)."""
    levels = topic_filter.split("/")
    for level in levels[:-1]:
        if "#" in level:
            return False
    return all(level in ("+", "#") or not {"+", "#"} & set(level) for level in levels)


def matches(topic_filter: str, topic: str) -> bool:
    """Tell whether a filter, which may have `+` and `#`, matches a topic."""
    wanted, there = topic_filter.split("/"), topic.split("/")
    for at, level in enumerate(wanted):
        if level == "#":
            return True
        if at >= len(there) or level not in ("+", there[at]):
            return False
    return len(wanted) == len(there)
