-- SPDX-License-Identifier: Apache-2.0
-- CPU time of the threads that reclaim and compress, and of threads in direct reclaim: how much, where, how fast, and how long
-- the former waited for a CPU.
--
-- metric  STRING  name in reports/metrics/trial.py
-- value   DOUBLE  seconds, or hertz, as the metric says
-- note    STRING  number of such threads that ran, for their CPU time
--
-- From: Perfetto sched and thread_state (ftrace sched/sched_switch; sched/sched_waking for the wait). Every switch of every CPU
-- is in there, so a thread that does not appear ran for 0 s; without any switch, or where kswapd is not even known by name,
-- there are no rows. Core types from the capacity of each CPU, frequency from ftrace power/cpu_frequency: running.sql.

WITH
  ran AS (
    SELECT kind, utid, sum(iif(dur < 0, trace_end() - ts, dur)) / 1e9 AS seconds
    FROM reclaim_thread
    CROSS JOIN sched USING (utid)
    GROUP BY kind, utid
  ),
  topic AS (
    SELECT 'kswapd_cpu' AS metric, 'kswapd' AS pattern
    UNION ALL SELECT 'kcompressd_cpu', 'kcompressd'
    UNION ALL SELECT 'reclaim_cpu', '*'
  ),
  waited AS (
    SELECT kind, sum(iif(dur < 0, trace_end() - ts, dur)) / 1e9 AS seconds
    FROM reclaim_thread
    CROSS JOIN thread_state USING (utid)
    WHERE state = 'R' OR state = 'R+'
    GROUP BY kind
  ),
  wait_topic AS (
    SELECT 'kswapd_runnable' AS metric, 'kswapd' AS kind
    UNION ALL SELECT 'kcompressd_runnable', 'kcompressd'
  ),
  -- Over the time between the counter's own samples, as the pages are.
  work AS (
    SELECT
      growth,
      (
        SELECT sum(min(run.ts + run.dur, last_ts) - max(run.ts, first_ts))
        FROM reclaim_run AS run
        WHERE run.owner != 'launch' AND run.ts < last_ts AND run.ts + run.dur > first_ts
      ) AS dur
    FROM reclaim_growth
    WHERE name = 'pgsteal_kswapd' AND growth > 0
  ),
  direct AS (
    SELECT sum(dur) AS dur, count(DISTINCT utid) AS threads
    FROM reclaim_direct_ran
  ),
  direct_core AS (
    SELECT core, sum(run.dur) AS dur
    FROM reclaim_core
    LEFT JOIN reclaim_direct_ran AS run USING (cpu)
    GROUP BY core
  )
SELECT metric, coalesce(sum(seconds), 0.0) AS value, count(utid) || ' threads' AS note
FROM topic
LEFT JOIN ran ON kind GLOB pattern
WHERE reclaim_sched_knows()
GROUP BY metric
UNION ALL
SELECT metric, coalesce(seconds, 0.0), NULL
FROM wait_topic
LEFT JOIN waited USING (kind)
WHERE reclaim_sched_knows() AND reclaim_waking_known()
UNION ALL
SELECT 'reclaim_cpu_per_1000_pages', coalesce(dur, 0) / 1e9 / (growth / 1000), 'kswapd and kcompressd, per page kswapd reclaimed'
FROM work
WHERE reclaim_sched_knows()
UNION ALL
SELECT 'reclaim_cpu_' || core, coalesce(sum(run.dur), 0) / 1e9, NULL
FROM reclaim_core
LEFT JOIN reclaim_run AS run ON run.cpu = reclaim_core.cpu AND run.owner != 'launch'
WHERE reclaim_sched_knows()
GROUP BY core
UNION ALL
SELECT
  'kcompressd_share',
  sum(iif(kind = 'kcompressd', seconds, 0)) / nullif(sum(seconds), 0),
  NULL
FROM ran
WHERE reclaim_sched_knows()
UNION ALL
SELECT 'direct_reclaim_cpu', coalesce(dur, 0) / 1e9, threads || ' threads'
FROM direct
WHERE reclaim_direct_known() AND EXISTS (SELECT 1 FROM sched)
UNION ALL
SELECT 'direct_reclaim_cpu_' || core, coalesce(dur, 0) / 1e9, NULL
FROM direct_core
WHERE reclaim_direct_known() AND EXISTS (SELECT 1 FROM sched)
UNION ALL
SELECT 'reclaim_frequency', sum(hz * dur) / sum(dur), NULL
FROM reclaim_run_frequency
WHERE owner != 'launch' AND hz > 0
HAVING sum(dur) > 0;
