# SPDX-License-Identifier: Apache-2.0
# Text: small and quick.
package com.reclaim.notes
label Notes
activity .NoteListActivity
version 3.2 32000
file base.apk 3145728
anon 6291456 0.65
cold 55 - 10000
warm 25 50 4000
hot 10 35 2000
trim 5
