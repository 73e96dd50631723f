# SPDX-License-Identifier: Apache-2.0
"""Setting zram0 up anew: swapoff, reset, settings, disksize, mkswap, swapon; by one script that runs on the phone.

Nothing but disksize makes the settings count, and nothing but a reset takes disksize back (zram.rst), so the phone is
without swap meanwhile. Hence one script, not a dozen commands: adbd sends SIGHUP when the link drops (its
shell_service.cpp), which the script ignores, and whatever step fails, it puts the old set-up back by itself. A reset
forgets everything, recompression algorithms and mem_limit too (zram_reset_device), so every setting is written again.

Needs `cat`, `mkswap`, `swapon`, `swapoff` of toybox.
"""

from agent.device.phone import Phone, said
from agent.knobs.zram.state import ASKS, DISK, NOTE, Steps, Swap, ZramState, read_state, spelt
from workloads.errors import FinalError, ProofError, TransientError

DANCE = """\
exec 2>&1
trap '' HUP INT PIPE TERM
note=$1 disk=$2 device=$3 priority=$4 active=$5 old=$6 new=$7
IFS='
'
set -f
put() { echo "$2" | cat >"$disk/$1" || { echo "$disk/$1 does not take $2"; return 1; }; }
on() {
  case $priority in
  -*) swapon "$device" ;;
  *) swapon -p "$priority" "$device" ;;
  esac
}
make() {
  put reset 1 || return 1
  for step in $1; do put "${step%%=*}" "${step#*=}" || return 1; done
  mkswap "$device" >/dev/null || { echo 'mkswap failed'; return 1; }
  on || { echo 'swapon failed'; return 1; }
}
if [ -f "$note" ] && read -r pid <"$note" && kill -0 "$pid" 2>/dev/null; then
  echo "process $pid is still at it"
  exit 3
fi
echo "$$
$device
$priority
$old" >"$note" || exit 1
if [ "$active" = 1 ] && ! swapoff "$device"; then
  rm -f "$note"
  echo 'swapoff failed'
  exit 1
fi
if make "$new"; then
  rm -f "$note"
  exit 0
fi
if make "$old" || on; then
  rm -f "$note"
  exit 1
fi
exit 2
"""
"""Run as `sh -c DANCE sh NOTE DISK DEVICE PRIORITY ACTIVE OLD NEW`; OLD and NEW are lines `file=value`. Exit status:
0 done, 1 not done and all as before, 2 not done and no swap (the note stays), 3 another one is at it. A disk whose
reset failed still has its swap header, hence `on` alone. Automatic priorities are negative and cannot be asked for
(swapon(2)); the kernel gives the next one."""

_BUSY, _LOST = 3, 2
_SLOWEST_B_S = 2 << 20  # swapoff, on an emulated machine


def argv(swap: Swap, old: Steps, new: Steps, *, active: bool) -> tuple[str, ...]:
    """Return what runs the dance; for the host, and for whoever must undo without it."""
    words = (NOTE, DISK, swap.device, str(swap.priority), str(int(active)), spelt(old), spelt(new))
    return ("sh", "-c", DANCE, "sh", *words)


def look(phone: Phone) -> ZramState:
    """Return what zram0 is now, in one round trip."""
    return read_state(phone.ask(*ASKS))


def dance(phone: Phone, state: ZramState, new: Steps, name: str) -> None:
    """Set zram0 up as `new` says, or leave it as it was.

    Raises:
        ProofError: a step failed; zram0 is as it was.
        FinalError: it must not be done now (figures are in the message), or zram0 is no swap any more.
        TransientError: another one is at it, the link dropped, or it takes too long; it goes on by itself.
    """
    if why := state.refusal():
        raise FinalError(f"{phone.serial}: {name} is not written: {why}")
    swap = state.swap or Swap("", 0)
    timeout_s = 60 + swap.used_bytes / _SLOWEST_B_S
    done = phone.shell(*argv(swap, state.steps, new, active=state.active), as_root=True, timeout_s=timeout_s)
    if done.code == _BUSY:
        raise TransientError(f"{phone.serial}: {name} waits: zram is being set up already: {said(done)}")
    if done.code == _LOST:
        lost = f"{phone.serial}: {name}: zram0 is no swap any more, what it was did not come back"
        raise FinalError(f"{lost}; run `reclaim restore`, or reboot the phone: {said(done)}")
    if done.code:
        raise ProofError(f"{phone.serial}: {name} did not take, zram0 is as it was: {said(done)}")
