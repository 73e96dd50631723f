-- SPDX-License-Identifier: Apache-2.0
-- What was recorded at all, so that a metric without a figure can say what it lacked.
--
-- source  STRING  as a metric's `needs` name it (reports/metrics/metric.py)
--
-- From: Perfetto counter_track, sched, thread, slice, cpu and the trace's own config.

SELECT type || ' ' || name AS source
FROM counter_track
WHERE type IN ('vmstat', 'meminfo')
UNION
SELECT 'psi memory'
FROM counter_track
WHERE type = 'psi' AND name GLOB 'psi.mem.*'
UNION
SELECT 'power rails'
FROM counter_track
WHERE type = 'power_rails'
UNION
SELECT 'battery counters'
FROM counter_track
WHERE name = 'batt.charge_uah'
UNION
SELECT 'thermal zones'
FROM counter_track
WHERE name GLOB '*Temperature'
UNION
SELECT 'ftrace power/cpu_frequency'
FROM cpu_counter_track
WHERE name = 'cpufreq'
UNION
SELECT 'ftrace sched/sched_switch'
WHERE EXISTS (SELECT 1 FROM sched)
UNION
SELECT 'ftrace sched/sched_blocked_reason'
WHERE reclaim_blocked_known()
UNION
SELECT 'ftrace sched/sched_waking'
WHERE reclaim_waking_known()
UNION
SELECT 'the name of kswapd''s thread'
FROM reclaim_thread
WHERE kind = 'kswapd'
UNION
SELECT 'CPU capacities'
FROM reclaim_core
UNION
SELECT 'ftrace vmscan/mm_vmscan_direct_reclaim_begin'
WHERE reclaim_direct_known()
UNION
SELECT 'ftrace vmscan/mm_vmscan_kswapd_wake'
WHERE EXISTS (SELECT 1 FROM reclaim_event WHERE name GLOB 'mm_vmscan_kswapd*') OR reclaim_asked('mm_vmscan_kswapd_wake')
UNION
SELECT 'ftrace vmscan/mm_vmscan_throttled'
WHERE EXISTS (SELECT 1 FROM reclaim_event WHERE name IN ('mm_vmscan_throttled', 'writeback_congestion_wait'))
  OR reclaim_asked('mm_vmscan_throttled')
  OR reclaim_asked('writeback_congestion_wait')
UNION
SELECT 'ftrace oom/mark_victim'
WHERE EXISTS (SELECT 1 FROM reclaim_event WHERE name = 'mark_victim') OR reclaim_asked('mark_victim')
UNION
SELECT 'ftrace lowmemorykiller/lowmemory_kill'
WHERE EXISTS (SELECT 1 FROM reclaim_event WHERE name = 'lowmemory_kill') OR reclaim_asked('lowmemory_kill')
UNION
SELECT 'atrace of lmkd'
WHERE reclaim_lmkd_watched() OR EXISTS (SELECT 1 FROM android_lmk_events)
UNION
SELECT 'ftrace binder/binder_transaction'
WHERE EXISTS (SELECT 1 FROM slice WHERE name = 'binder transaction')
UNION
SELECT 'ART''s JIT slices'
WHERE EXISTS (SELECT 1 FROM reclaim_jit)
UNION
SELECT 'calls of zram''s write path (`reclaim run attribution`)'
WHERE EXISTS (SELECT 1 FROM attribution_any)
UNION
SELECT 'a launch'
FROM reclaim_launch
UNION
SELECT 'the launched app''s process'
FROM reclaim_launch
WHERE upid IS NOT NULL;
