"""Everything a person changes in the console, and what the platform does then."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.console.world import PK, QUIET, SENSOR, THING_MODEL, TWINS
from tests.module_model import MOTOR, exported
from tests.platform.wire import Party, Wire, refused


def notice(page):
    return page.locator("main .banner").first


def test_product_is_created_with_its_node_type(open_page, world):
    page = open_page("/products")
    page.get_by_role("button", name="Create product").first.click()
    page.get_by_label("Product name").fill("Gateway of the hall")
    page.get_by_label("Gateway device").check()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(notice(page)).to_contain_text("was created")
    (made,) = [
        one for one in world.platform.console.products() if one.name == "Gateway of the hall"
    ]
    assert made.node_type == 1
    expect(page.locator("#facts")).to_contain_text(made.key)


def test_gateway_sub_device_product_keeps_its_word(open_page):
    page = open_page("/products")
    page.get_by_role("button", name="Create product").first.click()
    page.get_by_label("Product name").fill("Meters")
    page.get_by_label("Gateway sub-device").check()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator("#facts")).to_contain_text("Gateway sub-device")


def test_dynamic_registration_needs_the_code_of_the_toast(open_page, world):
    page = open_page(f"/products/{PK}")
    page.get_by_role("switch", name="Dynamic Registration").click()
    code = page.locator(".toast .code").inner_text()
    (sent,) = world.platform.events(PK, kind="verification_code_sent")[-1:]
    assert sent.detail == {"code_sent": code}
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    page.get_by_label("Verification code").fill(wrong)
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#verify")).to_contain_text("the verification code is wrong")
    assert world.platform.console.product(PK).dynamic_registration
    page.get_by_label("Verification code").fill(code)
    page.get_by_role("button", name="Confirm").click()
    expect(notice(page)).to_contain_text("Dynamic Registration is off")
    assert not world.platform.console.product(PK).dynamic_registration
    with Wire.tls(world.platform) as wire:
        assert wire.ask(Party(world.product, "late-0001").register("regnwl")) == refused(4)
    world.platform.console.set_dynamic_registration(PK, True)


def test_thing_model_is_imported_or_refused(open_page, world):
    page = open_page(f"/products/{PK}?tab=thing-model")
    page.get_by_label("Or paste the JSON").fill('{"properties": [{"identifier": "a b"}]}')
    page.get_by_role("button", name="Import").click()
    expect(notice(page)).to_contain_text("properties[0].identifier")
    page.get_by_label("Or paste the JSON").fill(json.dumps(THING_MODEL))
    page.get_by_role("button", name="Import").click()
    expect(notice(page)).to_contain_text("was saved")


def test_zip_of_modules_fills_lists_and_forms(open_page, world):
    made = world.platform.console.create_product()
    world.platform.console.add_device(made.key, "motor-0001")
    page = open_page(f"/products/{made.key}?tab=thing-model")
    file = {"name": "tsl.zip", "mimeType": "application/zip", "buffer": exported(MOTOR)}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Import").click()
    expect(notice(page)).to_contain_text("was saved")
    for name in ("motor:speed", "motor:jam", "motor:stop"):
        expect(page.get_by_role("cell", name=name, exact=True)).to_be_visible()
    page = open_page(f"/devices/{made.key}/motor-0001/desired")
    page.get_by_label("motor:speed").fill("4")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#values tr", has_text="motor:speed")).to_contain_text("4")
    page = open_page(f"/devices/{made.key}/motor-0001/properties")
    expect(page.get_by_role("cell", name="motor:target", exact=True)).to_be_visible()


def test_device_is_added_and_deleted(open_page, world):
    page = open_page(f"/devices?product={PK}")
    page.get_by_role("button", name="Add device").click()
    page.locator("#add").get_by_label("DeviceName").fill("added-0001")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("added-0001")
    page.get_by_role("button", name="Delete").click()
    page.locator("#delete").get_by_role("button", name="Delete").click()
    expect(notice(page)).to_contain_text("was deleted")
    assert "added-0001" not in {one.name for one in world.platform.console.devices()}


def test_batch_names_each_wrong_line_and_adds_nothing(open_page, world):
    page = open_page(f"/devices/batch?product={PK}")
    before = len(world.platform.console.devices())
    lines = ["good-0001", "x", QUIET, "good-0001", "bad name"]
    page.get_by_label("DeviceNames, one a line").fill("\n".join(lines))
    page.get_by_role("button", name="Add devices").click()
    expect(notice(page)).to_contain_text("4 lines are wrong")
    for text in (
        "Line 2: x is not",
        f"Line 3: {QUIET} exists",
        "Line 4: good-0001 is in the list",
    ):
        expect(notice(page)).to_contain_text(text)
    assert len(world.platform.console.devices()) == before


def test_csv_file_adds_all_its_devices(open_page, world):
    page = open_page(f"/devices/batch?product={PK}")
    rows = [
        "DeviceName,DeviceSecret",
        "csv-0001,0123456789abcdef",
        *(f"csv-1{n:03}" for n in range(50)),
    ]
    file = {"name": "devices.csv", "mimeType": "text/csv", "buffer": "\r\n".join(rows).encode()}
    page.get_by_label("Or a CSV file").set_input_files(file)
    page.get_by_role("button", name="Add devices").click()
    expect(notice(page)).to_contain_text("51 devices were added")
    assert world.platform.console.device(PK, "csv-0001").secret == "0123456789abcdef"
    assert world.platform.console.device(PK, "csv-1049")


def test_switch_says_whom_it_blocks_and_blocks_them(open_page, world):
    kept, other = world.client_ids
    page = open_page(f"/devices/{PK}/{TWINS}")
    page.get_by_role("button", name="Switch").click()
    page.locator("#switch select").select_option(kept)
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#blocks")).to_contain_text(other)
    expect(page.locator("#keeps")).to_contain_text(kept)
    page.get_by_role("button", name="Confirm").click()
    expect(notice(page)).to_contain_text(f"Only ClientID {kept} may connect")
    expect(page.locator("#client-ids tr", has_text=other)).to_contain_text("Blocked")
    expect(page.locator("#client-ids tr", has_text=kept)).to_contain_text("Current connection")
    expect(page.locator("#alert")).to_be_empty()


def test_clear_asks_first_and_voids_all_client_ids(open_page, world):
    page = open_page(f"/devices/{PK}/{TWINS}")
    page.get_by_role("button", name="Clear").click()
    dialog = page.locator("#clear")
    expect(dialog).to_contain_text(world.client_ids[0])
    dialog.get_by_role("button", name="Cancel").click()
    assert world.platform.console.device(PK, TWINS).client_ids
    page.get_by_role("button", name="Clear").click()
    dialog.get_by_role("button", name="Clear").click()
    expect(page.locator("#client-ids")).to_contain_text("No ClientIDs")
    assert world.platform.console.device(PK, TWINS).client_ids == []


def test_disabled_device_is_shown_and_enabled_again(open_page, world):
    page = open_page(f"/devices/{PK}/{QUIET}")
    page.get_by_role("button", name="Disable").click()
    page.locator("#disable").get_by_role("button", name="Disable").click()
    expect(page.locator("#state")).to_contain_text("Disabled")
    page.get_by_role("button", name="Enable").click()
    expect(page.locator("#state")).to_contain_text("Inactive")


def test_property_set_reaches_the_device(open_page, world):
    page = open_page(f"/devices/{PK}/{SENSOR}/properties")
    page.get_by_role("spinbutton", name="target").fill("23.5")
    page.locator("select[name=value-mode]").select_option("2")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(notice(page)).to_contain_text("was sent")
    topic, body = world.told(SENSOR, "property/set")
    assert body["params"]["target"] == 23.5
    assert body["params"]["mode"] == 2
    assert topic.endswith("/thing/service/property/set")


def test_service_form_follows_the_thing_model(open_page, world):
    page = open_page(f"/devices/{PK}/{SENSOR}/services")
    card = page.locator(".card", has=page.get_by_role("heading", name="blink"))
    seconds = card.get_by_label("seconds")
    assert (seconds.get_attribute("min"), seconds.get_attribute("max")) == ("1", "60")
    seconds.fill("3")
    card.get_by_label("color").select_option("1")
    card.get_by_role("button", name="Call blink").click()
    expect(notice(page)).to_contain_text("Service blink was called")
    _, body = world.told(SENSOR, "service/blink")
    assert body["params"] == {"seconds": 3, "color": 1}


def test_service_of_an_offline_device_is_refused(open_page):
    page = open_page(f"/devices/{PK}/{QUIET}/services")
    page.get_by_role("button", name="Call blink").click()
    expect(notice(page)).to_contain_text("is offline, not sent")


def test_desired_value_waits_with_its_version(open_page):
    page = open_page(f"/devices/{PK}/{QUIET}/desired")
    page.get_by_label("target").fill("19")
    page.get_by_role("button", name="Set", exact=True).click()
    row = page.locator("#values tr", has_text="target")
    expect(row).to_contain_text("19")
    page.get_by_label("target").fill("20")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(row.locator("td").last).to_have_text("2")


def test_shadow_editor_refuses_a_version_that_is_gone(open_page, world):
    page = open_page(f"/devices/{PK}/{QUIET}/shadow")
    world.platform.cloud.set_shadow(PK, QUIET, {"color": "red"}, version=1)
    page.get_by_label("Desired attributes as JSON").fill('{"color": "blue"}')
    page.get_by_role("button", name="Update shadow").click()
    expect(notice(page)).to_contain_text("409")
    page.get_by_label("Desired attributes as JSON").fill('{"color": "blue"}')
    page.get_by_role("button", name="Update shadow").click()
    expect(page.locator("#shadow")).to_contain_text('"color": "blue"')
    expect(page.locator("#shadow")).to_contain_text("version 2")


def test_tag_is_set_and_deleted(open_page, world):
    page = open_page(f"/devices/{PK}/{QUIET}/tags")
    page.get_by_label("Tag key").fill("room")
    page.get_by_label("Tag value").fill("kitchen")
    page.get_by_role("button", name="Save").click()
    expect(notice(page)).to_contain_text("The tags were saved")
    assert world.platform.console.device(PK, QUIET).documents["tags"] == {"room": "kitchen"}
    page.get_by_role("button", name="Delete tag room").click()
    expect(page.locator("#list")).to_contain_text("No tags")


def test_message_is_sent_and_shown_in_the_trace(open_page, world):
    page = open_page(f"/devices/{PK}/{SENSOR}/messages")
    expect(page.locator("#subscriptions")).to_contain_text(f"/{PK}/{SENSOR}/user/get")
    page.get_by_label("Payload").fill("hello board")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(notice(page)).to_contain_text("was sent")
    row = page.locator("#trace tr", has_text="hello board")
    expect(row).to_contain_text("down")
    expect(row).to_contain_text("11 B")


def test_log_upload_is_switched_on_and_off(open_page, world):
    page = open_page(f"/devices/{PK}/{SENSOR}/log")
    for on, text in ((1, "log upload is on"), (0, "log upload is off")):
        page.get_by_role("button", name="Turn the upload").click()
        expect(notice(page)).to_contain_text(text)
        assert world.platform.console.device(PK, SENSOR).documents["log_mode"] == on


def test_fault_is_added_strikes_and_is_cleared(open_page, world):
    page = open_page("/faults")
    page.get_by_label("Kind").select_option("refuse")
    page.get_by_label("Values").fill("code=3")
    page.get_by_label("DeviceName").fill(QUIET)
    page.get_by_role("button", name="Add fault").click()
    expect(page.locator("#list")).to_contain_text(QUIET)
    with Wire.tls(world.platform) as wire:
        assert wire.ask(world.party(world.platform.console.device(PK, QUIET)).log_in()) == refused(
            3
        )
    page.reload()
    expect(page.locator("#struck")).to_contain_text(QUIET)
    page.get_by_role("button", name="Clear all faults").click()
    expect(page.locator("#list")).to_contain_text("No faults")


def test_wrong_value_of_a_fault_is_explained(open_page):
    page = open_page("/faults")
    page.get_by_label("Kind").select_option("refuse")
    page.get_by_label("Values").fill("seconds=3")
    page.get_by_role("button", name="Add fault").click()
    expect(notice(page)).to_contain_text("seconds is not a known key")


def test_package_is_verified_then_brought_to_all_devices(open_page, world):
    page = open_page("/ota")
    page.get_by_role("button", name="Add update package").click()
    page.locator("#upload").get_by_label("Product").select_option(PK)
    page.get_by_label("Version", exact=True).fill("2.0.0")
    file = {"name": "app.bin", "mimeType": "application/octet-stream", "buffer": b"firmware" * 100}
    page.locator("#upload input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#packages")).to_contain_text("Not verified")
    page.get_by_role("button", name="Verify").click()
    page.locator("dialog[open] textarea").fill(SENSOR)
    page.locator("dialog[open]").get_by_role("button", name="Confirm").click()
    expect(page.locator("#packages")).to_contain_text("Verifying")
    world.inform(SENSOR, "2.0.0")
    page.reload()
    expect(page.locator("#packages .pill")).to_have_text("Verified")
    page.get_by_role("button", name="Batch update").click()
    page.locator("dialog[open]").get_by_role("button", name="Confirm").click()
    page.locator("#jobs a.name").first.click()
    expect(page.locator("#tasks")).to_contain_text(QUIET)
    page.get_by_role("button", name="Cancel batch").click()
    page.locator("#cancel").get_by_role("button", name="Cancel batch").click()
    expect(page.locator("#tasks")).to_contain_text("the batch was canceled")


def test_remote_config_is_saved_and_pushed(open_page, world):
    page = open_page(f"/products/{PK}?tab=config")
    page.get_by_label("Configuration", exact=False).first.fill('{"interval": 5}')
    page.get_by_role("button", name="Save and push").click()
    expect(notice(page)).to_contain_text("It went to")
    _, body = world.told(SENSOR, "config/push")
    assert body["params"]["configSize"] == 15
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("main")).to_contain_text("The product has no configuration")


def test_broadcast_reaches_the_devices_online(open_page, world):
    page = open_page(f"/products/{PK}?tab=broadcast")
    page.get_by_label("Payload").fill('{"all": 1}')
    page.get_by_role("button", name="Send", exact=True).click()
    expect(notice(page)).to_contain_text("The broadcast went to")
