-- SPDX-License-Identifier: Apache-2.0
-- Every kill by lmkd or the kernel's OOM killer.
--
-- ts       LONG    ns, when it was killed; NULL in the row that only says that kills would have been seen
-- pid      LONG    its pid, 0 when not told; NULL likewise
-- process  STRING  its name, where the trace tells
-- killer   STRING  'lmkd' | 'oom'
-- adj      LONG    oom_score_adj; NULL when not told
-- reason   STRING  lmkd's kill reason; NULL for the OOM killer
--
-- From: Perfetto android.memory.lmk (lmkd's trace markers) and ftrace oom/mark_victim. A row without ts stands for a killer
-- that was watched: by the config (atrace_apps "lmkd" or "*", ftrace oom/mark_victim).

INCLUDE PERFETTO MODULE android.memory.lmk;

SELECT ts, coalesce(pid, 0) AS pid, process_name AS process, 'lmkd' AS killer, oom_score_adj AS adj, kill_reason AS reason
FROM android_lmk_events
UNION ALL
SELECT
  event.ts,
  coalesce(extract_arg(event.arg_set_id, 'pid'), 0) AS pid,
  coalesce(process.name, thread.name) AS process,
  'oom' AS killer,
  NULL AS adj,
  NULL AS reason
FROM reclaim_event AS event
LEFT JOIN thread ON thread.tid = extract_arg(event.arg_set_id, 'pid')
LEFT JOIN process USING (upid)
WHERE event.name = 'mark_victim'
GROUP BY event.ts, event.arg_set_id
UNION ALL
SELECT NULL, NULL, NULL, 'oom', NULL, NULL
WHERE reclaim_asked('mark_victim')
UNION ALL
SELECT NULL, NULL, NULL, 'lmkd', NULL, NULL
WHERE reclaim_lmkd_watched();
