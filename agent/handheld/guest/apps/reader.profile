# SPDX-License-Identifier: Apache-2.0
# Books: files, hardly any memory.
package com.reclaim.reader
label Reader
activity .LibraryActivity
version 4.1 41000
file base.apk 4194304
file books.db 8388608
anon 8388608 0.6
cold 55 - 14000
warm 30 50 6000
hot 15 35 3000
trim 10
