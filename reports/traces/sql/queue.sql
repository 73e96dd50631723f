-- SPDX-License-Identifier: Apache-2.0
-- What a queue in front of the compressor costs: pages that wait, and pages that come round again.
--
-- metric  STRING  nr_writeback_peak, pgrotated
-- value   DOUBLE  pages
-- note    STRING  number of samples, for the peak
--
-- From: /proc/vmstat (Perfetto counter_track, type 'vmstat'). nr_writeback is a level, so its peak is that of the samples;
-- pages queued at mm level are locked and not under writeback (folio_end_writeback in mm/filemap.c) and do not show here.

SELECT 'nr_writeback_peak' AS metric, max(counter.value) AS value, count(1) || ' samples' AS note
FROM counter_track AS track
JOIN counter ON counter.track_id = track.id
WHERE track.type = 'vmstat' AND track.name = 'nr_writeback'
HAVING count(1) > 0
UNION ALL
SELECT 'pgrotated', growth, NULL
FROM reclaim_growth
WHERE name = 'pgrotated' AND growth >= 0;
