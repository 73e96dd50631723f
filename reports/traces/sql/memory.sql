-- SPDX-License-Identifier: Apache-2.0
-- How low memory fell, and what zram made of what was swapped out.
--
-- metric  STRING  mem_available_min, mem_free_min, swap_free_min, swap_used_max, swap_fill_max, zram_ratio,
--                 zram_pages_peak
-- value   DOUBLE  bytes, pages, a share of all swap, or a plain ratio
-- note    STRING  number of samples, or how it was found
--
-- From: /proc/meminfo MemAvailable, MemFree, SwapTotal, SwapFree (Perfetto counter_track, type 'meminfo', already in bytes);
-- /proc/vmstat nr_zspages (type 'vmstat'). A page in swap may also lie in the swap cache, so the ratio is that of all swap.

WITH
  topic AS (
    SELECT 'mem_available_min' AS metric, 'MemAvailable' AS name
    UNION ALL SELECT 'mem_free_min', 'MemFree'
    UNION ALL SELECT 'swap_free_min', 'SwapFree'
  ),
  sample AS (
    SELECT track.name, counter.ts, counter.value
    FROM counter_track AS track
    CROSS JOIN counter ON counter.track_id = track.id
    WHERE track.type = 'meminfo' AND track.name IN ('MemAvailable', 'MemFree', 'SwapFree', 'SwapTotal')
  ),
  swap AS (
    SELECT free.ts, total.value AS total, total.value - free.value AS used
    FROM sample AS free
    JOIN sample AS total ON total.ts = free.ts AND total.name = 'SwapTotal'
    WHERE free.name = 'SwapFree' AND total.value > 0
  ),
  swapped AS (
    SELECT swap.ts, used, zspages.value AS zspages
    FROM swap
    JOIN reclaim_sample AS zspages ON zspages.ts = swap.ts AND zspages.name = 'nr_zspages'
  )
SELECT metric, min(value) AS value, count(1) || ' samples' AS note
FROM topic
JOIN sample USING (name)
-- Without any swap none is free: that is no shortage.
WHERE name != 'SwapFree' OR EXISTS (SELECT 1 FROM sample WHERE name = 'SwapTotal' AND value > 0)
GROUP BY metric
UNION ALL
SELECT 'swap_used_max', max(used), count(1) || ' samples'
FROM swap
HAVING count(1) > 0
UNION ALL
SELECT 'swap_fill_max', max(used / total), count(1) || ' samples'
FROM swap
HAVING count(1) > 0
UNION ALL
-- Where most was swapped out; max() makes SQLite take the other columns from the same row.
SELECT 'zram_ratio', used / (zspages * 4096), 'pages of 4 KiB'
FROM (SELECT max(used) AS used, zspages FROM swapped)
WHERE used > 0 AND zspages > 0
UNION ALL
SELECT 'zram_pages_peak', max(value), count(1) || ' samples'
FROM reclaim_sample
WHERE name = 'nr_zspages'
HAVING count(1) > 0;
