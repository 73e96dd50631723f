# SPDX-License-Identifier: Apache-2.0
# Assets read at start, textures and a world in memory: the heaviest.
package com.reclaim.game
label Game
activity .GameActivity
version 2.3.0 230
file base.apk 4194304
file assets.pak 25165824
anon 37748736 0.4
cold 60 - 48000
warm 35 60 22000
hot 15 50 10000
trim 5
