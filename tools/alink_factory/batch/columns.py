"""The columns of a batch's CSV: each known name in lower case, and the field of a row it fills."""

from __future__ import annotations

COLUMNS = {
    "productkey": "product_key",
    "devicename": "device_name",
    "devicesecret": "device_secret",
    "serialnumber": "serial",
    "imei": "serial",
    "mac": "mac",
    "kind": "kind",
    "gateway": "gateway",
    "subproducts": "sub_products",
    # The names in other exports and in the vendor's console.
    "pk": "product_key",
    "产品标识": "product_key",
    "设备名称": "device_name",
    "设备名": "device_name",
    "设备密钥": "device_secret",
    "sn": "serial",
    "serial": "serial",
    "serialno": "serial",
    "序列号": "serial",
    "macaddress": "mac",
    "mac地址": "mac",
    "网关": "gateway",
}
