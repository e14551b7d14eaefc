# The SDK frozen into your own firmware image: `make firmware BOARD=ESP32_GENERIC-OTA`.
include("../../firmware/manifest.py")
