-- SPDX-License-Identifier: Apache-2.0
-- Who was killed by whom, and whether it happened while pages queued.
--
-- metric  STRING  kills_lmkd, kills_oom, kill_adj_min, kills_while_queued
-- value   DOUBLE  counts; oom_score_adj for kill_adj_min
-- note    STRING  always NULL
--
-- From: what kills.sql reads; /proc/vmstat nr_writeback.

INCLUDE PERFETTO MODULE android.memory.lmk;

WITH
  victim AS (
    SELECT ts, 'lmkd' AS killer, oom_score_adj AS adj
    FROM android_lmk_events
    UNION ALL
    SELECT ts, 'oom', NULL
    FROM reclaim_event
    WHERE name = 'mark_victim'
  ),
  watched AS (
    SELECT 'lmkd' AS killer
    WHERE reclaim_lmkd_watched()
    UNION ALL
    SELECT 'oom'
    WHERE reclaim_asked('mark_victim')
  ),
  known AS (
    SELECT killer FROM watched UNION SELECT killer FROM victim
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
