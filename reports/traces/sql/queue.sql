-- SPDX-License-Identifier: Apache-2.0
-- What a queue in front of the compressor costs: pages that wait, how long, and pages that come round again.
--
-- metric  STRING  name in reports/metrics/trial.py
-- value   DOUBLE  pages, page-seconds, seconds or a share, as the metric says
-- note    STRING  the counter that shows the queue, or the number of samples
--
-- From: /proc/vmstat (Perfetto counter_track, type 'vmstat'). Pages queued at zram level (threads kcompressd:N) are under
-- writeback: nr_writeback. Pages queued at mm level (threads kcompressdN) are locked and not under writeback
-- (folio_end_writeback in mm/filemap.c): nr_vmscan_write, which rises when a page is queued, less pswpout, which rises when it is
-- written. Zero-filled pages raise only the first (swap_writepage in mm/page_io.c, since 6.12), so their difference drifts up: what
-- it is above its lowest later value is queued at least. Samples, so a peak between two is not seen.

WITH
  step AS (
    SELECT ts, value, lead(ts) OVER (ORDER BY ts) - ts AS dur, lead(value) OVER (ORDER BY ts) AS next_value
    FROM reclaim_queue
  ),
  total AS (
    SELECT
      max(value) AS peak,
      sum((value + next_value) / 2 * dur) / 1e9 AS area,
      sum(iif(value > 2048, dur, 0)) / 1e9 AS above,
      count(dur) AS steps
    FROM step
  ),
  counter AS (
    SELECT iif(reclaim_mm_level(), 'nr_vmscan_write less pswpout', 'nr_writeback') AS name
  )
SELECT 'nr_writeback_peak' AS metric, max(value) AS value, count(1) || ' samples' AS note
FROM reclaim_sample
WHERE name = 'nr_writeback'
HAVING count(1) > 0
UNION ALL
SELECT 'pgrotated', growth, NULL
FROM reclaim_growth
WHERE name = 'pgrotated' AND growth >= 0
UNION ALL
SELECT 'queue_peak', peak, name
FROM total
CROSS JOIN counter
WHERE peak IS NOT NULL
UNION ALL
SELECT 'queue_area', area, name
FROM total
CROSS JOIN counter
WHERE steps > 0
UNION ALL
SELECT 'queue_above_8mib', above, name || ', pages of 4 KiB'
FROM total
CROSS JOIN counter
WHERE steps > 0
UNION ALL
-- Little's law: pages waiting on average are pages arriving per second times the time each waits.
SELECT 'queue_delay', area / growth, counter.name || ' over pswpout'
FROM total
CROSS JOIN counter
JOIN reclaim_growth ON reclaim_growth.name = 'pswpout' AND growth > 0
WHERE steps > 0
UNION ALL
SELECT 'rotated_share', rotated.growth / swapped.growth, NULL
FROM reclaim_growth AS rotated
JOIN reclaim_growth AS swapped ON swapped.name = 'pswpout' AND swapped.growth > 0
WHERE rotated.name = 'pgrotated' AND rotated.growth >= 0
UNION ALL
SELECT 'rescan_ratio', scanned.growth / stolen.growth, NULL
FROM reclaim_growth AS scanned
JOIN reclaim_growth AS stolen ON stolen.name = 'pgsteal_anon' AND stolen.growth > 0
WHERE scanned.name = 'pgscan_anon' AND scanned.growth >= 0
UNION ALL
SELECT 'immediate_reclaim', growth, NULL
FROM reclaim_growth
WHERE name = 'nr_vmscan_immediate_reclaim' AND growth >= 0;
