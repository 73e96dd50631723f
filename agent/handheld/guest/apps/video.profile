# SPDX-License-Identifier: Apache-2.0
# Frames that do not compress, given back when it leaves the screen.
package com.reclaim.video
label Video
activity .BrowseActivity
version 19.1 191000
file base.apk 7340032
file libcodec.so 3145728
anon 20971520 0.2
cold 50 - 28000
warm 25 60 12000
hot 12 45 6000
trim 50
