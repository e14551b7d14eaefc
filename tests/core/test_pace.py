"""pace.py: backoff, jitter, five connects a minute, sessions that push each other out."""

from alink import pace


def _middle(limit):
    """Return the random number that makes the jitter nothing."""
    return limit // 2


def _failures(count, refused=False):
    memory = pace.fresh()
    return [pace.failed(memory, 0, _middle, refused) for _ in range(count)]


def test_failures_double_the_wait_up_to_five_minutes():
    waits = _failures(10)
    assert waits[:5] == [2000, 4000, 8000, 16000, 32000]
    assert max(waits) == 300000


def test_refusals_wait_from_half_a_minute_to_an_hour():
    waits = _failures(10, True)
    assert waits[0] == 30000
    assert max(waits) == 3600000


def test_jitter_is_a_quarter_either_way():
    assert pace.failed(pace.fresh(), 0, lambda limit: 0) == 1500
    assert pace.failed(pace.fresh(), 0, lambda limit: limit - 1) == 2500


def test_a_login_starts_the_doubling_anew():
    memory = pace.fresh()
    for _ in range(5):
        pace.failed(memory, 0, _middle)
    pace.online(memory, 0)
    assert pace.failed(memory, 0, _middle) == 2000


def test_a_sixth_connect_waits_for_the_minute_of_the_first_to_pass():
    memory = pace.fresh()
    assert [pace.dialled(memory, now) for now in range(0, 40000, 10000)] == [0, 0, 0, 0]
    assert pace.dialled(memory, 40000) == 20000
    assert pace.failed(memory, 50000, _middle) == 10000
    assert pace.lost(memory, 55000, _middle) == (5000, False)
    assert pace.dialled(memory, 60000) == 10000


def test_after_three_short_sessions_in_a_row_the_silence_grows():
    memory = pace.fresh()
    waits = []
    for _ in range(8):
        pace.online(memory, 0)
        waits.append(pace.lost(memory, 5000, _middle))
    assert waits[:2] == [(2000, False), (2000, False)]
    assert waits[2:] == [(ms, True) for ms in (60000, 120000, 240000, 480000, 600000, 600000)]


def test_a_long_session_clears_the_suspicion():
    memory = pace.fresh()
    for end in (5000, 5000, 40000, 5000):
        pace.online(memory, 0)
        assert pace.lost(memory, end, _middle) == (2000, False)
