"""The certificate of a sub-device in a file, for the tool that programs its chip.

docs/reference/production-line.md, "Sub-devices". A gateway connects the sub-device, so the
certificate is ProductKey, DeviceName and the ProductSecret, or the DeviceSecret, and no more.
"""

from __future__ import annotations

import csv
import io
import json

from alink_factory.batch import secret
from alink_factory.batch.batch_file import NONE
from alink_factory.batch.plan import Plan
from alink_factory.batch.rows import Row
from alink_factory.errors import BatchError
from alink_factory.job.export import MergedImage
from alink_factory.job.export import note as export_note
from alink_factory.ledger import Ledger
from alink_formats import identity as identities
from alink_formats.identity import Identity, IdentityError

FORMATS = ("record", "json", "csv")
_FIELDS = ("product_key", "device_name", "product_secret", "device_secret")


def export(plan: Plan, ledger: Ledger, *, row: str, form: str) -> MergedImage:
    """Return the file of a sub-device in one of FORMATS; `row` is its DeviceName or key.

    The ledger notes who exported it. Raises BatchError if the batch has no such sub-device, or
    no secret for it.
    """
    rows = (one for one in plan.rows if one.kind == "subdevice")
    chosen = next((one for one in rows if row in (one.device_name, one.key)), None)
    if chosen is None:
        raise BatchError(f"batch {plan.batch.name} has no row {row!r} of kind subdevice")
    certificate = _certificate(plan, chosen)
    try:
        record = identities.encode(certificate)
    except IdentityError as error:
        raise BatchError(f"line {chosen.csv_line}: {error}") from error
    export_note(plan, ledger, chosen, record=identities.digest(record))
    data = record if form == "record" else _text(certificate, form).encode()
    return MergedImage(chosen.device_name, 0, data)


def _certificate(plan: Plan, row: Row) -> Identity:
    key, name = row.product_key, row.device_name
    if row.device_secret:
        return Identity(product_key=key, device_name=name, device_secret=row.device_secret)
    source = plan.batch.secrets.get(key, NONE)
    if source == NONE:
        raise BatchError(
            f"{name} has no secret to burn: name the source of the ProductSecret of {key} in "
            "[secrets], or write a DeviceSecret into its row"
        )
    shared = secret.read(source, what=f"ProductSecret of {key}", folder=plan.batch.folder)
    return Identity(product_key=key, device_name=name, product_secret=shared)


def _text(certificate: Identity, form: str) -> str:
    # Names as the vendor's SDKs have them in JSON, and as the rows of a batch have them in CSV.
    values = {name: getattr(certificate, name) for name in _FIELDS}
    named = {identities.field_name(name): value for name, value in values.items() if value}
    if form == "json":
        lowered = {name[0].lower() + name[1:]: value for name, value in named.items()}
        return json.dumps(lowered, indent=2) + "\n"
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([named.keys(), named.values()])
    return text.getvalue()
