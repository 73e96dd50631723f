# SPDX-License-Identifier: Apache-2.0
# Tiles from files, a scene graph in memory.
package com.reclaim.maps
label Maps
activity .MapsActivity
version 11.60.1 1160100
file base.apk 10485760
file base.odex 4194304
file tiles.db 8388608
anon 23068672 0.5
cold 55 - 40000
warm 30 60 18000
hot 15 40 7000
trim 15
