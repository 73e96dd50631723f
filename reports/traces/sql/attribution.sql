-- SPDX-License-Identifier: Apache-2.0
-- kswapd's CPU time split into compression and the rest (scan, unmap, bookkeeping), and who compressed how much.
--
-- metric  STRING  name in reports/metrics/attribution.py
-- value   DOUBLE  seconds, counts or a share, as the metric says
-- note    STRING  what marked the calls
--
-- From: slices of the functions through which zram takes a page (drivers/block/zram/zram_drv.c), by Perfetto's kprobe_events on
-- both ends of them (thread_track, type thread_execution) or by its function graph tracer (type thread_funcgraph); where both
-- were recorded, by the first alone. kswapd and kcompressd only write there, so what they do inside is compressing and storing.
-- Of each call only what the thread had a CPU for counts (sched). Marking a call takes time, on both sides of its ends: the price
-- stands beside it where a run measures that (reports/noise/tracing.py). Without a call of any thread there are no rows: a
-- function that was not found looks the same as one that was not called.

DROP TABLE IF EXISTS attribution_inside;

CREATE OR REPLACE PERFETTO TABLE attribution_any AS
SELECT track.utid, track.type, slice.ts, slice.dur
FROM slice
JOIN thread_track AS track ON track.id = slice.track_id
WHERE
  slice.dur >= 0
  -- One pattern is looked for among the names alone, an OR row by row: of all slices of a trace.
  AND slice.name GLOB 'zram_*'
  AND (
    slice.name IN ('zram_submit_bio', 'zram_make_request', 'zram_rw_page')
    OR slice.name GLOB 'zram_submit_bio.llvm.*'
    OR slice.name GLOB 'zram_make_request.llvm.*'
    OR slice.name GLOB 'zram_rw_page.llvm.*'
  );

CREATE OR REPLACE PERFETTO TABLE attribution_call AS
SELECT utid, kind, ts, dur
FROM attribution_any
JOIN reclaim_thread USING (utid)
WHERE type = (SELECT min(type) FROM attribution_any WHERE type GLOB 'thread_*');

CREATE OR REPLACE PERFETTO TABLE attribution_run AS
SELECT utid, ts, iif(dur < 0, trace_end() - ts, dur) AS dur
FROM reclaim_thread
CROSS JOIN sched USING (utid);

CREATE VIRTUAL TABLE attribution_inside USING SPAN_JOIN(attribution_call PARTITIONED utid, attribution_run PARTITIONED utid);

WITH
  known AS (
    SELECT iif(min(type) = 'thread_execution', 'kprobes', 'function graph') AS way
    FROM attribution_any
    HAVING count(1) > 0 AND reclaim_sched_knows()
  ),
  kind AS (
    SELECT 'kswapd' AS kind
    UNION ALL SELECT 'kcompressd'
  ),
  part AS (
    SELECT
      kind,
      (SELECT coalesce(sum(dur), 0) / 1e9 FROM attribution_inside WHERE attribution_inside.kind = kind.kind) AS inside,
      (SELECT count(1) FROM attribution_call WHERE attribution_call.kind = kind.kind) AS calls,
      (
        SELECT coalesce(sum(dur), 0) / 1e9
        FROM reclaim_thread
        CROSS JOIN attribution_run USING (utid)
        WHERE reclaim_thread.kind = kind.kind
      ) AS whole
    FROM kind
  )
SELECT kind || '_compress_cpu' AS metric, inside AS value, way AS note
FROM part
CROSS JOIN known
UNION ALL
SELECT kind || '_compress_calls', calls, way
FROM part
CROSS JOIN known
UNION ALL
SELECT 'kswapd_other_cpu', whole - inside, way
FROM part
CROSS JOIN known
WHERE kind = 'kswapd'
UNION ALL
SELECT 'kswapd_compress_share', inside / whole, way
FROM part
CROSS JOIN known
WHERE kind = 'kswapd' AND whole > 0
UNION ALL
SELECT 'compress_cpu_per_1000_calls', sum(inside) / (sum(calls) / 1e3), way
FROM part
CROSS JOIN known
GROUP BY way
HAVING sum(calls) > 0
UNION ALL
SELECT 'kswapd_other_cpu_per_1000_pages', (whole - inside) / (growth / 1e3), way
FROM part
CROSS JOIN known
JOIN reclaim_growth ON reclaim_growth.name = 'pgscan_kswapd' AND growth > 0
WHERE kind = 'kswapd';
