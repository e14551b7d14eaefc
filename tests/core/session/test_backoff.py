"""backoff.py: backoff, jitter, five connects a minute, sessions that push each other out."""

from alink.session import backoff


def _middle(limit):
    """Return the random number that makes the jitter nothing."""
    return limit // 2


def _failures(count, refused=False):
    memory = backoff.fresh()
    return [backoff.failed(memory, 0, refused, _middle) for _ in range(count)]


def test_failures_double_the_wait_up_to_five_minutes():
    waits = _failures(10)
    assert waits[:5] == [2000, 4000, 8000, 16000, 32000]
    assert max(waits) == 300000


def test_refusals_wait_half_a_minute_to_an_hour():
    waits = _failures(10, True)
    assert waits[0] == 30000
    assert max(waits) == 3600000


def test_jitter_is_a_quarter_either_way():
    assert backoff.failed(backoff.fresh(), 0, random=lambda limit: 0) == 1500
    assert backoff.failed(backoff.fresh(), 0, random=lambda limit: limit - 1) == 2500


def test_login_resets_the_doubling():
    memory = backoff.fresh()
    for _ in range(5):
        backoff.failed(memory, 0, random=_middle)
    backoff.online(memory, 0)
    assert backoff.failed(memory, 0, random=_middle) == 2000


def test_sixth_connect_waits_until_a_minute_has_passed():
    memory = backoff.fresh()
    assert [backoff.dialled(memory, now) for now in range(0, 40000, 10000)] == [0, 0, 0, 0]
    assert backoff.dialled(memory, 40000) == 20000
    assert backoff.failed(memory, 50000, random=_middle) == 10000
    assert backoff.lost(memory, 55000, _middle) == (5000, False)
    assert backoff.dialled(memory, 60000) == 10000


def test_three_short_sessions_lengthen_the_wait():
    memory = backoff.fresh()
    waits = []
    for _ in range(8):
        backoff.online(memory, 0)
        waits.append(backoff.lost(memory, 5000, _middle))
    assert waits[:2] == [(2000, False), (2000, False)]
    assert waits[2:] == [(ms, True) for ms in (60000, 120000, 240000, 480000, 600000, 600000)]


def test_a_long_session_clears_the_suspicion():
    memory = backoff.fresh()
    for end in (5000, 5000, 40000, 5000):
        backoff.online(memory, 0)
        assert backoff.lost(memory, end, _middle) == (2000, False)
