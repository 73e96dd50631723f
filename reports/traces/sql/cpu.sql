-- SPDX-License-Identifier: Apache-2.0
-- CPU time of the threads that reclaim and compress.
--
-- metric  STRING  kswapd_cpu, kcompressd_cpu, reclaim_cpu (both together)
-- value   DOUBLE  seconds on a CPU
-- note    STRING  number of such threads that ran
--
-- From: Perfetto sched (ftrace sched/sched_switch). Every switch of every CPU is in there, so a thread that does not
-- appear ran for 0 s; without any switch, or where kswapd is not even known by name, there are no rows.

WITH
  ran AS (
    SELECT kind, utid, sum(iif(dur < 0, trace_end() - ts, dur)) / 1e9 AS seconds
    FROM reclaim_thread
    JOIN sched USING (utid)
    GROUP BY kind, utid
  ),
  topic AS (
    SELECT 'kswapd_cpu' AS metric, 'kswapd' AS pattern
    UNION ALL SELECT 'kcompressd_cpu', 'kcompressd'
    UNION ALL SELECT 'reclaim_cpu', '*'
  )
SELECT metric, coalesce(sum(seconds), 0.0) AS value, count(utid) || ' threads' AS note
FROM topic
LEFT JOIN ran ON kind GLOB pattern
WHERE reclaim_sched_knows()
GROUP BY metric;
