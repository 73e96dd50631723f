-- SPDX-License-Identifier: Apache-2.0
-- Who was killed by whom, how soon, and whether it happened while pages queued.
--
-- metric  STRING  kills_lmkd, kills_oom, kills_lmk, kill_adj_min, kill_first, kill_watched, kills_while_queued
-- value   DOUBLE  counts; oom_score_adj for kill_adj_min; seconds since the kernel's first reclaim for kill_first and kill_watched
-- note    STRING  always NULL
--
-- From: what kills.sql reads; /proc/vmstat nr_writeback.

INCLUDE PERFETTO MODULE android.memory.lmk;

WITH
  victim AS (
    SELECT ts, 'lmkd' AS killer, oom_score_adj AS adj
    FROM android_lmk_events
    UNION ALL
    SELECT ts, iif(name = 'mark_victim', 'oom', 'lmk'), NULL
    FROM reclaim_event
    WHERE name IN ('mark_victim', 'lowmemory_kill')
  ),
  watched AS (
    SELECT 'lmkd' AS killer
    WHERE reclaim_lmkd_watched()
    UNION ALL
    SELECT 'oom'
    WHERE reclaim_asked('mark_victim')
    UNION ALL
    SELECT 'lmk'
    WHERE reclaim_asked('lowmemory_kill')
  ),
  known AS (
    SELECT killer FROM watched UNION SELECT killer FROM victim
  ),
  began AS (
    SELECT min(ts) AS ts
    FROM (
      -- By scheduling alone kswapd is taken as awake all along: no beginning.
      SELECT ts FROM reclaim_span WHERE (SELECT reclaim_awake_method()) GLOB 'events*'
      UNION ALL
      SELECT ts FROM reclaim_direct
    )
  )
SELECT 'kills_' || known.killer AS metric, count(victim.ts) AS value, NULL AS note
FROM known
LEFT JOIN victim USING (killer)
GROUP BY known.killer
UNION ALL
SELECT 'kill_adj_min', min(adj), NULL
FROM victim
HAVING count(adj) > 0
UNION ALL
SELECT 'kill_first', max(0, min(victim.ts) - began.ts) / 1e9, NULL
FROM began
CROSS JOIN victim
WHERE began.ts IS NOT NULL
HAVING count(victim.ts) > 0
UNION ALL
-- How long somebody who lived was seen to live: by the trials in which nobody is killed, too.
SELECT 'kill_watched', (trace_end() - began.ts) / 1e9, NULL
FROM began
WHERE began.ts IS NOT NULL AND EXISTS (SELECT 1 FROM known)
UNION ALL
-- Killed with more than 8 MiB of pages waiting, by the sample before.
SELECT
  'kills_while_queued',
  (
    SELECT count(1)
    FROM victim
    WHERE (SELECT value FROM reclaim_queue AS queued WHERE queued.ts <= victim.ts ORDER BY queued.ts DESC LIMIT 1) > 2048
  ),
  NULL
WHERE EXISTS (SELECT 1 FROM reclaim_queue) AND EXISTS (SELECT 1 FROM known);
