-- SPDX-License-Identifier: Apache-2.0
-- Reclaim over time, at most one point per series and 0.1 s.
--
-- series  STRING  name in reports/traces/series.py
-- t_s     DOUBLE  seconds since the trace began
-- value   DOUBLE  pages, bytes, pages per second, or a share 0..1, as the series says
--
-- From: /proc/vmstat, /proc/meminfo and /proc/pressure/memory (Perfetto counter_track, types 'vmstat', 'meminfo', 'psi').
-- A level keeps the extreme that matters (most writeback, least memory); a rate is that since the point before.

WITH
  sample AS (
    SELECT track.name, counter.ts, counter.value, (counter.ts - trace_start()) / 100000000 AS slot
    FROM counter_track AS track
    JOIN counter ON counter.track_id = track.id
    WHERE (track.type = 'vmstat' AND track.name IN ('pgsteal_anon', 'pgsteal_direct', 'nr_writeback'))
      OR (track.type = 'meminfo' AND track.name IN ('MemAvailable', 'SwapTotal', 'SwapFree'))
      OR (track.type = 'psi' AND track.name = 'psi.mem.some')
  ),
  -- With a single max() SQLite takes the other columns from the same row: the last sample of a slot.
  latest AS (
    SELECT name, max(ts) AS ts, value
    FROM sample
    GROUP BY name, slot
  ),
  step AS (
    SELECT
      name,
      ts,
      (value - lag(value) OVER (PARTITION BY name ORDER BY ts))
      / ((ts - lag(ts) OVER (PARTITION BY name ORDER BY ts)) / 1e9) AS per_s
    FROM latest
  ),
  point AS (
    SELECT
      CASE name
        WHEN 'pgsteal_anon' THEN 'pgsteal_anon_rate'
        WHEN 'pgsteal_direct' THEN 'pgsteal_direct_rate'
        ELSE 'psi_memory_some'
      END AS series,
      ts,
      per_s / iif(name = 'psi.mem.some', 1e9, 1) AS value
    FROM step
    WHERE name IN ('pgsteal_anon', 'pgsteal_direct', 'psi.mem.some') AND per_s >= 0
    UNION ALL
    SELECT 'nr_writeback', max(ts), max(value)
    FROM sample
    WHERE name = 'nr_writeback'
    GROUP BY slot
    UNION ALL
    SELECT 'mem_available', max(ts), min(value)
    FROM sample
    WHERE name = 'MemAvailable'
    GROUP BY slot
    UNION ALL
    SELECT 'swap_used', free.ts, total.value - free.value
    FROM latest AS free
    JOIN latest AS total ON total.name = 'SwapTotal' AND total.ts = free.ts
    WHERE free.name = 'SwapFree'
  )
SELECT series, (ts - trace_start()) / 1e9 AS t_s, value
FROM point
ORDER BY series, ts;
