"""The identity of a board that gets its own DeviceSecret: from the cloud, never from the product.

The device is created in the cloud after the ledger holds the row for this board. A run that ends
between the two, or between the cloud and the flash, is repeated as it is: a device that exists and
was never online is taken, so no name is lost. A device that was online belongs to a board already;
only that board, or the next one after a wipe, may have it.
"""

from __future__ import annotations

from alink_factory.batch.plan import Plan
from alink_factory.batch.rows import Row
from alink_factory.cloud.client import Cloud
from alink_factory.errors import BoardError, CloudError
from alink_factory.ledger import Ledger
from alink_formats import identity as identities
from alink_formats.identity import Identity

STEP = "registered"


def identity(
    plan: Plan, ledger: Ledger, cloud: Cloud | None, row: Row, *, record: str = "", port: str = ""
) -> Identity:
    """Return the identity to burn for a row, with its DeviceSecret from the cloud if it needs one.

    `record` is the digest that the ledger has of the identity on this board, "" without one. The
    sub-devices of a gateway are created too. Raises BoardError.
    """
    if not plan.needs_cloud(row):
        made = plan.identity(row)
    else:
        secret, was_online = _obtain(plan, ledger, cloud, row, port)
        made = plan.identity(row, device_secret=secret)
        is_same = record == identities.digest(identities.encode(made))
        if was_online and not is_same and not _is_blank(plan, ledger, row):
            raise BoardError(
                STEP,
                f"{row.device_name} was online before, and not on this board: the cloud has it as "
                "an active device",
                advice="Delete the device in the console if its board is gone, then plug this one "
                "in again.",
                is_final=True,
            )
    for sub in plan.sub_devices(row):
        _obtain(plan, ledger, cloud, sub, port)
    return made


def _obtain(
    plan: Plan, ledger: Ledger, cloud: Cloud | None, row: Row, port: str
) -> tuple[str, bool]:
    # Returns the DeviceSecret, and whether the device was online before.
    key, name = row.product_key, row.device_name
    if cloud is None:
        raise BoardError(
            STEP,
            f"the DeviceSecret of {name} comes from the cloud, and no access key is given",
            advice="Set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET, or use --access-key.",
            is_final=True,
        )
    try:
        secret = cloud.create(key, name)
        if not secret:
            return cloud.find(key, name)
    except CloudError as error:
        raise BoardError(
            STEP, str(error), advice="Nothing was written. Plug the board in again."
        ) from error
    ledger.note(
        STEP, batch=plan.batch.name, row=row.key, product_key=key, device_name=name, port=port
    )
    return secret, False


def _is_blank(plan: Plan, ledger: Ledger, row: Row) -> bool:
    # Whether the board that had this name last was wiped: then no flash holds its credential.
    ends = [
        entry.what
        for entry in ledger.entries(plan.batch.name)
        if (entry.product_key, entry.device_name) == (row.product_key, row.device_name)
        and entry.what in ("wiped", "scrapped")
    ]
    return ends[-1:] == ["wiped"]
