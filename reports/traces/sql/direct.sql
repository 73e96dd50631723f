-- SPDX-License-Identifier: Apache-2.0
-- Who reclaimed directly, longest in all first.
--
-- process  STRING  name, empty where the trace does not tell
-- thread   STRING  name, empty likewise
-- tid      LONG    thread
-- times    LONG    how often
-- dur      LONG    ns in all
-- longest  LONG    ns of the longest
-- cpu      LONG    ns of it on a CPU; NULL where scheduling was not recorded
-- little   LONG    ns of that on little cores; NULL where the trace tells no core of this type
-- mid      LONG    the same, mid cores
-- big      LONG    the same, big cores
--
-- From: Perfetto slices mm_vmscan_direct_reclaim (ftrace vmscan/mm_vmscan_direct_reclaim_begin and _end); sched and cpu, as
-- running.sql has them.

WITH
  ran AS (
    SELECT
      utid,
      sum(dur) AS dur,
      sum(iif(core = 'little', dur, 0)) AS little,
      sum(iif(core = 'mid', dur, 0)) AS mid,
      sum(iif(core = 'big', dur, 0)) AS big
    FROM reclaim_direct_ran
    LEFT JOIN reclaim_core USING (cpu)
    GROUP BY utid
  ),
  spent AS (
    SELECT utid, count(1) AS times, sum(ts_end - ts) AS dur, max(ts_end - ts) AS longest
    FROM reclaim_direct
    GROUP BY utid
  ),
  known AS (
    SELECT
      EXISTS (SELECT 1 FROM sched) AS sched,
      max(core = 'little') AS little,
      max(core = 'mid') AS mid,
      max(core = 'big') AS big
    FROM reclaim_core
  )
SELECT
  coalesce(process.name, '') AS process,
  coalesce(thread.name, '') AS thread,
  thread.tid,
  times,
  spent.dur,
  longest,
  iif(known.sched, coalesce(ran.dur, 0), NULL) AS cpu,
  iif(known.sched AND known.little, coalesce(ran.little, 0), NULL) AS little,
  iif(known.sched AND known.mid, coalesce(ran.mid, 0), NULL) AS mid,
  iif(known.sched AND known.big, coalesce(ran.big, 0), NULL) AS big
FROM spent
CROSS JOIN known
JOIN thread USING (utid)
LEFT JOIN process ON process.upid = thread.upid
LEFT JOIN ran USING (utid)
ORDER BY spent.dur DESC, spent.utid
LIMIT 20;
