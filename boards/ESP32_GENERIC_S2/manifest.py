# The SDK frozen into your own firmware image: `make firmware BOARD=ESP32_GENERIC_S2`.
include("../../firmware/manifest.py")
