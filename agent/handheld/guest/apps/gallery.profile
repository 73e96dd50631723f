# SPDX-License-Identifier: Apache-2.0
# Thumbnails: decoded pictures, given back when it leaves the screen.
package com.reclaim.gallery
label Gallery
activity .GalleryActivity
version 6.1 61000
file base.apk 4194304
file thumbs.db 6291456
anon 18874368 0.3
cold 50 - 24000
warm 25 60 11000
hot 12 45 5500
trim 40
