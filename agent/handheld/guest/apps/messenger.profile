# SPDX-License-Identifier: Apache-2.0
# A chat: small, quick, and awake in the background.
package com.reclaim.messenger
label Messenger
activity .ChatListActivity
version 4.12.0 41200
file base.apk 6291456
file base.odex 2097152
anon 12582912 0.55
cold 60 - 24000
warm 25 60 10000
hot 10 35 5000
trim 10
background 10 3
