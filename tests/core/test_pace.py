"""pace.py: backoff, jitter, five connects a minute, sessions that push each other out."""

from alink.pace import Pace


def _middle(limit):
    return limit // 2  # No jitter: the middle of the range.


def test_the_first_connect_may_go_at_once():
    assert Pace(_middle).delay(0) == 0


def test_failures_double_the_wait_up_to_five_minutes():
    pace = Pace(_middle)
    waits = [pace.failed(0) for _ in range(10)]
    assert waits[:5] == [2000, 4000, 8000, 16000, 32000]
    assert max(waits) == 300000


def test_refusals_wait_from_half_a_minute_to_an_hour():
    pace = Pace(_middle)
    waits = [pace.failed(0, True) for _ in range(10)]
    assert waits[0] == 30000
    assert max(waits) == 3600000


def test_jitter_is_a_quarter_either_way():
    assert Pace(lambda limit: 0).failed(0) == 1500
    assert Pace(lambda limit: limit - 1).failed(0) == 2500


def test_a_login_starts_the_doubling_anew():
    pace = Pace(_middle)
    for _ in range(5):
        pace.failed(0)
    pace.online(0)
    assert pace.delay(0) == 0
    assert pace.failed(0) == 2000


def test_a_sixth_connect_waits_for_the_minute_of_the_first_to_pass():
    pace = Pace(_middle)
    for now in range(0, 50000, 10000):
        assert pace.delay(now) == 0
        pace.dialled(now)
    assert pace.delay(50000) == 10000
    assert pace.delay(60000) == 0


def test_the_wait_counts_down():
    pace = Pace(_middle)
    pace.failed(1000)
    assert pace.delay(1500) == 1500
    assert pace.delay(3000) == 0


def test_three_short_sessions_in_a_row_are_another_board():
    pace = Pace(_middle)
    for expected in (False, False, True):
        pace.online(0)
        assert pace.lost(5000) is expected
    assert pace.delay(5000) == 600000


def test_a_long_session_clears_the_suspicion():
    pace = Pace(_middle)
    for end in (5000, 5000, 40000, 5000):
        pace.online(0)
        assert pace.lost(end) is False
