# The SDK frozen into your own firmware image:
#   make -C ports/esp32 BOARD=ESP32_GENERIC BOARD_VARIANT=OTA \
#     FROZEN_MANIFEST=$PWD/boards/ESP32_GENERIC-OTA/manifest.py
include("../../firmware/manifest.py")
