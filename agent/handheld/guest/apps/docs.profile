# SPDX-License-Identifier: Apache-2.0
# Text and an undo history.
package com.reclaim.docs
label Docs
activity .DocListActivity
version 1.24 12400
file base.apk 5242880
file base.odex 2097152
anon 12582912 0.65
cold 50 - 22000
warm 25 55 9000
hot 10 35 4500
trim 10
