# SPDX-License-Identifier: Apache-2.0
"""The shell scripts of the undo journal that lies on the phone, and of the process there that acts on it.

The journal is a folder, so that no text has to be parsed and none can run as code:

    FOLDER/  boot run host limit   boot_id, run directory, computer and silence (s) of the run that changes settings
             beat                  changes with every sign of life of that computer
             deadman               pid and start time (proc_pid_stat(5), field 22) of the dead-man
             firing                is there once it has begun to put back
             0001/                 one setting, in the order of the first writes
               knob where first    its name, its file, its first value in the knob's own spelling
               word1 word2 ...     the command that gives it its first value again, word by word
               said code at back   written by the dead-man: what the command said, its exit status, the phone's time,
                                   and what `where` read afterwards, where it is a file
               stuck               is there when it could not be put back while the computer was there
             0000/                 no setting, but the command that ends what trials have left running

A word is read by `$(cat FILE && echo .)`, whose dot keeps the line feeds that `$( )` would cut off, and used as "$w":
neither is scanned again by any shell. What cannot be in a word is a NUL.

Known to mksh, dash and bash; besides built-ins they need `cat`, `chmod`, `date`, `mkdir`, `mv`, `printf`, `rm`,
`sleep`, `sync` and, where there are, `mkfifo` and `setsid` of toybox (Android 9 and later have them all). Redirections
that may fail stand at commands that are no special built-ins: at `:` they would end the shell (POSIX 2.8.1).
"""

_BORN = f"read -r {'_ ' * 2}z {'_ ' * 18}b _"
"""Reads /proc/PID/stat: z is the state, b the start time. The name, field 2, is a shell's and holds no space."""

_PUT = """\
if [ -n "${KSH_VERSION-}" ]; then put() { print -rn -- "$1"; }; else put() { printf %s "$1"; }; fi
"""
"""Prints a word as it is; by mksh itself where it can, because a program costs up to 0.1 s on a busy guest."""

_ALIVE = f"""\
alive() {{
  p= s= z=Z b=
  {{ read -r p s <"$f/deadman"; }} 2>/dev/null
  [ -n "$s" ] || return 1
  {{ {_BORN} <"/proc/$p/stat"; }} 2>/dev/null
  [ "$b" = "$s" ] && [ "$z" != Z ]
}}
finish() {{
  n=0
  while alive && [ -e "$f/firing" ] && [ $n -lt 300 ]; do n=$((n + 1)); sleep 0.1; done
  alive || return 0
  kill -9 -"$p" 2>/dev/null || kill -9 "$p"
  while alive; do sleep 0.02; done
}}
"""
"""`finish` lets a dead-man that has begun end its work, at most 30 s; one that waits is killed. (`stop` is an alias of
mksh.)"""

ALIVE = f"""\
f=$1
{_ALIVE}\
alive
"""
"""Run as `sh -c ALIVE sh FOLDER`: does the dead-man run?"""

ARM = f"""\
f=$1 boot=$2 run=$3 host=$4 limit=$5 text=$6; shift 6
trap '' HUP INT TERM
umask 022
{_ALIVE}{_PUT}\
finish
mkdir -p "$f" && rm -f "$f/deadman" "$f/firing" "$f"/[0-9]*/code || exit 1
put "$boot" >"$f/boot" && put "$run" >"$f/run" && put "$host" >"$f/host" || exit 1
put "$limit" >"$f/limit" && echo armed >"$f/beat" && chmod 666 "$f/beat" || exit 1
s=; command -v setsid >/dev/null 2>&1 && s=setsid
$s sh -c "$text" sh "$f" "$@" >"$f/log" 2>&1 </dev/null &
n=0; until alive; do [ $n -lt 500 ] || exit 3; n=$((n + 1)); sleep 0.02; done
"""
"""Run as `sh -c ARM sh FOLDER BOOT RUN HOST LIMIT DEADMAN HUNDREDTHS POLL CLOCK GROUP ...`; the settings of a
journal that is there stay in it. Exit status 3: the dead-man did not start; `log` says why."""

ADD = f"""\
{_PUT}\
f=$1 n=$2 knob=$3 where=$4 first=$5; shift 5
d=$f/new i=1
rm -rf "$d" && mkdir "$d" || exit 1
put "$knob" >"$d/knob" && put "$where" >"$d/where" && put "$first" >"$d/first" || exit 1
for w; do put "$w" >"$d/word$i" || exit 1; i=$((i + 1)); done
rm -rf "$f/$n" && mv "$d" "$f/$n" && sync
"""
"""Run as `sh -c ADD sh FOLDER NUMBER KNOB WHERE FIRST WORD ...`: the setting is there whole or not at all."""

DEADMAN = f"""\
f=$1 limit=$2 poll=$3 clock=$4; shift 4
trap '' HUP INT TERM
cd /
{{ echo -1000 >"/proc/$$/oom_score_adj"; }} 2>/dev/null
for g; do {{ echo $$ >"$g"; }} 2>/dev/null; done
{_BORN} <"/proc/$$/stat"
echo "$$ $b" >"$f/deadman"
{_PUT}\
now() {{ read -r u _ <"$clock"; t=$((${{u%.*}} * 100 + 1${{u#*.}} - 100)); }}
last= silent=0 most=$((limit / 3 + 1))
pause() {{ sleep "$poll"; }}
if [ -n "${{KSH_VERSION-}}" ] && mkfifo "$f/pause" 2>/dev/null && (exec 3<>"$f/pause") 2>/dev/null; then
  exec 3<>"$f/pause"
  pause() {{ read -t "$poll" -u3 -r _; [ $? -ne 2 ] || sleep "$poll"; }}
fi
rm -f "$f/pause"
now; was=$t
while [ $silent -lt "$limit" ]; do
  pause
  p=; {{ read -r p _ <"$f/deadman"; }} 2>/dev/null
  [ "$p" = $$ ] || exit 0
  now; step=$((t - was)) was=$t
  [ $step -le $most ] || step=$most
  beat=; {{ read -r beat <"$f/beat"; }} 2>/dev/null
  if [ "$beat" = "$last" ]; then silent=$((silent + step)); else last=$beat silent=0; fi
done
echo >"$f/firing"
set --
for d in "$f"/[0-9]*; do set -- "$d" "$@"; done
for d in "$@" "$@"; do
  code=; {{ read -r code <"$d/code"; }} 2>/dev/null
  [ "$code" != 0 ] || continue
  i=1; set --
  while [ -f "$d/word$i" ]; do
    w=$(cat "$d/word$i" && echo .) || continue 2
    set -- "$@" "${{w%.}}"; i=$((i + 1))
  done
  [ $# -gt 0 ] || continue
  said=$("$@" </dev/null 2>&1); code=$?
  put "$said" >"$d/said"
  echo $code >"$d/code"
  date +%Y-%m-%dT%H:%M:%S%z >"$d/at"
  w=$(cat "$d/where" && echo .) && cat "${{w%.}}" >"$d/back" 2>/dev/null || rm -f "$d/back"
done
sync
rm -f "$f/deadman"
"""
"""Run as `sh -c DEADMAN sh FOLDER HUNDREDTHS POLL CLOCK GROUP ...`: waits until the beat has not changed for so many
hundredths of a second, looking every POLL seconds, then gives every setting its first value again, last one first, and
ends.

Time is CLOCK's (/proc/uptime, the kernel's since boot, which nobody can set); no look counts for more than a third of
the limit, so that a phone that slept, or was stopped, is not taken for a computer that is gone. Hundredths are read
with a 1 before them, because `08` is a bad octal number; mksh counts in 32 bits and wraps after 248 days, which
differences survive. mksh waits by a `read` that nothing answers, which starts no program; its status is 2 where it
cannot. The dead-man ends by itself when its journal is gone or another dead-man has taken its place. Once it has
begun, nothing that goes wrong (a full disk, a setting that is refused) keeps it from the next setting; what failed is
tried once more after the others, which may have stood in its way."""

BEAT = """\
f=$1
while read -r b && [ -d "$f" ]; do echo "$b" >"$f/beat"; done 2>/dev/null
"""
"""Run as `sh -c BEAT sh FOLDER` for as long as a run lasts, a line on standard input every few seconds."""

DISARM = f"""\
f=$1; shift
{_ALIVE}\
finish
[ $# -gt 0 ] || {{ rm -rf "$f"; exit; }}
for d in "$f"/[0-9]*; do
  case " $* " in *" ${{d##*/}} "*) echo >"$d/stuck" ;; *) rm -rf "$d" ;; esac
done
rm -f "$f/deadman" "$f/firing" "$f/beat"
sync
"""
"""Run as `sh -c DISARM sh FOLDER [NUMBER ...]`: end the dead-man; leave only the settings that are stuck."""
