# SPDX-License-Identifier: Apache-2.0
# Small, with much code.
package com.reclaim.wallet
label Wallet
activity .CardsActivity
version 9.0 90000
file base.apk 6291456
file base.odex 2097152
anon 8388608 0.55
cold 60 - 20000
warm 25 50 8000
hot 10 35 4000
trim 5
