"""machine.Pin, Signal, PWM, ADC, Timer and interrupts, seen from both sides of a pin."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest

from alink_sim.board import Board
from alink_sim.board.sensors import HcSr04
from alink_sim.clock import ManualClock
from tests.board.conftest import Bench, printed, turn


def test_pins_carry_levels_both_ways(bench: Bench):
    board = bench.board(
        """
        from machine import ADC, DAC, PWM, Pin, Signal, TouchPad, bitstream, freq, time_pulse_us
        led, button = Pin(2, Pin.OUT), Pin(4, Pin.IN, Pin.PULL_UP)
        print(led, Pin(2).value(), button.value(), Pin(5).value(), isinstance(led, Pin))
        led.on(); led(0); led.toggle()
        Signal(led, invert=True).on()
        print(Signal(2, Pin.OUT, invert=True).value())
        wire = Pin(15, Pin.OPEN_DRAIN, value=0)
        wire(1)
        print(ADC(Pin(34), atten=ADC.ATTN_11DB).read_uv(), ADC(34).read(), ADC(34).read_u16())
        servo = PWM(Pin(13), freq=50, duty_ns=1500000)
        print(servo.freq(), servo.duty_u16(), servo.duty())
        DAC(Pin(25)).write(99)
        print(TouchPad(Pin(14)).read(), freq())
        trigger = Pin(18, Pin.OUT, value=0)
        trigger.on(); trigger.off()
        print(time_pulse_us(Pin(19), 1, 30000), time_pulse_us(Pin(19), 1))
        bitstream(Pin(5, Pin.OUT), 0, (400, 850, 800, 450), bytearray(b"\\1\\2\\3"))
        """
    )
    board.pin(4).set(0)
    board.pin(5).set(1)
    board.adc(34).set_volts(1.1)
    board.pin(14).touch = 300
    HcSr04(trigger=board.pin(18), echo=board.pin(19), cm=50)
    assert printed(board) == [
        "Pin(2) 0 0 1 True",
        "1",
        "1100000 4095 65535",
        "50 4915 77",
        "300 160000000",
        "2910 -2",
    ]
    assert [change.level for change in board.pin(2).history] == [1, 0, 1, 0]
    assert [change.level for change in board.pin(15).history] == [1]
    servo = board.pin(13).pwm
    assert servo
    assert servo.pulse_us == pytest.approx(1500)
    assert (board.pin(25).dac, board.pin(5).pixels) == (99, [(2, 1, 3)])


def test_wrong_pins_are_refused_like_on_chip(bench: Bench):
    lines = bench.run(
        """
        import esp32, machine
        from machine import ADC, I2C, PWM, Pin
        def attempt(action):
            try:
                print(action())
            except Exception as error:
                print(type(error).__name__, error)
        attempt(lambda: Pin(34, Pin.OUT))
        attempt(lambda: Pin(24))
        attempt(lambda: ADC(5))
        attempt(lambda: PWM(Pin(2), freq=50).duty(2000))
        attempt(lambda: Pin(2).sing())
        attempt(lambda: machine.freq(1))
        attempt(lambda: machine.SDCard())
        attempt(lambda: machine.Pim)
        attempt(lambda: I2C(0).readfrom(0x44, 6))
        attempt(lambda: esp32.wake_on_ext0(Pin(5), 1))
        print(hasattr(machine, "Pim"), hasattr(machine, "Pin"))
        """
    )
    assert lines == [
        "ValueError pin can only be input",
        "ValueError invalid pin",
        "ValueError invalid pin",
        "ValueError duty must be from 0 to 1023",
        "AttributeError 'Pin' object has no attribute 'sing'",
        "ValueError frequency must be 20MHz, 40MHz, 80MHz, 160MHz or 240MHz",
        "NotImplementedError machine.SDCard is not simulated: the board has no card; use the vfs",
        "AttributeError 'module' object has no attribute 'Pim'",
        "OSError [Errno 19] ENODEV",
        "ValueError invalid pin",
        "False True",
    ]


def test_interrupt_runs_while_board_sleeps(bench: Bench):
    board = bench.board(
        """
        import time
        from machine import Pin
        def pressed(pin):
            print("pressed", pin, pin())
            raise ValueError("in a handler")
        Pin(4, Pin.IN, Pin.PULL_UP).irq(pressed, Pin.IRQ_FALLING)
        print("ready")
        time.sleep(1000000)
        """
    )
    board.power_on()
    board.expect("ready")
    board.pin(4).set(0)
    board.expect("pressed Pin(4) 0")
    board.expect("ValueError: in a handler")
    board.pin(4).set(1)
    board.pin(4).set(0)
    board.expect("pressed Pin(4) 0")


def test_timers_run_on_manual_clock(bench: Bench, clock: ManualClock):
    board = bench.board(
        """
        import time
        from machine import Pin, Timer
        led, count = Pin(2, Pin.OUT), 0
        def blink(timer):
            global count
            count += 1
            led.toggle()
            if count == 4:
                timer.deinit()
                print("blinked")
        Timer(0).init(period=60000, callback=blink)
        Timer(-1, mode=Timer.ONE_SHOT, freq=0.1, callback=lambda timer: print("once"))
        time.sleep(3600)
        print("after", time.time())
        """,
        clock=clock,
    )
    board.power_on()
    turn(clock, board, "after 3600")
    assert [line.text for line in board.lines] == ["once", "blinked", "after 3600"]
    assert [change.at for change in board.pin(2).history] == pytest.approx([60, 120, 180, 240])


def test_pin_wakes_board_from_sleep(bench: Bench):
    board = bench.board(
        """
        import esp32, machine
        from machine import Pin
        print("cause", machine.reset_cause(), machine.wake_reason())
        esp32.wake_on_ext0(Pin(4, Pin.IN), 1)
        if machine.reset_cause() == 1:
            machine.lightsleep(1000000)
            print("light sleep over")
            machine.deepsleep(1000000)
        """
    )
    board.power_on()
    board.expect("cause 1 0")
    board.pin(4).set(1)
    board.expect("light sleep over")
    board.expect("cause 4 2")


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        (lambda board: board.pin(4).set("high"), "level is 'high'; use 0, 1 or None"),
        (lambda board: board.pin(4).set(2), "level is 2; use 0, 1 or None"),
        (lambda board: board.adc(34).set_volts("x"), "volts is 'x'; write a number"),
        (lambda board: board.adc(34).set_volts(math.nan), "volts is nan; write a number"),
        (lambda board: board.uart(2).send("$GP"), "data is '$GP'; a UART carries bytes"),
        (lambda board: board.i2c(9), "esp32 has no I2C(9); it has 0, 1"),
        (lambda board: board.i2c(scl=22, sda=99), "esp32 has no pin 99"),
        (lambda board: board.spi(0), "esp32 has no SPI(0); it has -1, 1, 2"),
        (lambda board: board.uart(3), "esp32 has no UART(3); it has 0, 1, 2"),
        (lambda board: board.wifi.delay_dhcp("x"), "the delay of DHCP is 'x'; write seconds"),
        (lambda board: board.wifi.delay_dhcp(-1), "the delay of DHCP is -1; write seconds"),
    ],
)
def test_wrong_value_of_test_is_named(
    bench: Bench, mistake: Callable[[Board], object], sentence: str
):
    with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
        mistake(bench.board(""))
