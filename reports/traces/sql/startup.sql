-- SPDX-License-Identifier: Apache-2.0
-- Launches and whose they are; run once per trace, after shared.sql. Selects nothing itself.
--
-- reclaim_launch   table  launch (1-based, in order of time), app, kind, ts, dur, ttid, ttfd (ns: see launch.sql), upid and
--                         utid (of the app's process and its main thread; NULL where the trace does not tell), found
--                         ('perfetto' | 'name' | 'only-one': how the process was found)
-- reclaim_window   table  launch, window ('launch' | 'fully-drawn'), ts, ts_end (ns), utid, upid, until ('ttid' | 'dur' |
--                         'ttfd'): from the intent to the first frame, or where that is not known to when the system called
--                         the launch done; and from the intent to the frame after reportFullyDrawn
-- reclaim_part     table  launch, window, state, io_wait, blocked_function, ts, ts_end (ns): what the app's main thread did in
--                         a window, clipped to it; only where scheduling was recorded for the whole window
-- reclaim_jit      table  upid, ts, dur (ns): what ART compiled just in time, in launched apps
--
-- Perfetto matches processes by package list or full name. Old Android (7 and 8), and traces without process names, have
-- neither: there the process is the one that binds, starts or resumes in the window and is called by the last 15 letters of the
-- package (what Zygote makes a thread's comm), or the only one there whose own name is not known.

INCLUDE PERFETTO MODULE android.startup.startups;
INCLUDE PERFETTO MODULE android.startup.time_to_display;

CREATE OR REPLACE PERFETTO TABLE reclaim_mark AS
SELECT slice.ts, slice.name, thread.utid, thread.upid, thread.name AS comm, process.name AS process
FROM slice
JOIN thread_track ON thread_track.id = slice.track_id
JOIN thread USING (utid)
LEFT JOIN process USING (upid)
WHERE slice.name IN ('bindApplication', 'activityStart', 'activityResume') AND thread.is_main_thread;

CREATE OR REPLACE PERFETTO TABLE reclaim_launch_process AS
WITH
  told AS (
    SELECT startup_id, min(upid) AS upid, min(startup_type) AS kind
    FROM android_startup_processes
    GROUP BY startup_id
  ),
  seen AS (
    SELECT
      startup.startup_id,
      mark.upid,
      max(mark.name = 'bindApplication') AS binds,
      max(mark.name = 'activityStart') AS starts,
      max(coalesce(process = package, 0) OR coalesce(comm = substr(package, -15), 0)) AS named,
      max(process IS NULL OR process = comm OR process GLOB 'zygote*' OR process = '<pre-initialized>') AS unknown
    FROM android_startups AS startup
    JOIN reclaim_mark AS mark ON mark.ts >= startup.ts AND mark.ts < startup.ts_end
    WHERE startup.startup_id NOT IN (SELECT startup_id FROM told)
    GROUP BY startup.startup_id, mark.upid
  ),
  ranked AS (
    SELECT *, count(1) OVER (PARTITION BY startup_id, named) AS alike, max(named) OVER (PARTITION BY startup_id) AS any_named
    FROM seen
  )
SELECT startup_id, upid, kind, 'perfetto' AS found
FROM told
UNION ALL
SELECT startup_id, upid, CASE WHEN binds THEN 'cold' WHEN starts THEN 'warm' ELSE 'hot' END, iif(named, 'name', 'only-one')
FROM ranked
WHERE alike = 1 AND named = any_named AND (named OR unknown);

-- The first frame of a process that Perfetto did not find, by the rule it uses itself before Android 12.
CREATE OR REPLACE PERFETTO TABLE reclaim_first_frame AS
WITH
  begun AS (
    SELECT startup.startup_id, startup.ts AS intent, owner.upid, min(frame.ts) AS ts
    FROM reclaim_launch_process AS owner
    JOIN android_startups AS startup USING (startup_id)
    CROSS JOIN thread USING (upid)
    CROSS JOIN thread_track USING (utid)
    CROSS JOIN slice AS frame ON frame.track_id = thread_track.id
    WHERE
      owner.found != 'perfetto'
      AND thread.is_main_thread
      AND frame.ts >= startup.ts
      AND frame.name GLOB 'Choreographer#doFrame*'
    GROUP BY startup.startup_id
  )
SELECT begun.startup_id, min(frame.ts + frame.dur) - begun.intent AS ttid
FROM begun
CROSS JOIN thread USING (upid)
CROSS JOIN thread_track USING (utid)
CROSS JOIN slice AS frame ON frame.track_id = thread_track.id
WHERE thread.name = 'RenderThread' AND frame.ts >= begun.ts AND frame.dur > 0 AND frame.name GLOB 'DrawFrame*'
GROUP BY begun.startup_id;

CREATE OR REPLACE PERFETTO TABLE reclaim_launch AS
WITH
  owner AS (
    SELECT startup_id, upid, min(kind) AS kind, found
    FROM reclaim_launch_process
    GROUP BY startup_id
  ),
  -- Perfetto takes the first frame after the intent, however late, and adds a slice's dur, -1 while it is open, to where it
  -- begins: a frame whose drawing has no end was never seen, and one after the app's next launch is that launch's.
  never_drawn AS (
    SELECT ts - 1 AS ts_end
    FROM slice
    WHERE dur = -1 AND name GLOB 'DrawFrame*'
  ),
  display AS (
    SELECT
      startup.startup_id,
      frame.upid,
      frame.time_to_initial_display AS ttid,
      frame.time_to_full_display AS ttfd,
      (SELECT min(ts) FROM android_startups AS after WHERE after.package = startup.package AND after.ts >= startup.ts_end)
      - startup.ts AS next_launch
    FROM android_startups AS startup
    JOIN android_startup_time_to_display AS frame USING (startup_id)
  )
SELECT
  row_number() OVER (ORDER BY startup.ts, startup.startup_id) AS launch,
  coalesce(startup.package, '') AS app,
  -- The system tells the kind since Android 13; before, it is taken from what the app's main thread did.
  coalesce(startup.startup_type, owner.kind) AS kind,
  startup.ts,
  startup.dur,
  coalesce(
    iif(startup.ts + display.ttid IN (SELECT ts_end FROM never_drawn) OR display.ttid > next_launch, NULL, display.ttid),
    frame.ttid
  ) AS ttid,
  iif(
    startup.ts + display.ttfd IN (SELECT ts_end FROM never_drawn) OR display.ttfd > next_launch, NULL, display.ttfd
  ) AS ttfd,
  coalesce(owner.upid, display.upid) AS upid,
  (SELECT min(utid) FROM thread WHERE thread.upid = coalesce(owner.upid, display.upid) AND is_main_thread) AS utid,
  coalesce(owner.found, iif(display.upid IS NULL, NULL, 'perfetto')) AS found
FROM android_startups AS startup
LEFT JOIN display USING (startup_id)
LEFT JOIN reclaim_first_frame AS frame USING (startup_id)
LEFT JOIN owner USING (startup_id);

CREATE OR REPLACE PERFETTO TABLE reclaim_window AS
SELECT
  launch,
  'launch' AS window,
  ts,
  ts + coalesce(ttid, dur) AS ts_end,
  utid,
  upid,
  iif(ttid IS NULL, 'dur', 'ttid') AS until
FROM reclaim_launch
WHERE coalesce(ttid, dur) > 0
UNION ALL
SELECT launch, 'fully-drawn', ts, ts + ttfd, utid, upid, 'ttfd'
FROM reclaim_launch
WHERE ttfd > 0;

CREATE OR REPLACE PERFETTO TABLE reclaim_part AS
WITH
  covered AS (
    SELECT reclaim_window.*
    FROM reclaim_window
    WHERE
      utid IS NOT NULL
      AND ts >= (SELECT ts FROM sched ORDER BY ts LIMIT 1)
      AND ts_end <= (SELECT ts + max(dur, 0) FROM sched ORDER BY ts DESC LIMIT 1)
  ),
  seen AS (
    SELECT
      covered.launch,
      covered.window,
      part.state,
      part.io_wait,
      part.blocked_function,
      max(part.ts, covered.ts) AS ts,
      min(iif(part.dur < 0, trace_end(), part.ts + part.dur), covered.ts_end) AS ts_end
    FROM covered
    CROSS JOIN thread_state AS part USING (utid)
    WHERE part.ts < covered.ts_end AND (part.dur < 0 OR part.ts + part.dur > covered.ts)
  )
SELECT launch, window, state, io_wait, blocked_function, ts, ts_end
FROM seen
UNION ALL
-- A thread that lives already and that no switch tells of is asleep; only in a cold launch it is not there yet.
SELECT seen.launch, seen.window, 'S', NULL, NULL, covered.ts, min(seen.ts)
FROM seen
JOIN covered USING (launch, window)
JOIN reclaim_launch USING (launch)
WHERE reclaim_launch.kind != 'cold'
GROUP BY 1, 2
HAVING min(seen.ts) > covered.ts;

CREATE OR REPLACE PERFETTO TABLE reclaim_jit AS
SELECT upid, slice.ts, slice.dur
FROM (SELECT DISTINCT upid FROM reclaim_launch WHERE upid IS NOT NULL)
CROSS JOIN thread USING (upid)
CROSS JOIN thread_track USING (utid)
CROSS JOIN slice ON slice.track_id = thread_track.id
WHERE thread.name GLOB 'Jit thread pool*' AND slice.name GLOB 'JIT compiling *' AND slice.dur > 0;
