"""The peripherals of a simulated chip and the parts that are wired to them.

A test works with `Wiring`, whose methods a `Board` has: `board.pin(4).set(1)`. The firmware works
with `units`, through the stand-in `_peripherals`.
"""
