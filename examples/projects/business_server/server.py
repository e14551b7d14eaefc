"""A business server: it switches a lamp through the cloud API, with Alibaba's own client."""

import json
import os

from alibabacloud_iot20180120.client import Client
from alibabacloud_iot20180120.models import (
    QueryDevicePropertyStatusRequest,
    SetDevicePropertyRequest,
)
from alibabacloud_tea_openapi.models import Config


def connect(endpoint, access_key_id, access_key_secret, protocol="https"):
    """Return a client; the live platform's endpoint is iot.cn-shanghai.aliyuncs.com."""
    return Client(
        Config(
            access_key_id=access_key_id,
            access_key_secret=access_key_secret,
            endpoint=endpoint,
            protocol=protocol,
        )
    )


def switch(client, instance, product_key, device_name, on):
    """Ask a lamp to switch; return whether the platform took the request."""
    request = SetDevicePropertyRequest(
        iot_instance_id=instance,
        product_key=product_key,
        device_name=device_name,
        items=json.dumps({"on": int(on)}),
    )
    return client.set_device_property(request).body.success


def is_on(client, instance, product_key, device_name):
    """Return what the lamp reported last."""
    request = QueryDevicePropertyStatusRequest(
        iot_instance_id=instance, product_key=product_key, device_name=device_name
    )
    listed = client.query_device_property_status(request).body.data.list.property_status_info
    return {one.identifier: one.value for one in listed}.get("on") == "1"


if __name__ == "__main__":
    lamp = (os.environ["INSTANCE_ID"], os.environ["PRODUCT_KEY"], os.environ["DEVICE_NAME"])
    cloud = connect(
        os.environ["ENDPOINT"],
        os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
    )
    print("taken:", switch(cloud, *lamp, on=True))
