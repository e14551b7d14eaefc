"""The cloud API through Alibaba's own client: create, register, query and reset devices.

The access key comes from the environment or from a file, never from an argument.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alink_factory.errors import CloudError

MOST = 10_000  # Names of one call.
MOST_STATES = 50  # Names of one call of `states`.

_ID, _SECRET = "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"

_CONNECT_MS, _READ_MS = 30_000, 60_000

_EXISTS = "iot.device.AlreadyExistedDeviceName"
_MISSING = "iot.device.NotExistedDevice"
_PRIVATE = 0o077  # Bits of a file mode that let others read it.


class _RefusalError(CloudError):
    """The platform refused a call; `code` and `data` are those of its response."""

    def __init__(self, message: str, code: str, data: dict[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


@dataclass(frozen=True)
class AccessKey:
    """The access key of the account. Its repr shows no secret."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def find(cls, file: Path | None) -> AccessKey:
        """Return the key in `file` (JSON: id and secret), or the one in the environment.

        Raises CloudError.
        """
        if file is None:
            key, secret = os.environ.get(_ID, ""), os.environ.get(_SECRET, "")
            if not key or not secret:
                raise CloudError(
                    f"the access key is missing: set {_ID} and {_SECRET}, or name a file with "
                    "--access-key"
                )
            return cls(key, secret)
        try:
            if os.name == "posix" and file.stat().st_mode & _PRIVATE:
                raise CloudError(f"access key {file}: others can read it: chmod 600 {file}")
            content = json.loads(file.read_text(encoding="utf-8-sig"))
            return cls(str(content["id"]), str(content["secret"]))
        except OSError as error:
            raise CloudError(f"access key {file}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError):
            # The content may be the secret: the message does not repeat it.
            raise CloudError(
                f'access key {file}: write {{"id": "…", "secret": "…"}} into it'
            ) from None


class Cloud:
    """One account at one endpoint: "http://127.0.0.1:1234", or a host name, which is HTTPS.

    `instance` is the id of an Enterprise instance, empty for the public one. The methods raise
    CloudError.
    """

    def __init__(self, endpoint: str, key: AccessKey, *, instance: str = "") -> None:
        from alibabacloud_iot20180120.client import Client  # noqa: PLC0415  slow
        from alibabacloud_tea_openapi.models import Config  # noqa: PLC0415

        protocol, _, host = endpoint.rpartition("://")
        self._endpoint = endpoint
        self._instance = instance
        self._client = Client(
            Config(
                access_key_id=key.id,
                access_key_secret=key.secret,
                endpoint=host,
                protocol=protocol or "https",
                # The library's 5 and 10 s are short for 10,000 names, or for a busy line PC.
                connect_timeout=_CONNECT_MS,
                read_timeout=_READ_MS,
            )
        )

    def check(self, product_key: str, names: Sequence[str]) -> tuple[str, dict[str, str]]:
        """Submit names for registration; return the ApplyId and the refused names with reasons.

        The ApplyId is empty if the call itself refuses names; otherwise call `status`.
        """
        try:
            data = self._ask(
                "batch_check_device_names",
                "BatchCheckDeviceNames",
                product_key=product_key,
                device_name=list(names),
            )
        except _RefusalError as error:
            taken = (error.data.get("RepeatedDeviceNameList") or {}).get("RepeatedDeviceName")
            taken = taken or (error.data.get("RepeatedDeviceNameList") or {}).get(
                "RepeatDevieNameList"  # The vendor's spelling.
            )
            if not taken:
                raise
            return "", dict.fromkeys(taken, str(error))
        return str(data["ApplyId"]), {}

    def register(self, product_key: str, apply_id: str) -> None:
        """Register the names of an application that was checked."""
        self._ask(
            "batch_register_device_with_apply_id",
            "BatchRegisterDeviceWithApplyId",
            product_key=product_key,
            apply_id=int(apply_id),
        )

    def status(self, product_key: str, apply_id: str) -> tuple[str, dict[str, str]]:
        """Return the state of an application, and the failed names with reasons."""
        data = self._ask(
            "query_batch_register_device_status",
            "QueryBatchRegisterDeviceStatus",
            product_key=product_key,
            apply_id=int(apply_id),
        )
        invalid = (data.get("InvalidList") or {}).get("Name") or []
        details = (data.get("InvalidDetailList") or {}).get("invalidDetailList") or []
        whys = {one.get("DeviceName", ""): one.get("ErrorMsg", "") for one in details}
        return str(data["Status"]), {name: whys.get(name, "") for name in invalid}

    def create(self, product_key: str, name: str) -> str:
        """Create a device; return its DeviceSecret, "" if the device exists already."""
        try:
            data = self._ask(
                "register_device", "RegisterDevice", product_key=product_key, device_name=name
            )
        except _RefusalError as error:
            if error.code == _EXISTS:
                return ""
            raise
        return str(data["DeviceSecret"])

    def find(self, product_key: str, name: str) -> tuple[str, bool]:
        """Return the DeviceSecret of a device, and whether it was online before."""
        data = self._ask(
            "query_device_detail", "QueryDeviceDetail", product_key=product_key, device_name=name
        )
        return str(data["DeviceSecret"]), data["Status"] != "UNACTIVE" or bool(data["GmtActive"])

    def states(self, product_key: str, names: Sequence[str]) -> dict[str, str]:
        """Return the states of up to MOST_STATES devices by name; a missing one is left out.

        A state is UNACTIVE, ONLINE, OFFLINE or DISABLE.
        """
        try:
            body = self._call(
                "batch_get_device_state",
                "BatchGetDeviceState",
                product_key=product_key,
                device_name=list(names),
            )
        except _RefusalError as error:
            # One missing device refuses the call for all: ask for each half.
            if error.code != _MISSING:
                raise
            half = len(names) // 2
            parts = (names[:half], names[half:]) if half else ()
            return {
                name: state
                for part in parts
                for name, state in self.states(product_key, part).items()
            }
        listed = (body.get("DeviceStatusList") or {}).get("DeviceStatus") or []
        return {one["DeviceName"]: one["Status"] for one in listed}

    def reset(self, product_key: str, name: str) -> None:
        """Call ResetThing: the device may register again."""
        self._ask("reset_thing", "ResetThing", product_key=product_key, device_name=name)

    def _ask(self, method: str, action: str, **parameters: Any) -> dict[str, Any]:
        return dict(self._call(method, action, **parameters).get("Data") or {})

    def _call(self, method: str, action: str, **parameters: Any) -> dict[str, Any]:
        from alibabacloud_iot20180120 import models  # noqa: PLC0415  slow
        from Tea.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415
            TeaException,
            UnretryableException,
        )

        if self._instance:
            parameters["iot_instance_id"] = self._instance
        request = getattr(models, f"{action}Request")(**parameters)
        try:
            body = getattr(self._client, method)(request).body.to_map()
        except UnretryableException as error:
            inner = error.inner_exception
            if isinstance(inner, TeaException):
                raise CloudError(f"{action} was refused: {inner.code}: {_first(inner)}") from None
            raise CloudError(
                f"{self._endpoint} does not respond to {action} ({type(inner).__name__}): check "
                "the endpoint and the network"
            ) from None
        except TeaException as error:
            raise CloudError(f"{action} was refused: {error.code}: {_first(error)}") from None
        if not body.get("Success"):
            code, text = body.get("Code"), body.get("ErrorMessage")
            data = body.get("Data") or {}
            raise _RefusalError(f"{action} was refused: {code}: {text}", str(code), data)
        return dict(body)


def _first(error: Exception) -> str:
    return str(getattr(error, "message", "") or error).strip().split("\n")[0][:200]
