# Freezes the SDK into your own firmware: frozen bytecode stays in flash and costs no heap.
#   make -C ports/esp32 BOARD=ESP32_GENERIC FROZEN_MANIFEST=/path/to/firmware/manifest.py
include("$(PORT_DIR)/boards/manifest.py")  # Stock contents, umqtt.simple and ssl among them.
package("alink")
