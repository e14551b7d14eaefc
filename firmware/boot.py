# Runs before main.py: grows the heap once, before Wi-Fi, where the chip is short of memory. The
# number is a setting, 0 turns it off: docs/how-to/when-the-heap-is-short.md.
import alink.memory

alink.memory.grow(20 * 1024)
