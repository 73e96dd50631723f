# SPDX-License-Identifier: Apache-2.0
# A list from a small data base.
package com.reclaim.contacts
label Contacts
activity .PeopleActivity
version 4.8.17 4081700
file base.apk 3145728
file contacts2.db 1048576
anon 6291456 0.6
cold 55 - 12000
warm 25 55 5000
hot 10 35 2500
trim 10
