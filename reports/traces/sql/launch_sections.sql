-- SPDX-License-Identifier: Apache-2.0
-- What the main thread of each launch was in, section by section, from the intent to the first frame.
--
-- launch  LONG    1-based, as in launch.sql
-- name    STRING  of the section, as the app or the framework called it; NULL: in none of them
-- dur     LONG    ns in it and in no section inside it, so that all rows of a launch add up to its window
-- times   LONG    how many of them
--
-- From: Perfetto slice of the app's main thread (atrace categories, and apps' own Trace.beginSection). A launch whose main
-- thread has no slice in the window has no rows: nothing was recorded.

WITH
  part AS (
    SELECT
      launch,
      slice.id,
      slice.parent_id,
      slice.name,
      max(slice.ts, reclaim_window.ts) AS ts,
      min(iif(slice.dur < 0, trace_end(), slice.ts + slice.dur), reclaim_window.ts_end) AS ts_end
    FROM reclaim_window
    CROSS JOIN thread_track USING (utid)
    CROSS JOIN slice ON slice.track_id = thread_track.id
    WHERE
      reclaim_window.window = 'launch'
      AND slice.ts < reclaim_window.ts_end
      AND (slice.dur < 0 OR slice.ts + slice.dur > reclaim_window.ts)
  ),
  inner_part AS (
    SELECT launch, parent_id AS id, sum(ts_end - ts) AS dur
    FROM part
    WHERE parent_id IS NOT NULL
    GROUP BY launch, parent_id
  ),
  outer_part AS (
    SELECT launch, sum(ts_end - ts) AS dur
    FROM part
    WHERE parent_id IS NULL
    GROUP BY launch
  )
SELECT launch, name, sum(ts_end - ts - coalesce(inner_part.dur, 0)) AS dur, count(1) AS times
FROM part
LEFT JOIN inner_part USING (launch, id)
GROUP BY launch, name
UNION ALL
SELECT launch, NULL, ts_end - ts - dur, 1
FROM outer_part
JOIN reclaim_window USING (launch)
WHERE reclaim_window.window = 'launch'
ORDER BY launch, dur DESC, name;
