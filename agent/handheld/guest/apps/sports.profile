# SPDX-License-Identifier: Apache-2.0
# Scores: a list that is brought up to date in the background.
package com.reclaim.sports
label Sports
activity .ScoresActivity
version 11.2 112000
file base.apk 5242880
anon 12582912 0.5
cold 50 - 20000
warm 25 55 9000
hot 10 40 4500
trim 10
background 20 2
