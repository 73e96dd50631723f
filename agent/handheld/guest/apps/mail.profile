# SPDX-License-Identifier: Apache-2.0
# Conversations, and a sync in the background.
package com.reclaim.mail
label Mail
activity .ConversationListActivity
version 2024.1 20240100
file base.apk 6291456
file mail.db 2097152
anon 14680064 0.55
cold 50 - 24000
warm 25 55 10000
hot 10 35 5000
trim 10
background 30 2
