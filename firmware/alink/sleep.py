"""Deep sleep between two sessions: the clock runs on, the credential is stored."""


def sleep(device, ms):
    """Leave the platform in good order and sleep for `ms`; the board then boots again.

    A QoS 1 message that is not acknowledged yet is lost, unless it is in an `Outbox` with a
    path. RTC memory (`machine.RTC().memory()`) is kept. Does not return.
    """
    import machine

    if not isinstance(ms, int) or ms < 0:
        raise ValueError("sleep is for %r; allowed are milliseconds from 0" % (ms,))
    device.close()
    machine.deepsleep(ms)
