# The SDK frozen into your own firmware image:
#   make -C ports/esp32 BOARD=ESP32_GENERIC_S3 \
#     FROZEN_MANIFEST=$PWD/boards/ESP32_GENERIC_S3-OTA/manifest.py
include("../../firmware/manifest.py")
