"""What follows a refused login, by the application's policy. Loaded only then."""

from .. import heap
from ..errors import StoreError


def refused(error, policy, log):
    """Log that a login was refused; return whether the policy gives the credential up.

    Raises the error under "stop".
    """
    log(
        "login refused, CONNACK %d (%s); see in the console that the device is enabled and was "
        "not reset or cleared" % (error.code, error)
    )
    if policy == "stop":
        raise error
    return policy == "reregister"


def reset(fields, log):
    """Erase the credential and reset the board: a first boot needs the heap that a reset gives.

    A boot sets the `fields` of a device to None. Raises StoreError if the board could not register
    then, and RuntimeError for a `Device` that never had an identity: it must not erase that of the
    board.
    """
    import machine

    if fields is not None:
        raise RuntimeError("this Device has no identity; make it with Device.from_flash()")

    if "ProductSecret" not in heap.call("boot.identity", "burned", log)[0]:
        raise StoreError(
            "the platform refuses this board's credential, and without a ProductSecret the board "
            "cannot register again: enable the device in the console, or burn the board again"
        )
    heap.call("boot.store", "forget")
    machine.reset()
