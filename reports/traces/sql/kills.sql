-- SPDX-License-Identifier: Apache-2.0
-- Every kill by lmkd, the kernel's OOM killer or the low memory killer of kernels before 4.12.
--
-- ts       LONG    ns, when it was killed; NULL in the row that only says that kills would have been seen
-- pid      LONG    its pid, 0 when not told; NULL likewise
-- process  STRING  its name, where the trace tells
-- killer   STRING  'lmkd' | 'oom' | 'lmk'
-- adj      LONG    oom_score_adj; NULL when not told
-- reason   STRING  lmkd's kill reason; NULL for the kernel's killers
--
-- From: Perfetto android.memory.lmk (lmkd's trace markers), ftrace oom/mark_victim and lowmemorykiller/lowmemory_kill. A
-- row without ts stands for a killer that was watched: by the config (atrace_apps "lmkd" or "*", those ftrace events).

INCLUDE PERFETTO MODULE android.memory.lmk;

SELECT ts, coalesce(pid, 0) AS pid, process_name AS process, 'lmkd' AS killer, oom_score_adj AS adj, kill_reason AS reason
FROM android_lmk_events
UNION ALL
SELECT
  event.ts,
  coalesce(extract_arg(event.arg_set_id, 'pid'), 0) AS pid,
  coalesce(process.name, thread.name) AS process,
  iif(event.name = 'mark_victim', 'oom', 'lmk') AS killer,
  NULL AS adj,
  NULL AS reason
FROM reclaim_event AS event
LEFT JOIN thread ON thread.tid = extract_arg(event.arg_set_id, 'pid')
LEFT JOIN process USING (upid)
WHERE event.name IN ('mark_victim', 'lowmemory_kill')
GROUP BY event.ts, event.arg_set_id
UNION ALL
SELECT NULL, NULL, NULL, 'oom', NULL, NULL
WHERE reclaim_asked('mark_victim')
UNION ALL
SELECT NULL, NULL, NULL, 'lmk', NULL, NULL
WHERE reclaim_asked('lowmemory_kill')
UNION ALL
SELECT NULL, NULL, NULL, 'lmkd', NULL, NULL
WHERE reclaim_lmkd_watched();
