"""A board on a port: esptool and mpremote as programs, ports, the first boot."""
