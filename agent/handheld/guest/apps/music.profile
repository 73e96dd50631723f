# SPDX-License-Identifier: Apache-2.0
# A player: its buffers are touched as long as it lives.
package com.reclaim.music
label Music
activity .PlayerActivity
version 8.2 82000
file base.apk 5242880
anon 10485760 0.4
cold 55 - 18000
warm 25 55 8000
hot 10 40 4000
background 5 5
