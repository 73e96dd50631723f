# SPDX-License-Identifier: Apache-2.0
"""Only known words are left of a phone's texts; what becomes of the others cannot be turned back."""

import pytest

from reports.bundle.names import Names, is_known
from tests.support.secrets import PLANTED, TEXT, found

KEY = b"k" * 32


@pytest.mark.parametrize(
    "text",
    [
        "kswapd0",
        "kcompressd:0",
        "mm_vmscan_kswapd_wake",
        "vmscan/mm_vmscan_throttled",
        "Choreographer#doFrame 1234567890",
        "DrawFrames 12345678",
        "Jit thread pool",
        "RenderThread",
        "Binder:1234_5",
        "<pre-initialized>",
        "zygote64",
        "/system/bin/lmkd",
        "psi.mem.some",
        "com.android.systemui",
        "com.reclaim.game/.Main",
        "lmk,123,4,5",
    ],
)
def test_what_the_system_says_of_itself_stays(text: str) -> None:
    assert Names(KEY).words(text) == text


@pytest.mark.parametrize("text", [*PLANTED, TEXT, "0170 123456", "02:00:00:00:00:07", "A1B2C3D4", "deadbeef01", "日記"])
def test_nothing_else_does(text: str) -> None:
    told = Names(KEY).words(text)
    assert found(told.encode()) == []
    assert not any(word in told for word in text.split() if not is_known(word) and not word.isdigit())


def test_equal_names_stay_equal_in_one_bundle_and_differ_between_two() -> None:
    names = Names()
    assert names.words("com.alice.diary:remote") == f"{names.package('com.alice.diary')}:remote"
    assert names.package("com.alice.diary") != Names().package("com.alice.diary")


def test_a_main_thread_is_still_called_by_the_last_letters_of_its_package() -> None:
    names = Names(KEY)
    names.learn_packages(["com.alice.diary.today", "a.bc"])
    assert names.comm("ice.diary.today") == names.package("com.alice.diary.today")[-15:]
    assert names.comm("a.bc") == names.package("a.bc")[-15:]


def test_packages_that_a_user_keeps_stay_with_their_activities() -> None:
    names = Names(KEY, keep=("com.example.*",))
    assert names.words("com.example.shop/.DiaryActivity") == "com.example.shop/.DiaryActivity"
    assert names.package("com.alice.diary") not in ("com.alice.diary", "")


def test_texts_of_ours_keep_their_words_and_lose_what_is_private() -> None:
    names = Names(KEY)
    names.learn_serial("R58M123ABCD")
    text = names.text(
        "reclaim run /home/alice/my.toml -s R58M123ABCD: com.alice.diary took 1.5 s, mail alice@example.com"
    )
    assert found(text.encode()) == []
    assert text.startswith("reclaim run /FOLDER -s phone-")
    assert "took 1.5 s" in text
    assert names.text("persist.device_config.lmkd_native.x of vm.swappiness") == (
        "persist.device_config.lmkd_native.x of vm.swappiness"
    )
