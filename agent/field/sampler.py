# SPDX-License-Identifier: Apache-2.0
"""The shell scripts that watch a phone from within: one for the live view, one for the flight recorder. Pure.

One shell reads /proc once a second and waits for lines of logcat in between. In mksh, Android's shell, that starts no
program: `$(<FILE)` and `read -t` are built in, and the pipe to logcat is a coprocess. bash, of the tests on the host,
does the same in other words; any other shell falls back to `cat` and `sleep`, and reads no log.

What it prints are frames; `agent.field.frames` reads them. A line that begins with the token, which no text on the
phone can know, begins a frame:

    TOKEN s UPTIME      a sample begins; seconds since boot
    TOKEN v|m|p|z       then the text of /proc/vmstat, meminfo, pressure/memory, zram0/mm_stat; none: not readable
    TOKEN t             then lines of /proc/PID/stat: kswapd, kcompressd, this shell and its logcat
    TOKEN e             it ends
    TOKEN u PID PAGES NAME   a process that holds much memory (resident pages), now and then; `TOKEN U` before the first
    TOKEN l UPTIME LINE a line of logcat
    TOKEN x             logcat has ended; no more lines will come
    TOKEN f UPTIME N    condition N (from 1) has come true
"""

from collections.abc import Sequence

from agent.capture.session import STOP

TAGS = ("lmkd:I", "lowmemorykiller:I", "am_anr:I", "ActivityTaskManager:I", "ActivityManager:E")
"""What kills, launches and ANRs are told under. Android 9's ActivityManager tells launches at I; see `logcat_words`."""

_OLD_SDK = 29
_SCAN_EVERY = 20
"""Samples between two walks over all processes: 1 000 of them take a phone some 50 ms."""
_LARGE_PAGES = 2560
"""A process of less than 10 MiB is not named."""

_SHELL = """\
if [ -n "${KSH_VERSION-}" ]; then eval '
  say() { print -r -- "$1"; }
  show() { x=; x=$(<"$1"); }
  follow() { "$@" 2>/dev/null </dev/null |& log=$!; exec 3<&p; }
  await() { read -t "$1" -u3 -r l; }'
elif [ -n "${BASH_VERSION-}" ]; then eval '
  say() { printf "%s\\n" "$1"; }
  show() { x=; x=$(<"$1"); }
  follow() { exec 3< <(exec "$@" 2>/dev/null </dev/null); log=$!; }
  await() { IFS= read -t "$1" -u3 -r l; }'
else
  say() { printf "%s\\n" "$1"; }
  show() { x=$(cat "$1"); }
  follow() { say "$T x"; }
  await() { sleep "$1"; return 255; }
fi
"""
"""`await SECONDS`: 0 with a line in l, above 128 when the time is up (part of one may be in l), 1 at the log's end."""

_SAMPLE = """\
now() { read -r u _ <"$P/uptime"; t=$((${u%.*} * 100 + 1${u#*.} - 100)); }
add() { o=$o$1$nl; }
file() { show "$2"; add "$T $1"; [ -z "$x" ] || add "$x"; }
scan() {
  threads=; add "$T U"
  for d in "$P"/[0-9]*; do
    p=; read -r _ p _ <"$d/statm"
    if [ "$p" = 0 ]; then
      c=; read -r c <"$d/comm"
      case $c in kswapd[0-9]*|kcompressd*|akcompressd*|kcompmari*) threads="$threads ${d##*/}" ;; esac
    elif [ "${p:-0}" -ge "$large" ]; then
      show "$d/cmdline"
      [ -n "$x" ] || show "$d/comm"
      add "$T u ${d##*/} $p ${x%%"$nl"*}"
    fi
  done
}
sample() {
  o=
  [ $((n % every)) -ne 0 ] || scan
  n=$((n + 1))
  add "$T s $u"
  file v "$P/vmstat"; vm=$x
  file m "$P/meminfo"; mem=$x
  file p "$P/pressure/memory"; psi=$x
  file z "$Z"
  add "$T t"
  for p in $threads $$ $log; do show "$P/$p/stat"; [ -z "$x" ] || add "$x"; done
  say "$o$T e"
}
"""
"""A sample leaves in one piece, so that adbd wakes up once. Nobody reads standard error: see `_LOOP`."""

_CONDITIONS = """\
last8() { v=00000000$1; v=1${v#"${v%????????}"}; }
grown() {
  last8 "$1"; eval "o=\\${p$i-} p$i=$v"
  [ -n "$o" ] && { d=$((v - o)); [ $d -ge 0 ] || d=$((d + 100000000)); }
}
awake() { [ $dt -le 1000 ]; }
counter() {
  a=$1; eval "k=\\${at_$1-0}"; set -- $vm
  if eval "[ \"\\${$k}\" != $a ]"; then
    k=1; while [ $k -lt $# ] && eval "[ \"\\${$k}\" != $a ]"; do k=$((k + 2)); done
    [ $k -lt $# ] || return 1
    eval "at_$a=$k"
  fi
  eval "v=\\${$((k + 1))}"
}
fire() { [ -z "$fired" ] || return 0; fired=$t; say "$T f $u $i"; }
judge() {
  i=0
  for c in $conditions; do
    i=$((i + 1)) k=${c%%:*} a=${c#*:}; bar=${a#*:} a=${a%%:*}
    case $k in
    psi) [ -n "$psi" ] || continue
      v=${psi##*"$a "}; v=${v#*total=}; grown "${v%%"$nl"*}" && awake && [ $d -gt $((bar * dt * 10)) ] && fire ;;
    vmstat) counter "$a" && grown "$v" && awake && [ $d -gt $((bar * dt / 100)) ] && fire ;;
    available) v=${mem#*MemAvailable:}; v=${v%%kB*}; [ -n "$mem" ] && [ $((v)) -lt "$bar" ] && fire ;;
    kill) counter oom_kill && grown "$v" && [ $d -gt 0 ] && fire ;;
    esac
  done
}
milliseconds() {
  v=${1#*: +}; v=${v%%[!0-9hms]*} w=0 s=0
  while [ -n "$v" ]; do
    a=${v%%[hms]*}; v=${v#"$a"}
    case $v in
    ms*) s=$((s + a)) v= ;;
    h*) s=$((s + a * 3600000)) ;;
    m*) s=$((s + a * 60000)) ;;
    s*) s=$((s + a * 1000)) ;;
    *) v= ;;
    esac
    v=${v#?}
  done
}
heed() {
  i=0
  for c in $conditions; do
    i=$((i + 1))
    case "${c%%:*} $1" in
    "kill "*": Kill '"*|"kill "*": Killing '"*|"kill "*": Reclaim '"*) fire ;;
    "anr "*" am_anr"*|"anr "*": ANR in "*) fire ;;
    "launch "*": Displayed "*": +"*) milliseconds "$1"; [ $s -gt "${c##*:}" ] && fire ;;
    esac
  done
}
"""
"""Sums of 32 bits are enough: of a counter the last eight digits are taken, with a 1 before them (`08` is no octal
number), and what wraps among them is seen; mksh has no more bits. `counter` remembers which word of vmstat a counter
was: to cut the text at its name takes mksh 20 ms. A phone that slept for more than 10 s has no rates for that time. A
share of time is told in tenths of a percent, memory in kB, a launch in ms."""

_LOOP = """\
watch() {
  exec 2>/dev/null
  n=0 part=; now; next=$t was=$t
  while :; do
    now
    if [ $t -ge $next ]; then
      dt=$((t - was)) was=$t
      [ $dt -gt 0 ] || dt=1
      sample; judge
      next=$((next + 100)); [ $next -gt $t ] || next=$((t + 100))
      over && return
      continue
    fi
    w=$((next - t)); [ $w -lt 100 ] && [ $w -ge 10 ] && w=0.$w || { [ $w -lt 10 ] && w=0.0$w || w=1; }
    await "$w"; s=$?
    if [ $s -eq 0 ]; then
      say "$T l $u $part$l"; heed "$part$l"; part=
    elif [ $s -gt 128 ]; then
      [ $s -eq 255 ] || part=$part$l
    else
      say "$T x"; exec 3<&-
      await() { sleep "$1"; return 255; }
    fi
  done
}
"""
"""Standard error is closed once, not at each file that may be gone or forbidden: that costs more than reading it."""

_BEGIN = (
    "nl='\n'\n"
    "log= threads= fired= T=$1 P=$2 Z=$3 every=$4 large=$5 conditions=$6; shift 6\n"
    + _SHELL
    + _SAMPLE
    + _CONDITIONS
    + _LOOP
)

WATCH = (
    _BEGIN
    + """\
over() { false; }
trap 'kill $log 2>/dev/null; exit 0' HUP INT PIPE TERM
follow "$@"
watch
"""
)
"""Run as `sh -c WATCH sh TOKEN PROC MM_STAT EVERY LARGE CONDITIONS LOGCAT ...`; ends when nobody reads it any more."""

RECORD = (
    _BEGIN
    + f"""\
pid=$1 most=$2 after=$3 pieces=$4 since=$5; shift 5
trap '' HUP INT TERM
{{ echo -1000 >/proc/self/oom_score_adj; }} 2>/dev/null
for g in /sys/fs/cgroup /acct /dev/memcg /dev/cpuset /dev/cpuctl /dev/blkio; do
  {{ echo $$ >"$g/cgroup.procs"; }} 2>/dev/null
done
finish() (
{STOP})
why=
over() {{
  if [ -e stop ]; then why=asked
  elif [ -n "$fired" ] && [ $((t - fired)) -ge $after ]; then why=fired
  elif [ $((t - begun)) -ge $most ]; then why=time
  elif [ -n "$pid" ] && ! {{ read -r l <"$P/$pid/stat"; }} 2>/dev/null; then why=trace
  else
    [ $((n % pieces)) -ne 0 ] || {{ mv -f samples samples.old; exec >samples; }}
    return 1
  fi
}}
exec >samples
now; begun=$t
follow "$@"
watch
kill $log 2>/dev/null
[ -z "$pid" ] || finish "$pid" 600
logcat -b all -d -v threadtime -T "$since" >logcat.txt 2>/dev/null
now; echo "$why $begun $t" >ended
mv ended done
"""
)
"""Run in its folder as `sh run.sh`, with the words TOKEN PROC MM_STAT EVERY LARGE CONDITIONS PERFETTO MOST AFTER PIECES
SINCE LOGCAT ...: samples go to `samples`, every PIECES samples the older ones to `samples.old`. It ends when `stop` is
there, MOST hundredths of a second have passed, AFTER such have passed since a condition came true, or perfetto (a pid,
or empty) has ended; then perfetto is stopped, the log of the time since SINCE kept, and last of all `done` is there:
why, begin, end."""

FOLLOW = """\
f=$1 p=$2
pause() { sleep 1; }
[ -z "${KSH_VERSION-}" ] || eval 'sleep 2147483 |& c=$!; exec 3<&p; pause() { read -t 1 -u3 -r _; }'
trap '[ -z "${c-}" ] || kill $c; exit 1' HUP INT PIPE TERM
while [ ! -e "$f/done" ] && [ -d "/proc/$p" ]; do echo; pause; done
[ -z "${c-}" ] || kill $c
[ -e "$f/done" ] && echo done || echo died
"""
"""Run as `sh -c FOLLOW sh FOLDER PID`: an empty line a second, then `done`, or `died` when the recorder did."""


def logcat_words(since: str, sdk: int) -> tuple[str, ...]:
    """The program that tells kills, launches and ANRs as they happen.

    Args:
        since: time from which on, as `agent.device.parse.log_time` makes it.
        sdk: Android's API level; 0 when unknown.
    """
    tags = (*TAGS[:-1], "ActivityManager:I") if sdk < _OLD_SDK else TAGS
    return ("logcat", "-b", "main,system,events", "-v", "threadtime", "-T", since, "-s", *tags)


def common_words(token: str, conditions: Sequence[str] = ()) -> tuple[str, ...]:
    """The first six arguments of both scripts; conditions as `agent.field.when` spells them."""
    where = ("/proc", "/sys/block/zram0/mm_stat")
    return (token, *where, str(_SCAN_EVERY), str(_LARGE_PAGES), " ".join(conditions))
