"""Simulate the Alibaba Cloud IoT Platform and ESP32 boards on one computer."""
