-- SPDX-License-Identifier: Apache-2.0
-- What happened while the kernel reclaimed: from its first to its last work in the trace.
--
-- metric  STRING  name in reports/metrics/trial.py or effort.py; pressure_time is the length of the window
-- value   DOUBLE  pages, counts or seconds, as the metric says
-- note    STRING  always NULL
--
-- From: kswapd's wake-ups and sleeps and direct reclaim bound the window (shared.sql); /proc/vmstat and /proc/pressure/memory between the
-- last sample before it and the first after it, or the trace's own first and last.

WITH
  bound AS (
    SELECT min(ts) AS ts, max(ts_end) AS ts_end
    FROM (
      -- By scheduling alone kswapd is taken as awake all along: no bound.
      SELECT ts, ts_end FROM reclaim_span WHERE (SELECT reclaim_awake_method()) GLOB 'events*'
      UNION ALL
      SELECT ts, ts_end FROM reclaim_direct
    )
    HAVING count(1) > 0 AND max(ts_end) > min(ts)
  ),
  topic AS (
    SELECT 'pgsteal_anon' AS metric, 'pgsteal_anon' AS name
    UNION ALL SELECT 'pgscan_anon', 'pgscan_anon'
    UNION ALL SELECT 'pgsteal_kswapd', 'pgsteal_kswapd'
    UNION ALL SELECT 'pgsteal_direct', 'pgsteal_direct'
    UNION ALL SELECT 'pswpout', 'pswpout'
    UNION ALL SELECT 'pswpin', 'pswpin'
    UNION ALL SELECT 'pgrotated', 'pgrotated'
    UNION ALL SELECT 'pgmajfault', 'pgmajfault'
    UNION ALL SELECT 'refault_anon', 'workingset_refault_anon'
    UNION ALL SELECT 'refault_file', 'workingset_refault_file'
    UNION ALL SELECT 'psi_memory_some', 'psi.mem.some'
    UNION ALL SELECT 'psi_memory_full', 'psi.mem.full'
  ),
  -- The samples that stand closest around the window, counter by counter.
  edge AS (
    SELECT
      metric,
      sample.name,
      coalesce(max(iif(sample.ts <= bound.ts, sample.ts, NULL)), min(sample.ts)) AS first_ts,
      coalesce(min(iif(sample.ts >= bound.ts_end, sample.ts, NULL)), max(sample.ts)) AS last_ts
    FROM topic
    CROSS JOIN reclaim_sample AS sample USING (name)
    CROSS JOIN bound
    GROUP BY metric
  )
SELECT 'pressure_time' AS metric, (ts_end - ts) / 1e9 AS value, NULL AS note
FROM bound
UNION ALL
SELECT metric, (last.value - first.value) / iif(edge.name GLOB 'psi.*', 1e9, 1), NULL
FROM edge
JOIN reclaim_sample AS first ON first.name = edge.name AND first.ts = first_ts
JOIN reclaim_sample AS last ON last.name = edge.name AND last.ts = last_ts
WHERE last_ts > first_ts AND last.value >= first.value;
