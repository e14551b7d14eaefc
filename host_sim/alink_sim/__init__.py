"""The platform and the board on a laptop: what runs where the cloud and the ESP32 are not."""
