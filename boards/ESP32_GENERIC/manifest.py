# The SDK frozen into your own firmware image: `make firmware BOARD=ESP32_GENERIC`.
include("../../firmware/manifest.py")
