-- SPDX-License-Identifier: Apache-2.0
-- How much the kernel reclaimed, who did it, and how long it took.
--
-- metric  STRING  name in reports/metrics.py
-- value   DOUBLE  pages, counts, seconds or pages per second, as the metric says
-- note    STRING  how it was found, where there is more than one way
--
-- From: /proc/vmstat (Perfetto counter_track, type 'vmstat'); ftrace vmscan/mm_vmscan_kswapd_wake and _sleep; ftrace
-- vmscan/mm_vmscan_direct_reclaim_begin and _end, which Perfetto turns into slices on the thread that reclaimed.
-- What was not recorded has no row.

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
  ),
  direct AS (
    -- An end that was lost leaves its slice open: how long it took nobody knows.
    SELECT count(1) AS slices, sum(iif(dur >= 0, dur, 0)) AS dur, sum(dur < 0) AS open
    FROM slice
    WHERE name = 'mm_vmscan_direct_reclaim'
  )
SELECT metric, sum(growth) AS value, NULL AS note
FROM wanted
JOIN reclaim_growth ON reclaim_growth.name GLOB pattern
WHERE growth >= 0
GROUP BY metric
UNION ALL
SELECT 'kswapd_awake', reclaim_awake(trace_start(), trace_end()) / 1e9, reclaim_awake_method()
UNION ALL
-- Over the time kswapd was awake between the counter's own samples, not over the trace.
SELECT
  'pgsteal_anon_rate',
  growth / (nullif(reclaim_awake(first_ts, last_ts), 0) / 1e9),
  reclaim_awake_method()
FROM reclaim_growth
WHERE name = 'pgsteal_anon' AND growth >= 0
UNION ALL
SELECT
  'direct_reclaim_time',
  iif(slices > 0 AND slices = open, NULL, coalesce(dur, 0) / 1e9),
  iif(open > 0, open || ' left open', NULL)
FROM direct
WHERE slices > 0 OR reclaim_asked('mm_vmscan_direct_reclaim_begin');
