-- SPDX-License-Identifier: Apache-2.0
-- Where the time of each launch went.
--
-- launch  LONG    1-based, as in launch.sql
-- window  STRING  'launch' (intent to first frame) | 'fully-drawn' (intent to the frame after reportFullyDrawn)
-- metric  STRING  name in reports/metrics/launch.py
-- value   DOUBLE  seconds, pages, counts or hertz, as the metric says
-- note    STRING  how it was found, where there is more than one way
--
-- From: Perfetto thread_state of the app's main thread (ftrace sched/sched_switch and sched_waking; io_wait and
-- blocked_function: sched/sched_blocked_reason); slices 'binder transaction' (ftrace binder/*), mm_vmscan_direct_reclaim
-- (ftrace vmscan/*) and 'JIT compiling ...' (atrace dalvik); Perfetto sched of kswapd and kcompressd; ftrace power/cpu_frequency;
-- /proc/vmstat between the last sample before the window and the first after it. ART's garbage collector (slice ReclaimPhase and
-- the like) is no reclaim of the kernel and not counted.

WITH
  state AS (
    SELECT
      launch,
      window,
      CASE
        WHEN state = 'Running' THEN 'main_running'
        WHEN state GLOB 'R*' THEN 'main_runnable'
        WHEN state GLOB 'D*' AND io_wait THEN 'main_io_wait'
        WHEN state GLOB 'D*' THEN 'main_uninterruptible'
        ELSE 'main_sleeping'
      END AS metric,
      ts,
      ts_end
    FROM reclaim_part
  ),
  spent AS (
    SELECT launch, window, metric, sum(ts_end - ts) AS dur
    FROM state
    GROUP BY launch, window, metric
  ),
  known AS (
    SELECT launch, window, min(ts) AS ts
    FROM reclaim_part
    GROUP BY 1, 2
  ),
  -- A state the thread was never in took no time; but when it could have run only sched_waking tells, and whether it waited for
  -- I/O only sched_blocked_reason.
  topic AS (
    SELECT 'main_running' AS metric
    UNION ALL SELECT 'main_runnable' WHERE reclaim_waking_known()
    UNION ALL SELECT 'main_sleeping'
    UNION ALL SELECT 'main_uninterruptible'
    UNION ALL SELECT 'main_io_wait' WHERE reclaim_blocked_known()
  ),
  direct AS (
    SELECT
      launch,
      window,
      reclaim_window.utid = reclaim_direct.utid AS main,
      reclaim_direct.utid,
      max(reclaim_direct.ts, reclaim_window.ts) AS ts,
      min(reclaim_direct.ts_end, reclaim_window.ts_end) AS ts_end
    FROM reclaim_window
    JOIN reclaim_direct USING (upid)
    WHERE reclaim_direct.ts < reclaim_window.ts_end AND reclaim_direct.ts_end > reclaim_window.ts
  ),
  -- Asleep on a page or held back by reclaim, by the function that the kernel names: at least that long for memory.
  page_wait AS (
    SELECT launch, window, ts, ts_end
    FROM reclaim_part
    WHERE
      state GLOB 'D*'
      AND (
        blocked_function GLOB '*wait_on_page_bit*'
        OR blocked_function GLOB '*folio_wait_bit*'
        OR blocked_function GLOB '*lock_page*'
        OR blocked_function GLOB '*folio_lock*'
        OR blocked_function GLOB '*swap_read*'
        OR blocked_function GLOB '*reclaim_throttle*'
        OR blocked_function GLOB '*throttle_direct_reclaim*'
        OR blocked_function GLOB '*congest*'
      )
  ),
  memory AS (
    SELECT launch, window, sum(ts_end - ts) AS dur
    FROM (
      SELECT launch, window, ts, ts_end FROM direct WHERE main
      UNION ALL
      SELECT launch, window, ts, ts_end FROM page_wait
      UNION ALL
      -- What is both was added twice: take it off once.
      SELECT launch, window, min(direct.ts_end, page_wait.ts_end), max(direct.ts, page_wait.ts)
      FROM direct
      JOIN page_wait USING (launch, window)
      WHERE direct.main AND direct.ts < page_wait.ts_end AND direct.ts_end > page_wait.ts
    )
    GROUP BY 1, 2
  ),
  transaction_part AS (
    SELECT launch, window, sum(min(slice.ts + slice.dur, reclaim_window.ts_end) - max(slice.ts, reclaim_window.ts)) AS dur
    FROM reclaim_window
    CROSS JOIN thread_track USING (utid)
    CROSS JOIN slice ON slice.track_id = thread_track.id
    WHERE
      slice.name = 'binder transaction'
      AND slice.dur > 0
      AND slice.ts < reclaim_window.ts_end
      AND slice.ts + slice.dur > reclaim_window.ts
    GROUP BY 1, 2
  ),
  -- The kernel's reclaim threads may be busy all through a trace and not in a launch.
  reclaiming AS (
    SELECT reclaim_window.launch, window, sum(min(run.ts + run.dur, ts_end) - max(run.ts, reclaim_window.ts)) AS dur
    FROM reclaim_window
    JOIN reclaim_run AS run ON run.ts < ts_end AND run.ts + run.dur > reclaim_window.ts
    WHERE run.owner != 'launch'
    GROUP BY 1, 2
  ),
  jit AS (
    SELECT launch, window, sum(min(slice.ts + slice.dur, ts_end) - max(slice.ts, reclaim_window.ts)) AS dur
    FROM reclaim_window
    CROSS JOIN reclaim_jit AS slice USING (upid)
    WHERE slice.ts < ts_end AND slice.ts + slice.dur > reclaim_window.ts
    GROUP BY 1, 2
  ),
  counted AS (
    SELECT 'launch_major_faults' AS metric, 'pgmajfault' AS name
    UNION ALL SELECT 'launch_swap_in', 'pswpin'
    UNION ALL SELECT 'launch_refaults', 'workingset_refault_anon'
    UNION ALL SELECT 'launch_refaults', 'workingset_refault_file'
  ),
  growth AS (
    SELECT
      launch,
      window,
      metric,
      (SELECT value FROM reclaim_sample AS s WHERE s.name = counted.name AND s.ts >= ts_end ORDER BY s.ts LIMIT 1)
      - (
        SELECT value FROM reclaim_sample AS s WHERE s.name = counted.name AND s.ts <= reclaim_window.ts ORDER BY s.ts DESC LIMIT 1
      ) AS value
    FROM reclaim_window
    CROSS JOIN counted
  )
SELECT
  known.launch,
  known.window,
  metric,
  coalesce(spent.dur, 0) / 1e9 AS value,
  iif(
    metric = 'main_uninterruptible' AND NOT reclaim_blocked_known(),
    'I/O included: sched_blocked_reason not recorded',
    NULL
  ) AS note
FROM known
CROSS JOIN topic
LEFT JOIN spent USING (launch, window, metric)
UNION ALL
SELECT known.launch, known.window, 'before_main', (known.ts - reclaim_window.ts) / 1e9, NULL
FROM known
JOIN reclaim_window USING (launch, window)
UNION ALL
SELECT
  launch,
  window,
  'main_direct_reclaim',
  (SELECT coalesce(sum(ts_end - ts), 0) FROM direct AS d WHERE d.launch = w.launch AND d.window = w.window AND d.main) / 1e9,
  NULL
FROM reclaim_window AS w
WHERE utid IS NOT NULL AND reclaim_direct_known()
UNION ALL
SELECT
  launch,
  window,
  'app_direct_reclaim',
  (SELECT coalesce(sum(ts_end - ts), 0) FROM direct AS d WHERE d.launch = w.launch AND d.window = w.window) / 1e9,
  NULL
FROM reclaim_window AS w
WHERE upid IS NOT NULL AND reclaim_direct_known()
UNION ALL
SELECT
  launch,
  window,
  'launch_memory_wait',
  coalesce(memory.dur, 0) / 1e9,
  iif(reclaim_blocked_known(), 'direct reclaim and waits for pages', 'direct reclaim alone: sched_blocked_reason not recorded')
FROM reclaim_window AS w
LEFT JOIN memory USING (launch, window)
WHERE utid IS NOT NULL AND reclaim_direct_known()
UNION ALL
SELECT launch, window, 'main_binder', coalesce(transaction_part.dur, 0) / 1e9, NULL
FROM reclaim_window
LEFT JOIN transaction_part USING (launch, window)
WHERE utid IS NOT NULL AND EXISTS (SELECT 1 FROM slice WHERE name = 'binder transaction')
UNION ALL
SELECT launch, window, 'launch_reclaim_cpu', coalesce(reclaiming.dur, 0) / 1e9, NULL
FROM reclaim_window
LEFT JOIN reclaiming USING (launch, window)
WHERE
  reclaim_sched_knows()
  AND reclaim_window.ts >= (SELECT ts FROM sched ORDER BY ts LIMIT 1)
  AND ts_end <= (SELECT ts + max(dur, 0) FROM sched ORDER BY ts DESC LIMIT 1)
UNION ALL
SELECT launch, window, 'app_jit', coalesce(jit.dur, 0) / 1e9, NULL
FROM reclaim_window
LEFT JOIN jit USING (launch, window)
WHERE upid IS NOT NULL AND EXISTS (SELECT 1 FROM reclaim_jit)
UNION ALL
SELECT launch, window, metric, sum(value), 'whole system, by samples around the window'
FROM growth
GROUP BY launch, window, metric
HAVING min(value) >= 0 AND count(value) = count(1)
UNION ALL
SELECT
  launch,
  'launch',
  'main_frequency',
  sum(hz * dur) / sum(dur),
  NULL
FROM reclaim_run_frequency
WHERE owner = 'launch' AND hz > 0
GROUP BY launch
HAVING sum(dur) > 0;
