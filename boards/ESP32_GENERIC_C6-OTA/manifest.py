# The SDK frozen into your own firmware image: `make firmware BOARD=ESP32_GENERIC_C6-OTA`.
include("../../firmware/manifest.py")
