-- SPDX-License-Identifier: Apache-2.0
-- Who reclaimed directly, longest in all first.
--
-- process  STRING  name, empty where the trace does not tell
-- thread   STRING  name, empty likewise
-- tid      LONG    thread
-- times    LONG    how often
-- dur      LONG    ns in all
-- longest  LONG    ns of the longest
--
-- From: Perfetto slices mm_vmscan_direct_reclaim (ftrace vmscan/mm_vmscan_direct_reclaim_begin and _end).

SELECT
  coalesce(process.name, '') AS process,
  coalesce(thread.name, '') AS thread,
  thread.tid,
  count(1) AS times,
  sum(ts_end - ts) AS dur,
  max(ts_end - ts) AS longest
FROM reclaim_direct
JOIN thread USING (utid)
LEFT JOIN process ON process.upid = thread.upid
GROUP BY utid
ORDER BY dur DESC, utid
LIMIT 20;
