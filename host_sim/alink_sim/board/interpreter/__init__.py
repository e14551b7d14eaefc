"""A board under power: boot loader, ROM, and the interpreter process that runs the firmware."""
