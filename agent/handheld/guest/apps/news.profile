# SPDX-License-Identifier: Apache-2.0
# Articles and pictures.
package com.reclaim.news
label News
activity .HeadlinesActivity
version 5.44 54400
file base.apk 5242880
file base.odex 2097152
anon 14680064 0.5
cold 50 - 24000
warm 25 55 10000
hot 10 40 5000
trim 15
