"""The thing model (TSL): what the cloud sets and asks for, and what the device tells.

docs/reference/protocol.md, "TSL". Handlers are given by name:

    thing = Thing(device)

    @thing.property("TargetTemperature")
    def target(value):
        heater.target = value

    @thing.service("SelfTest")
    def self_test(inputs):
        return {"Passed": 1}
"""

import json

from . import heap
from .errors import AlinkError, RefusedError
from .topics import shown

compact = heap.load("envelope", True).compact

_METHOD = "thing.service."


class Thing:
    """The properties, services and events of one device."""

    def __init__(self, device, model=None):
        """`model` is the file of a thing model. Values that it does not allow are then refused:
        the cloud's with 460, the program's own with ValueError, also in `device.post_properties`.
        """
        self._device = device
        self._model = None
        if model:
            from .tsl import Model

            self._model = Model(model)
            device.post_properties = self.post
        self._properties = {}
        self._services = {}
        device.subscribe("thing/service/property/set", self.take)
        device.subscribe("thing/service/+", self.take)
        device.subscribe("rrpc/request/+", self.take)
        device.subscribe(b"/ext/rrpc/+" + device.topic("thing/service/+"), self.take)

    def property(self, name):
        """Handle sets of a property by the cloud with the decorated `handler(value)`.

        Its return value, unless None, is posted as the property's new value. ValueError says
        that a value is not allowed. Raises TypeError or ValueError for a handler that the cloud
        could not reach.
        """
        return self._keep(self._properties, "property", name)

    def service(self, name):
        """Handle calls of a service by the cloud with the decorated `handler(inputs)`.

        It returns the outputs, a dict, or None without outputs. ValueError says that an input is
        not allowed. The reply to RefusedError(code, text) has its code (429 busy, your own from
        100000 to 110000), the reply to any other exception has 400, and the exception is logged.
        Raises what `property` does.
        """
        return self._keep(self._services, "service", name)

    def post(self, values, qos=0, on_reply=None):
        """Post {identifier: value, or {"value": value, "time": ms since 1970}}; see `request`."""
        self.check(values)
        return self._device.request("event/property/post", values, qos, on_reply)

    def check(self, values):
        """Raise TypeError or ValueError for values that `post` refuses."""
        if self._model:
            self._model.check_properties(values)

    def event(self, name, values, time=None, qos=0, on_reply=None):
        """Post an event; `values` is a dict, `time` is in ms since 1970; see `Device.request`."""
        if not isinstance(values, dict):
            heap.call("values", "check_event", name, values)
        if self._model:
            self._model.check_event(name, values)
        params = {"value": values}
        if time is not None:
            params["time"] = time
        return self._device.request("event/%s/post" % name, params, qos, on_reply)

    def take(self, topic, payload):
        """Carry out a call that came on a topic, and reply. The topics are subscribed already."""
        try:
            body = json.loads(payload)
            number, method = body["id"], body["method"]
        except (ValueError, KeyError, TypeError) as error:
            self._device._log("not an Alink call on %s: %r" % (shown(topic), error))
            return
        changed = {}
        code, data, message = self._carry_out(method, body.get("params"), changed)
        answer = {"id": number, "code": code, "data": data, "message": message}
        try:
            self._device.publish(_answer_topic(topic), compact(answer))
            if changed:
                self.post(changed)
        except (AlinkError, TypeError, ValueError) as error:
            # The latter two: a handler has returned a value that cannot be posted.
            self._device._log("%s not answered, or its value not posted: %s" % (method, error))

    def _keep(self, handlers, kind, name):
        def keep(handler):
            heap.call("wrong_names", "check_handler", self._model, kind, name, handler)
            handlers[name] = handler
            return handler

        return keep if isinstance(name, str) else keep(name)  # The latter raises.

    def _carry_out(self, method, inputs, changed):
        # Returns code, data and message of the answer; `changed` gets what is to be posted.
        name = method[len(_METHOD) :]
        try:
            if name == "property.set":
                self._set(inputs, changed)
                return 200, {}, "success"
            if name not in self._services:
                return 460, {}, "%s is not known here" % method
            if self._model:
                self._model.check_inputs(name, inputs or {})
            answer = self._services[name](inputs or {})
            if answer is None:
                answer = {}
            elif answer != {}:
                heap.call("values", "check_answer", name, answer, self._model)
            return 200, answer, "success"
        except ValueError as error:
            return 460, {}, str(error)
        except RefusedError as error:
            return error.code, {}, str(error)
        except Exception as error:
            # A mistake in an application's handler must not end the session.
            self._device._log("%s failed: %r" % (method, error))
            return 400, {}, "the device failed"

    def _set(self, values, changed):
        if not isinstance(values, dict):
            raise ValueError("params is not an object")  # noqa: TRY004  It is answered 460.
        for name in values:
            if name not in self._properties:
                raise ValueError("%s cannot be set" % name)
        self.check(values)
        for name, value in values.items():
            now = self._properties[name](value)
            if now is not None:
                changed[name] = now


def _answer_topic(topic):
    if topic.startswith(b"/ext/rrpc/"):
        return topic
    if b"/rrpc/request/" in topic:
        return topic.replace(b"/rrpc/request/", b"/rrpc/response/")
    return topic + b"_reply"
