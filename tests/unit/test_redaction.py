# SPDX-License-Identifier: Apache-2.0
"""Nothing of a phone's owner is in a transcript, wherever on the phone it stands."""

import pytest

from agent.device.fake import FakePhone
from agent.device.phone import attach
from agent.device.recorder import RecordingTransport
from agent.field.doctor import diagnose
from tests.support.clocks import QuickClock
from tests.support.doctor_phone import doctor_phone

SERIAL, IMEI = "R58M123ABCD", "356938035643809"
BATTERY = f"""\
Current Battery Service state:
  level: 80
  scale: 100
  temperature: 270
  batterySN: {SERIAL}
  owner: alice@example.com, imei {IMEI}
"""
PROPERTIES = {
    "ro.serialno": SERIAL,
    "ro.kernel.androidboot.serialno": "ZY22ABCDEF",
    "gsm.imei": IMEI,
    "persist.sys.device_name": "Alices phone",
    "net.hostname": "alice-s21",
    "persist.bluetooth.bdaddr": "AA:BB:CC:DD:EE:01",
    "ro.build.user": "alice",
    "ro.build.host": "alice-desktop",
    "ro.build.display.id": "z-userdebug TP1A eng.alice dev-keys",
    "ro.config.ringtone": "Alice.ogg",
    "ro.hardware.wifi": "02:00:00:00:00:07",
    "ro.config.account": "alice@example.com",
    "ro.lmk.note": "at 10.0.0.5 and fe80::1ff:fe23:4567:890a",
}
SECRETS = (SERIAL, "ZY22ABCDEF", IMEI, "lice", "AA:BB:CC", "192.168.7", "10.0.0.5", "fe80::1ff", "02:00:00")


def recorded(fake: FakePhone) -> str:
    link = RecordingTransport(fake)
    diagnose(attach(link), QuickClock())
    return link.transcript().text()


@pytest.mark.parametrize("incremental", ["eng.alice.20230101.120000", "eng.alice", "20230101.alice", "alice42"])
def test_neither_numbers_nor_names_nor_addresses_get_into_a_transcript(incremental: str) -> None:
    fake = doctor_phone({"dumpsys battery": BATTERY})
    fake.serial = "192.168.7.9:5555"
    fake.properties |= PROPERTIES
    fake.properties["ro.build.fingerprint"] = f"x/y/z:13/TP1A/{incremental}:userdebug/dev-keys"
    fake.properties["ro.build.version.incremental"] = incremental
    text = recorded(fake)
    assert [secret for secret in SECRETS if secret in text] == []
    assert "level: 80" in text


@pytest.mark.parametrize("incremental", ["9876543", "G9810ZCS8HXA2", "V14.0.6.0.TLBMIXM", "1a2b3c4d5e"])
def test_what_a_vendors_machine_calls_a_build_stays(incremental: str) -> None:
    fake = doctor_phone()
    fake.properties["ro.build.fingerprint"] = f"x/y/z:13/TP1A/{incremental}:user/release-keys"
    assert f"/{incremental}:user/" in recorded(fake)
