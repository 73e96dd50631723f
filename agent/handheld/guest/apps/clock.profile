# SPDX-License-Identifier: Apache-2.0
# Small: a list and a timer.
package com.reclaim.clock
label Clock
activity .DeskClock
version 7.5 750
file base.apk 2097152
anon 4194304 0.6
cold 60 - 8000
warm 25 50 3000
hot 10 35 1500
