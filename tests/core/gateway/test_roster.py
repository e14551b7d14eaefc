"""roster.py: what is due for which sub-device, and never more than the platform allows."""

from time import ticks_add, ticks_diff

from alink.gateway import roster
from alink.gateway.roster import EMPTY, LEAVING, NAMED, ONLINE, REGISTERED, RELATED, Roster
from check import raises

MINUTE = 60000
MARK = roster.mark_of(b"a1SubPk0001", b"sub-0001")


def _roster(count, stage, now=0):
    book = Roster()
    for number in range(count):
        slot = book.put(number, stage, now)
        book.want(slot, now)
    return book


def test_mark_of_a_name_fits_small_int():
    # A larger one would be allocated at each comparison on an ESP32.
    assert 0 <= MARK < 1 << 30
    assert roster.mark_of(b"a1SubPk0001", b"sub-0002") != MARK


def test_marks_find_names_and_slots_are_reused():
    book = _roster(3, NAMED)
    assert (book.find(1), book.find(9)) == ([1], [])
    book.leave(1, 0, EMPTY)
    assert book.find(1) == []
    assert book.put(9, NAMED, 0) == 1
    assert book.put(8, NAMED, 0) == 3
    assert len(book) == 4


def test_request_takes_due_slots_of_one_stage():
    book = _roster(5, NAMED)
    book.move(1, REGISTERED, 0)
    assert book.next(0, 3) == (NAMED, [0, 2, 3], 3600000)
    for slot in (0, 2, 3, 4):
        book.move(slot, REGISTERED, 0)
    assert book.next(0, 50)[:2] == (REGISTERED, [0, 1, 2, 3, 4])


def test_unwanted_sub_device_has_nothing_due():
    book = Roster()
    for stage in (NAMED, REGISTERED, RELATED):
        book.put(1, stage, 0)
    assert book.next(0, 9)[:2] == (0, [])
    book.want(2, 0)
    assert book.next(0, 9)[:2] == (RELATED, [2])
    book.move(2, ONLINE, 0)
    assert book.next(0, 9)[:2] == (0, [])
    book.leave(2, 0)
    assert book.next(0, 9)[:2] == (ONLINE, [2])  # To be logged out.


def test_leaving_slot_is_due_until_wanted_again():
    book = _roster(2, ONLINE)
    book.leave(0, 0, LEAVING)
    book.move(0, RELATED, 0)  # The reply to a request sent before it left.
    assert book.next(0, 9)[:2] == (LEAVING, [0])
    book.want(0, 0)
    assert book.next(0, 9)[:2] == (RELATED, [0])


def test_one_that_goes_alone_does_so():
    book = _roster(3, RELATED)
    book.alone(1)
    assert book.next(0, 9)[1] == [0, 2]
    book.alone(0)
    assert book.next(0, 9)[1] == [0]


def test_refusals_wait_from_fifteen_seconds_to_an_hour():
    book = _roster(1, NAMED)
    now, waits = 0, []
    for _ in range(10):
        book.refuse(0, now, 6100)
        stage, slots, wait = book.next(now, 9)
        assert (stage, slots) == (0, [])
        waits.append(wait)
        now = ticks_add(now, wait)
        assert book.next(now, 9)[1] == [0]
    assert waits[:4] == [15000, 30000, 60000, 120000]
    assert waits[-1] == 3600000
    assert book.code(0) == 6100
    book.want(0, now)
    assert book.code(0) == 0


def test_refused_slot_does_not_block_the_others():
    book = _roster(3, NAMED)
    book.refuse(0, 0, 6100)
    assert book.next(0, 9)[1] == [1, 2]


def test_disabled_slot_waits_for_wake_or_next_session():
    book = _roster(1, ONLINE)
    assert book.park(0)
    assert not book.park(0)
    assert book.stage(0) == RELATED
    assert book.next(0, 9)[1] == []
    assert book.wake(0, 5)
    assert not book.wake(0, 5)
    assert book.next(5, 9)[1] == [0]
    book.park(0)
    book.lost(9)
    assert book.next(9, 9)[1] == [0]


def test_going_back_a_stage_is_done_once():
    book = _roster(1, RELATED)
    assert book.once(0, roster.REJOINED, REGISTERED, 0)
    assert book.next(0, 9)[:2] == (REGISTERED, [0])
    book.move(0, RELATED, 0)
    assert not book.once(0, roster.REJOINED, REGISTERED, 0)
    book.move(0, ONLINE, 0)
    assert book.once(0, roster.REJOINED, REGISTERED, 0)


def test_at_most_five_logins_run_per_minute():
    for start in (0, (1 << 30) - 30000):  # Ticks go round in between.
        book = _roster(1, RELATED, start)
        now, logins = start, []
        while ticks_diff(now, start) < 10 * MINUTE:
            _stage, slots, wait = book.next(now, 9)
            if slots:
                book.charge(0, now)
                logins.append(ticks_diff(now, start))
                book.lost(now)  # And the session is gone at once.
            else:
                assert 0 < wait <= 21000
                now = ticks_add(now, wait)
        for at in logins:
            # Closed at both ends: the platform may see two of them closer than we sent them.
            within = [one for one in logins if at <= one <= at + MINUTE]
            assert len(within) <= 5, within
        assert logins[:3] == [0, 0, 0]
        assert len(logins) > 25


def test_slot_without_heap_is_allocated_later():
    class Short:
        def append(self, code):
            raise MemoryError("short")

    book = Roster()
    book._codes, usual = Short(), book._codes
    raises(MemoryError, book.put, 7, NAMED, 0)
    book._codes = usual
    assert book.put(7, NAMED, 0) == 0
    assert book.put(8, RELATED, 0) == 1
    book.refuse(1, 0, 6100)
    assert (len(book), book.find(8), book.code(0), book.code(1)) == (2, [1], 0, 6100)
