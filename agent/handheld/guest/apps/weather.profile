# SPDX-License-Identifier: Apache-2.0
# A map and a few numbers.
package com.reclaim.weather
label Weather
activity .ForecastActivity
version 6.3 63000
file base.apk 4194304
file maps.db 2097152
anon 8388608 0.5
cold 55 - 14000
warm 25 55 6000
hot 10 40 3000
trim 15
