# Runs the test functions of one core file: driver.py MODULE FUNCTION...
#
# Every line of the report starts with a record separator, so that a test may print what it likes:
#   {"start": name}    {"end": name, "fault": null or the traceback}
# A file that cannot be imported reports {"end": null, "fault": ...} and nothing else.
import io
import json
import sys

import shims

_SEPARATOR = "\x1e"


def report(record):
    print("\n" + _SEPARATOR + json.dumps(record))


def traceback(error):
    text = io.StringIO()
    sys.print_exception(error, text)
    return text.getvalue()


def run(module, names):
    for name in names:
        report({"start": name})
        fault = None
        try:
            getattr(module, name)()
        except BaseException as error:  # a test that calls sys.exit() has failed too
            fault = traceback(error)
        report({"end": name, "fault": fault})


def main(module_name, *names):
    shims.install()
    try:
        module = __import__(module_name)
    except BaseException as error:
        report({"end": None, "fault": traceback(error)})
    else:
        run(module, names)


main(*sys.argv[1:])
