# Freezes the SDK into your own firmware: frozen bytecode stays in flash and costs no heap.
# `make firmware BOARD=ESP32_GENERIC` builds an image with it.
include("$(PORT_DIR)/boards/manifest.py")  # Stock contents, `ssl` among them.
package("alink")
module("frozen_names.py")
