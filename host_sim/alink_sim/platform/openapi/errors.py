"""Refusals of the cloud API: a gate's have an HTTP status, an action's have `Success`.

docs/reference/protocol.md, "Cloud API". The codes are the vendor's, the sentences ours.
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
    """An action refuses; `response` is what it says beside code and message."""

    def __init__(self, code: str, message: str = "", **response: object) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or _MESSAGES[code]
        self.response = response


def missing(name: str) -> GatewayError:
    """Return what a request without a mandatory parameter is refused with."""
    return GatewayError(400, f"Missing{name}", f"{name} is mandatory for this action.")


def invalid(name: str) -> GatewayError:
    """Return what a request is refused with whose parameter has a value it cannot take."""
    return GatewayError(400, f"Invalid{name}", f"Specified parameter {name} is not valid.")


_MESSAGES = {
    "iot.Sre.IotInstanceNotFound": "there is no instance with this IotInstanceId",
    "iot.common.InvalidPageParams": "the page counts from 1, PageSize is 1 to 50 or more",
    "iot.system.SystemException": "the platform failed; try again",
    "iot.prod.AlreadyExistedProductName": "the instance has a product with this ProductName",
    "iot.prod.InvalidAliyunCommodityCode": "AliyunCommodityCode takes iothub or iothub_senior",
    "iot.prod.InvalidFormattedProductName": "ProductName takes 4 to 30 of letters, digits, _-@()",
    "iot.prod.InvalidNodeType": "NodeType takes 0 (device) or 1 (gateway)",
    "iot.prod.LongProductDesc": "Description takes up to 100 characters",
    "iot.prod.NotExistedProduct": "there is no product with this ProductKey in the instance",
    "iot.prod.NullProductKey": "ProductKey is empty",
    "iot.device.AlreadyExistedDeviceName": "the product has a device with this DeviceName",
    "iot.device.DeviceApplyIsNotFound": "there is no application with this ApplyId",
    "iot.device.DeviceCountExceeded": "there are too many devices, or none",
    "iot.device.InactiveDevice": "the device has never been online",
    "iot.device.IncorrentDeviceApplyInfo": "the names were not checked, or failed the check",
    "iot.device.InvalidFormattedDeviceName": "a DeviceName is 4 to 32 of letters, digits, -_@.:",
    "iot.device.InvalidFormattedDevicePropertiesString": "Props is not a JSON object",
    "iot.device.InvalidFormattedNickname": "a Nickname is 4 to 64 of letters, digits and _",
    "iot.device.LongDevicePropertiesString": "Props takes up to 5 KB",
    "iot.device.NoneDeviceNameElement": "the list of devices is empty",
    "iot.device.NotExistedFile": "the device has no file with this FileId",
    "iot.device.NotExistedDevice": "there is no such device in the instance",
    "iot.device.NullDeviceName": "DeviceName is empty",
    "iot.device.QueryTopoRelationFailed": "the device has no gateway",
    "iot.device.RemoveTopoRelationFailed": "the device has no gateway",
    "iot.device.TooManyDevicePropertiesPerTime": "a device has up to 100 tags",
    "iot.ota.AlreadyExistedFirmwareName": "there is a package with this FirmwareName",
    "iot.ota.AlreadyExistedModule": "the product has a module with this ModuleName",
    "iot.ota.DynamicJobExisted": "the package has a dynamic batch that is under way",
    "iot.ota.FirmwareInUse": "a batch of the package is under way: cancel it first",
    "iot.ota.FirmwareNotVerified": "the package has to be verified first",
    "iot.ota.FirmwareVerified": "the package is verified, or being verified",
    "iot.ota.InvalidJobStatus": "the batch is over",
    "iot.ota.InvalidTaskStatus": "the task is not in a status for that",
    "iot.ota.ModuleInUse": "the module has packages: delete them first",
    "iot.ota.NotDynamicJob": "the batch is static",
    "iot.ota.NotExistedFile": "nothing was uploaded to this URL, or more than an hour ago",
    "iot.ota.NotExistedFirmware": "there is no package with this FirmwareId",
    "iot.ota.NotExistedJob": "there is no batch with this JobId",
    "iot.ota.NotExistedModule": "the product has no module with this ModuleName",
    "iot.ota.NotExistedTask": "there is no task with this TaskId",
    "iot.ota.TooManyFirmwares": "an account has up to 500 packages",
    "iot.ota.TooManyModules": "a product has up to 10 modules beside the default",
    "iot.job.NotExistedJob": "there is no device job with this JobId",
    "iot.job.NotExistedTask": "there is no task of a device job with this TaskId",
    "iot.messagebroker.DesireInfoInShadowMessageIsNotJson": "desired is not an object",
    "iot.messagebroker.InvalidFormattedTopicName": "a device may not have this topic",
    "iot.messagebroker.InvalidTimeoutValue": "Timeout takes 1000 to 8000 ms",
    "iot.messagebroker.InvalidVersionValueInShadowMessage": "version is not above the shadow's",
    "iot.messagebroker.MessageContentIsNotBase64Encode": "the message is not Base64",
    "iot.messagebroker.MethodValueIsNotUpdate": "method is not update",
    "iot.messagebroker.NoneElementInDesire": "desired is empty",
    "iot.messagebroker.NotFoundDesireInShadowMessage": "state has no desired",
    "iot.messagebroker.NotFoundMethodInShadowMessage": "there is no method",
    "iot.messagebroker.NotFoundStateInShadowMessage": "there is no state",
    "iot.messagebroker.NotFoundVersionOrNullVersionValue": "there is no version",
    "iot.messagebroker.NullMessageContent": "the message is empty",
    "iot.messagebroker.ShadowMessageIsNotJson": "ShadowMessage is not a JSON object",
    "iot.messagebroker.ShadowMessageLengthIsLarge": "ShadowMessage takes up to 16 KB",
    "iot.messagebroker.TooManyElementInDesire": "a shadow has up to 128 desired values",
}
