"""The firmware as it will be shipped, on simulated boards."""


def test_it_registers_once_and_reports(iot_platform, board):
    board.power_on()
    first = iot_platform.expect("property_posted", values={"temperature": 28.5, "fan": 0})
    board.press_reset()
    iot_platform.expect("property_posted", after=first)
    assert len(iot_platform.events(kind="registered")) == 1


def test_the_cloud_sets_its_threshold(iot_platform, product, board):
    board.power_on()
    iot_platform.expect("property_posted", values={"temperature": 28.5, "fan": 0})
    iot_platform.cloud.set_properties(product.key, board.device_name, {"threshold": 25})
    board.expect("fan: threshold is now 25")
    iot_platform.expect("property_posted", values={"temperature": 28.5, "fan": 1})


def test_unregistered_board_is_refused(iot_platform, factory_flash):
    board = factory_flash("unknown-1", pre_registered=False)
    board.power_on()
    assert iot_platform.expect("registration_refused", device_name="unknown-1").code == 6100


def test_power_cut_while_storing_loses_nothing(iot_platform, board):
    board.power_on(cut_at=3)
    assert board.wait() == "cut"
    board.power_on()
    iot_platform.expect("property_posted")
