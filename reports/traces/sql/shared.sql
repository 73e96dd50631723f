-- SPDX-License-Identifier: Apache-2.0
-- What several topics need; run once per trace, before them. Selects nothing itself.
--
-- CROSS JOIN keeps SQLite to the order written: the few threads first, then their rows of the long tables.
--
-- reclaim_asked(event)        BOOL    the trace's own config asked for the ftrace event, with or without its group, and
--                                     Perfetto does not say that the kernel has no such event or would not turn it on
-- reclaim_thread              table   utid, kind ('kswapd' | 'kcompressd'): the kernel's reclaim threads, by comm
--                                     (mm/vmscan.c names kswapd%d, some vendors kswapd0:0; kcompressd:N and akcompressd:N
--                                     are zram level, kcompressdN mm level)
-- reclaim_sample              table   name, ts (ns), value: every sample of a counter of /proc/vmstat (pages or counts) and of
--                                     /proc/pressure (ns; psi.mem.some and the like)
-- reclaim_direct              table   utid, upid, ts, ts_end (ns): direct reclaim that has an end in the trace
-- reclaim_direct_known()      BOOL    direct reclaim was seen, or asked for
-- reclaim_blocked_known()     BOOL    what a sleeping task waits for was recorded (ftrace sched/sched_blocked_reason)
-- reclaim_waking_known()      BOOL    since when a thread was ready to run was recorded (ftrace sched/sched_waking or _wakeup)
-- reclaim_mm_level()          BOOL    there are kcompressd threads of a kind that queues at mm level
-- reclaim_queue               table   ts (ns), value (pages): how many pages waited to be compressed
-- reclaim_lmkd_watched()      BOOL    a kill by lmkd would have been seen
-- reclaim_growth              table   name, growth (pages or counts), first_ts, last_ts (ns): from first to last sample
-- reclaim_event               table   ts (ns), utid, name, arg_set_id: the few ftrace events that are read one by one
-- reclaim_span, reclaim_nap   tables  utid, ts, ts_end (ns): see below
-- reclaim_awake(from, to)     LONG    ns kswapd was awake between two times, summed over nodes; NULL when not recorded
-- reclaim_awake_method()      STRING  'events-less-naps' | 'events' | 'sched'; NULL when not recorded
-- reclaim_sched_knows()       BOOL    CPU time was recorded, and kswapd is known by name: a reclaim thread without a slice
--                                     of CPU then ran for 0 s; in a stranger's trace that never names kswapd nothing is said

CREATE OR REPLACE PERFETTO FUNCTION reclaim_asked(event STRING)
RETURNS BOOL AS
SELECT EXISTS (
  SELECT 1
  FROM metadata
  WHERE name = 'trace_config_pbtxt'
    AND (
      str_value GLOB '*/' || $event || '"*'
      OR str_value GLOB '*"' || $event || '"*'
      -- Of all vmscan events only these are in every kernel since 4.4 (include/trace/events/vmscan.h).
      OR (
        ($event GLOB 'mm_vmscan_kswapd_*' OR $event GLOB 'mm_vmscan_direct_reclaim_*')
        AND str_value GLOB '*"vmscan/[*]"*'
      )
    )
)
AND NOT EXISTS (
  SELECT 1
  FROM metadata
  WHERE name = 'ftrace_setup_errors'
    AND str_value || char(10) GLOB '*Ftrace event *: */' || $event || char(10) || '*'
);

-- trim() leaves nothing only where digits and colons follow the name.
CREATE OR REPLACE PERFETTO TABLE reclaim_thread AS
SELECT utid, 'kswapd' AS kind
FROM thread
WHERE name GLOB 'kswapd[0-9]*' AND trim(substr(name, 7), '0123456789:') = ''
UNION ALL
SELECT utid, 'kcompressd' AS kind
FROM thread
WHERE (name GLOB 'kcompressd*[0-9]' AND trim(substr(name, 11), '0123456789:') = '')
  OR (name GLOB 'akcompressd*[0-9]' AND trim(substr(name, 12), '0123456789:') = '');

CREATE OR REPLACE PERFETTO FUNCTION reclaim_sched_knows()
RETURNS BOOL AS
SELECT EXISTS (SELECT 1 FROM sched) AND EXISTS (SELECT 1 FROM reclaim_thread WHERE kind = 'kswapd');

CREATE OR REPLACE PERFETTO TABLE reclaim_sample AS
SELECT track.name, counter.ts, counter.value
FROM counter_track AS track
CROSS JOIN counter ON counter.track_id = track.id
WHERE track.type IN ('vmstat', 'psi');

CREATE OR REPLACE PERFETTO INDEX reclaim_sample_by_name ON reclaim_sample(name, ts);

CREATE OR REPLACE PERFETTO TABLE reclaim_growth AS
WITH
  edge AS (
    SELECT name, min(ts) AS first_ts, max(ts) AS last_ts
    FROM reclaim_sample
    GROUP BY name
  )
SELECT edge.name, last.value - first.value AS growth, first_ts, last_ts
FROM edge
JOIN reclaim_sample AS first ON first.name = edge.name AND first.ts = edge.first_ts
JOIN reclaim_sample AS last ON last.name = edge.name AND last.ts = edge.last_ts
-- One sample says nothing of growth; a shrinking counter was reset (only event counters are read here).
WHERE last_ts > first_ts;

CREATE OR REPLACE PERFETTO TABLE reclaim_event AS
SELECT ts, utid, name, arg_set_id
FROM ftrace_event
WHERE name IN (
  'mm_vmscan_kswapd_wake',
  'mm_vmscan_kswapd_sleep',
  'mm_vmscan_throttled',
  'writeback_congestion_wait',
  'writeback_wait_iff_congested',
  'mark_victim',
  'lowmemory_kill'
);

-- kswapd() in mm/vmscan.c emits mm_vmscan_kswapd_wake before every balance_pgdat(), so several in a row mean it stayed up;
-- kswapd_try_to_sleep() emits mm_vmscan_kswapd_sleep only when it goes to sleep for good, after a nap of 0.1 s (HZ / 10)
-- that nobody cut short. A first event "sleep" means it was awake when the recording began.
CREATE OR REPLACE PERFETTO TABLE reclaim_span AS
WITH
  event AS (
    SELECT utid, ts, name = 'mm_vmscan_kswapd_wake' AS wakes
    FROM reclaim_event
    WHERE name = 'mm_vmscan_kswapd_wake' OR name = 'mm_vmscan_kswapd_sleep'
  ),
  marked AS (
    SELECT utid, ts, wakes, lag(wakes) OVER (PARTITION BY utid ORDER BY ts) AS before
    FROM event
  ),
  change AS (
    SELECT utid, ts, wakes, before, lead(ts) OVER (PARTITION BY utid ORDER BY ts) AS next_ts
    FROM marked
    WHERE before IS NULL OR before != wakes
  ),
  by_events AS (
    SELECT utid, ts, coalesce(next_ts, trace_end()) AS ts_end
    FROM change
    WHERE wakes
    UNION ALL
    SELECT utid, trace_start(), ts
    FROM change
    WHERE NOT wakes AND before IS NULL
  ),
  -- Without the events: whenever it did not sleep interruptibly, from when the scheduler first told of it.
  by_sched AS (
    SELECT utid, min(ts) AS ts, (SELECT ts + iif(dur < 0, 0, dur) FROM sched ORDER BY ts DESC LIMIT 1) AS ts_end
    FROM reclaim_thread
    CROSS JOIN thread_state USING (utid)
    WHERE kind = 'kswapd'
    GROUP BY utid
  )
SELECT utid, ts, ts_end
FROM by_events
UNION ALL
SELECT utid, ts, ts_end
FROM by_sched
WHERE NOT EXISTS (SELECT 1 FROM by_events);

-- kswapd sleeps interruptibly ('S') nowhere but in kswapd_try_to_sleep(): those 0.1 s naps are not reclaim.
CREATE OR REPLACE PERFETTO TABLE reclaim_nap AS
SELECT utid, ts, iif(dur < 0, trace_end(), ts + dur) AS ts_end
FROM (SELECT DISTINCT utid FROM reclaim_span)
CROSS JOIN thread_state USING (utid)
WHERE state = 'S';

CREATE OR REPLACE PERFETTO FUNCTION reclaim_awake_method()
RETURNS STRING AS
SELECT
  CASE
    WHEN NOT EXISTS (
      SELECT 1 FROM reclaim_event WHERE name = 'mm_vmscan_kswapd_wake' OR name = 'mm_vmscan_kswapd_sleep'
    )
    THEN iif(reclaim_sched_knows(), 'sched', NULL)
    WHEN EXISTS (SELECT 1 FROM reclaim_nap) THEN 'events-less-naps'
    ELSE 'events'
  END;

CREATE OR REPLACE PERFETTO FUNCTION reclaim_awake(from_ts LONG, to_ts LONG)
RETURNS LONG AS
WITH
  up AS (
    SELECT utid, max(ts, $from_ts) AS ts, min(ts_end, $to_ts) AS ts_end
    FROM reclaim_span
    WHERE ts < $to_ts AND ts_end > $from_ts
  )
SELECT
  iif(
    reclaim_awake_method() IS NULL,
    NULL,
    coalesce((SELECT sum(ts_end - ts) FROM up), 0)
    - coalesce(
      (
        SELECT sum(min(nap.ts_end, up.ts_end) - max(nap.ts, up.ts))
        FROM up
        JOIN reclaim_nap AS nap ON nap.utid = up.utid AND nap.ts < up.ts_end AND nap.ts_end > up.ts
      ),
      0
    )
  );

-- An end that was lost leaves its slice open: how long it took nobody knows.
CREATE OR REPLACE PERFETTO TABLE reclaim_direct AS
SELECT utid, upid, slice.ts, slice.ts + slice.dur AS ts_end
FROM slice
CROSS JOIN thread_track ON thread_track.id = slice.track_id
CROSS JOIN thread USING (utid)
WHERE slice.name = 'mm_vmscan_direct_reclaim' AND slice.dur >= 0;

CREATE OR REPLACE PERFETTO FUNCTION reclaim_direct_known()
RETURNS BOOL AS
SELECT EXISTS (SELECT 1 FROM reclaim_direct) OR reclaim_asked('mm_vmscan_direct_reclaim_begin');

CREATE OR REPLACE PERFETTO FUNCTION reclaim_blocked_known()
RETURNS BOOL AS
SELECT EXISTS (SELECT 1 FROM thread_state WHERE io_wait IS NOT NULL LIMIT 1) OR reclaim_asked('sched_blocked_reason');

CREATE OR REPLACE PERFETTO FUNCTION reclaim_waking_known()
RETURNS BOOL AS
SELECT
  EXISTS (SELECT 1 FROM thread_state WHERE waker_utid IS NOT NULL LIMIT 1)
  OR reclaim_asked('sched_waking')
  OR reclaim_asked('sched_wakeup');

CREATE OR REPLACE PERFETTO FUNCTION reclaim_mm_level()
RETURNS BOOL AS
SELECT EXISTS (
  SELECT 1
  FROM reclaim_thread
  JOIN thread USING (utid)
  WHERE kind = 'kcompressd' AND thread.name NOT GLOB '*:*'
);

-- Why which counter: queue.sql.
CREATE OR REPLACE PERFETTO TABLE reclaim_queue AS
WITH
  difference AS (
    SELECT written.ts, written.value - swapped.value AS value
    FROM reclaim_sample AS written
    JOIN reclaim_sample AS swapped ON swapped.name = 'pswpout' AND swapped.ts = written.ts
    WHERE written.name = 'nr_vmscan_write' AND (SELECT reclaim_mm_level())
  )
SELECT ts, value
FROM reclaim_sample
WHERE name = 'nr_writeback' AND NOT (SELECT reclaim_mm_level())
UNION ALL
SELECT ts, value - min(value) OVER (ORDER BY ts ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
FROM difference;

CREATE OR REPLACE PERFETTO FUNCTION reclaim_lmkd_watched()
RETURNS BOOL AS
SELECT EXISTS (
  SELECT 1
  FROM metadata
  WHERE
    name = 'trace_config_pbtxt'
    AND (str_value GLOB '*atrace_apps: "lmkd"*' OR str_value GLOB '*atrace_apps: "[*]"*')
);
