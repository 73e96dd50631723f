-- SPDX-License-Identifier: Apache-2.0
-- What the recording lost, and what the trace processor could not read.
--
-- name      STRING  statistic, as Perfetto calls it
-- severity  STRING  'data_loss' | 'error' | 'info'
-- value     LONG    how often, summed over CPUs or buffers
--
-- From: Perfetto stats. Overruns of the kernel's ring buffer and of the trace's own are 'info' in some versions: taken too.

SELECT name, severity, sum(value) AS value
FROM stats
WHERE value > 0
  AND (
    severity IN ('data_loss', 'error')
    OR name IN ('ftrace_cpu_overrun_delta', 'ftrace_cpu_dropped_events_delta', 'traced_buf_chunks_overwritten')
  )
GROUP BY name, severity
ORDER BY name;
