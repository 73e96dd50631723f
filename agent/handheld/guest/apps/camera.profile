# SPDX-License-Identifier: Apache-2.0
# Frame buffers: much memory that hardly compresses, given back when it leaves the screen.
package com.reclaim.camera
label Camera
activity .CameraActivity
version 8.7.2 870200
file base.apk 8388608
file base.odex 3145728
anon 25165824 0.25
cold 50 - 28000
warm 25 60 14000
hot 15 50 7000
trim 35
