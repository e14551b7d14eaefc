"""How the cloud API says no: at the gateway with an HTTP status, in an action with `Success`.

docs/protocol.md, section "Cloud API". The codes are the vendor's, the sentences ours.
"""

from __future__ import annotations


class GatewayError(Exception):
    """A request never got to its action; `reason` is for the event log."""

    def __init__(self, status: int, code: str, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.reason = reason or message


class ApiError(Exception):
    """An action refuses; `answer` is what it says beside code and message."""

    def __init__(self, code: str, message: str = "", **answer: object) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or _MESSAGES[code]
        self.answer = answer


def missing(name: str) -> GatewayError:
    """Return what a request without a mandatory parameter is refused with."""
    return GatewayError(400, f"Missing{name}", f"{name} is mandatory for this action.")


_MESSAGES = {
    "iot.Sre.IotInstanceNotFound": "there is no instance with this IotInstanceId",
    "iot.common.InvalidPageParams": "CurrentPage counts from 1, PageSize is 1 to 50",
    "iot.prod.NullProductKey": "ProductKey is empty",
    "iot.prod.NotExistedProduct": "there is no product with this ProductKey in the instance",
    "iot.device.NullDeviceName": "DeviceName is empty",
    "iot.device.NotExistedDevice": "there is no such device in the instance",
    "iot.device.AlreadyExistedDeviceName": "the product has a device with this DeviceName",
    "iot.device.InvalidFormattedDeviceName": "a DeviceName is 4 to 32 of letters, digits, -_@.:",
    "iot.device.NoneDeviceNameElement": "the list of DeviceNames is empty",
    "iot.device.DeviceCountExceeded": "a batch has 1 to 10000 devices",
    "iot.device.DeviceApplyIsNotFound": "there is no application with this ApplyId",
    "iot.device.IncorrentDeviceApplyInfo": "the names were not checked, or failed the check",
    "iot.device.InactiveDevice": "the device has never been online",
    "iot.messagebroker.NullTopicName": "the topic is empty",
    "iot.messagebroker.InvalidFormattedTopicName": "the topic is none that a device may have",
    "iot.messagebroker.NullMessageContent": "the message is empty",
    "iot.messagebroker.MessageContentIsNotBase64Encode": "the message is not Base64",
    "iot.messagebroker.InvalidTimeoutValue": "Timeout takes 1000 to 8000 ms",
    "iot.system.SystemException": "the platform failed; try again",
}
