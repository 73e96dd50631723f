# SPDX-License-Identifier: Apache-2.0
# Ends by itself soon after it left the screen: it comes back cold without any pressure.
package com.reclaim.podcast
label Podcast
activity .ShowsActivity
version 2.17 21700
role unlisted
file base.apk 4194304
anon 10485760 0.5
cold 50 - 16000
warm 25 55 7000
hot 10 40 3500
dies 15
