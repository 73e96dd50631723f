# SPDX-License-Identifier: Apache-2.0
# The home screen: a system app, started at boot, shown when no other app is.
package com.reclaim.launcher
label Launcher
activity .HomeActivity
version 1.0 1
role home
file base.apk 3145728
anon 6291456 0.6
cold 50 - 8000
warm 20 50 4000
hot 10 40 2000
