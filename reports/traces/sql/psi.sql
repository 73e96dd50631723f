-- SPDX-License-Identifier: Apache-2.0
-- Time tasks stood still for want of memory.
--
-- metric  STRING  psi_memory_some (at least one task), psi_memory_full (every task)
-- value   DOUBLE  seconds, from the first sample to the last
-- note    STRING  always NULL
--
-- From: /proc/pressure/memory total= (kernel/sched/psi.c), which Perfetto keeps in nanoseconds (counter_track, type 'psi').

WITH
  topic AS (
    SELECT 'psi_memory_some' AS metric, 'psi.mem.some' AS name
    UNION ALL SELECT 'psi_memory_full', 'psi.mem.full'
  )
SELECT metric, growth / 1e9 AS value, NULL AS note
FROM topic
JOIN reclaim_growth USING (name)
WHERE growth >= 0;
