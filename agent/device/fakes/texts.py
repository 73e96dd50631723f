# SPDX-License-Identifier: Apache-2.0
"""What the fake phone's files and services say unless a test says otherwise."""

ANDROID_13 = {
    "ro.product.model": "Fake",
    "ro.build.fingerprint": "fake/fake/fake:13/FAKE/1:userdebug/test-keys",
    "ro.build.version.release": "13",
    "ro.build.version.sdk": "33",
    "ro.product.cpu.abi": "arm64-v8a",
}
BATTERY = "Current Battery Service state:\n  level: 80\n  scale: 100\n  temperature: 270\n"
THERMAL = "IsStatusOverride: false\nThermal Status: 0\n"
MEMINFO = "MemTotal:  768000 kB\nMemAvailable:  400000 kB\nSwapTotal:  524288 kB\nSwapFree:  524288 kB\n"
TRACERS = {
    "/sys/kernel/tracing/available_filter_functions": "zram_submit_bio [zram]\n",
    "/sys/kernel/tracing/available_tracers": "function_graph nop\n",
    "/sys/kernel/tracing/kprobe_events": "",
}
