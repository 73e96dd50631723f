# SPDX-License-Identifier: Apache-2.0
# A large library and a heap full of text.
package com.reclaim.browser
label Browser
activity .TabbedActivity
version 120.0.6099 609900
file base.apk 6291456
file libengine.so 18874368
anon 27262976 0.65
cold 45 - 44000
warm 25 55 18000
hot 12 35 8000
trim 10
