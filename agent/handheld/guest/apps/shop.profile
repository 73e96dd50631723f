# SPDX-License-Identifier: Apache-2.0
# Slow: waits for a server before its first frame, whatever the memory does.
package com.reclaim.shop
label Shop
activity .StorefrontActivity
version 28.9 289000
file base.apk 7340032
file base.odex 2097152
anon 16777216 0.45
cold 50 - 26000
warm 25 55 11000
hot 12 40 5500
trim 15
slow 1500
