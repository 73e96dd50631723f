-- SPDX-License-Identifier: Apache-2.0
-- What the main thread of each launch waited for, from the intent to the first frame.
--
-- launch  LONG    1-based, as in launch.sql
-- state   STRING  'asleep' (S, I), 'uninterruptible' (D) or 'io' (D with io_wait)
-- reason  STRING  asleep: the thread that woke it, or 'an interrupt'; else the kernel function it waited in; NULL: not told
-- dur     LONG    ns
-- times   LONG    how often
--
-- From: Perfetto thread_state of the app's main thread (ftrace sched/sched_switch; who woke it: sched/sched_waking; the function:
-- sched/sched_blocked_reason). Only launches whose whole window has scheduling data.

WITH
  watched AS (
    SELECT DISTINCT utid
    FROM reclaim_window
    WHERE window = 'launch' AND utid IS NOT NULL
  ),
  state AS (
    SELECT
      utid,
      state.ts,
      iif(state.dur < 0, trace_end(), state.ts + state.dur) AS ts_end,
      state.state,
      state.io_wait,
      state.blocked_function,
      lead(state.waker_utid) OVER (PARTITION BY utid ORDER BY state.ts) AS waker_utid,
      lead(state.irq_context) OVER (PARTITION BY utid ORDER BY state.ts) AS irq_context
    FROM watched
    CROSS JOIN thread_state AS state USING (utid)
  ),
  covered AS (
    SELECT DISTINCT launch
    FROM reclaim_part
    WHERE window = 'launch'
  ),
  wait AS (
    SELECT
      reclaim_window.launch,
      CASE WHEN state.state NOT GLOB 'D*' THEN 'asleep' WHEN state.io_wait THEN 'io' ELSE 'uninterruptible' END AS state,
      CASE
        WHEN state.state GLOB 'D*' THEN state.blocked_function
        WHEN state.irq_context OR thread.tid = 0 THEN 'an interrupt'
        ELSE coalesce(thread.name, process.name)
      END AS reason,
      min(state.ts_end, reclaim_window.ts_end) - max(state.ts, reclaim_window.ts) AS dur
    FROM covered
    JOIN reclaim_window USING (launch)
    JOIN state USING (utid)
    LEFT JOIN thread ON thread.utid = state.waker_utid
    LEFT JOIN process ON process.upid = thread.upid
    WHERE
      reclaim_window.window = 'launch'
      AND state.ts < reclaim_window.ts_end
      AND state.ts_end > reclaim_window.ts
      AND state.state NOT GLOB 'R*'
  )
SELECT launch, state, reason, sum(dur) AS dur, count(1) AS times
FROM wait
GROUP BY launch, state, reason
ORDER BY launch, dur DESC, reason;
