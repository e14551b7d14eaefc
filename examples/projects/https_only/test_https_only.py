from pathlib import Path

MAIN = Path(__file__).with_name("firmware").joinpath("main.py").read_text(encoding="utf-8")


def test_meter_reports_without_a_session(iot_platform, factory_flash):
    board = factory_flash("meter-1", main=MAIN, method="https")
    board.power_on()
    iot_platform.expect("registered", device_name="meter-1")
    iot_platform.expect("property_posted", device_name="meter-1", values={"power": 230})
    assert "online" not in {event.kind for event in iot_platform.events()}
