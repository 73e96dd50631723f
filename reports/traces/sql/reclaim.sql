-- SPDX-License-Identifier: Apache-2.0
-- How much the kernel reclaimed, who did it, and how long it took.
--
-- metric  STRING  name in reports/metrics/trial.py
-- value   DOUBLE  pages, counts, seconds, pages per second or a share, as the metric says
-- note    STRING  how it was found, where there is more than one way
--
-- From: /proc/vmstat (Perfetto counter_track, type 'vmstat'); ftrace vmscan/mm_vmscan_kswapd_wake and _sleep; ftrace
-- vmscan/mm_vmscan_direct_reclaim_begin and _end, which Perfetto turns into slices on the thread that reclaimed; ftrace
-- vmscan/mm_vmscan_throttled (since 5.16) or writeback/writeback_congestion_wait and _wait_iff_congested (until 5.17), each with
-- the microseconds a task was held back. What was not recorded has no row.

WITH
  -- Before 4.8 pgsteal_* were counted by zone (pgsteal_direct_normal); allocstall is by zone since then.
  wanted AS (
    SELECT 'pgsteal_anon' AS metric, 'pgsteal_anon' AS pattern
    UNION ALL SELECT 'pgscan_anon', 'pgscan_anon'
    UNION ALL SELECT 'pgsteal_kswapd', 'pgsteal_kswapd'
    UNION ALL SELECT 'pgsteal_kswapd', 'pgsteal_kswapd_*'
    UNION ALL SELECT 'pgsteal_direct', 'pgsteal_direct'
    UNION ALL SELECT 'pgsteal_direct', 'pgsteal_direct_*'
    UNION ALL SELECT 'allocstall', 'allocstall'
    UNION ALL SELECT 'allocstall', 'allocstall_*'
    UNION ALL SELECT 'pswpout', 'pswpout'
    UNION ALL SELECT 'pswpin', 'pswpin'
    UNION ALL SELECT 'refault_anon', 'workingset_refault_anon'
    UNION ALL SELECT 'refault_file', 'workingset_refault_file'
    UNION ALL SELECT 'pgscan_file', 'pgscan_file'
    UNION ALL SELECT 'pgsteal_file', 'pgsteal_file'
    UNION ALL SELECT 'pgmajfault', 'pgmajfault'
    UNION ALL SELECT 'watermark_hits', 'kswapd_low_wmark_hit_quickly'
    UNION ALL SELECT 'watermark_hits', 'kswapd_high_wmark_hit_quickly'
    UNION ALL SELECT 'oom_kill_counter', 'oom_kill'
  ),
  grown AS (
    SELECT metric, sum(growth) AS value
    FROM wanted
    JOIN reclaim_growth ON reclaim_growth.name GLOB pattern
    WHERE growth >= 0
    GROUP BY metric
  ),
  scanned AS (
    SELECT name, growth
    FROM reclaim_growth
    WHERE name GLOB 'pgscan_kswapd' OR name GLOB 'pgscan_direct'
  ),
  direct AS (
    -- An end that was lost leaves its slice open: how long it took nobody knows.
    SELECT count(1) AS slices, sum(iif(dur >= 0, dur, 0)) AS dur, max(dur) AS longest, sum(dur < 0) AS open
    FROM slice
    WHERE name = 'mm_vmscan_direct_reclaim'
  ),
  held AS (
    SELECT sum(extract_arg(arg_set_id, 'usec_delayed')) AS us, count(1) AS times
    FROM reclaim_event
    WHERE name IN ('mm_vmscan_throttled', 'writeback_congestion_wait', 'writeback_wait_iff_congested')
  )
SELECT metric, value, NULL AS note
FROM grown
UNION ALL
SELECT 'kswapd_awake', reclaim_awake(trace_start(), trace_end()) / 1e9, reclaim_awake_method()
UNION ALL
-- Over the time kswapd was awake between the counter's own samples, not over the trace.
SELECT
  name || '_rate',
  growth / (nullif(reclaim_awake(first_ts, last_ts), 0) / 1e9),
  reclaim_awake_method()
FROM reclaim_growth
WHERE name IN ('pgsteal_anon', 'pgscan_anon', 'pgsteal_file', 'pgscan_file') AND growth >= 0
UNION ALL
SELECT
  'direct_reclaim_time',
  iif(slices > 0 AND slices = open, NULL, coalesce(dur, 0) / 1e9),
  iif(open > 0, open || ' left open', NULL)
FROM direct
WHERE slices > 0 OR reclaim_asked('mm_vmscan_direct_reclaim_begin')
UNION ALL
SELECT 'direct_reclaim_count', slices, NULL
FROM direct
WHERE slices > 0 OR reclaim_asked('mm_vmscan_direct_reclaim_begin')
UNION ALL
SELECT 'direct_reclaim_longest', longest / 1e9, NULL
FROM direct
WHERE longest >= 0
UNION ALL
-- Of all pages looked at, those that were freed; of all pages freed, those that allocating threads had to free themselves.
SELECT 'reclaim_efficiency', sum(stolen.value) / nullif(sum(scanned.growth), 0), NULL
FROM scanned
JOIN grown AS stolen ON stolen.metric = 'pgsteal' || substr(scanned.name, 7)
HAVING count(1) = 2
UNION ALL
SELECT 'direct_share', direct.value / nullif(direct.value + kswapd.value, 0), NULL
FROM grown AS direct
JOIN grown AS kswapd ON kswapd.metric = 'pgsteal_kswapd'
WHERE direct.metric = 'pgsteal_direct'
UNION ALL
SELECT 'throttled_time', coalesce(us, 0) / 1e6, times || ' times'
FROM held
WHERE times > 0 OR reclaim_asked('mm_vmscan_throttled') OR reclaim_asked('writeback_congestion_wait')
UNION ALL
SELECT 'kswapd_wakes', count(1), NULL
FROM reclaim_span
WHERE (SELECT reclaim_awake_method()) GLOB 'events*'
HAVING count(1) > 0;
