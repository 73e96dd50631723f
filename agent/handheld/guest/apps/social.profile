# SPDX-License-Identifier: Apache-2.0
# A feed: pictures decoded in memory, a little sync in the background.
package com.reclaim.social
label Social
activity .FeedActivity
version 302.1.0 3021000
file base.apk 9437184
file base.odex 3145728
anon 20971520 0.5
cold 55 - 34000
warm 30 60 16000
hot 12 40 7000
trim 15
background 20 2
