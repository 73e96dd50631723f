# SPDX-License-Identifier: Apache-2.0
# Ends in an exception before its first frame: a launch that fails.
package com.reclaim.crasher
label Crasher
activity .MainActivity
version 0.9 9
role unlisted
file base.apk 2097152
anon 6291456 0.5
cold 50 - 8000
warm 25 50 3000
hot 10 35 1500
crash
