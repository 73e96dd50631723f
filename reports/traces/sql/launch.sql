-- SPDX-License-Identifier: Apache-2.0
-- Every launch of an app.
--
-- launch   LONG    1-based, in order of time
-- app      STRING  package
-- kind     STRING  'cold' | 'warm' | 'hot'; NULL where Perfetto cannot tell
-- ts       LONG    ns, when the intent was received
-- dur      LONG    ns until the system calls the launch done: not the time to a display
-- ttid     LONG    ns from ts to the first frame; NULL when not recorded
-- ttfd     LONG    ns from ts to the frame after reportFullyDrawn; NULL when not recorded
--
-- From: Perfetto android.startup.startups and android.startup.time_to_display (atrace categories am, dalvik, gfx, view, wm).
-- Frames come from FrameTimeline; without it (before Android 12) from Choreographer#doFrame and DrawFrame.

INCLUDE PERFETTO MODULE android.startup.startups;
INCLUDE PERFETTO MODULE android.startup.time_to_display;

SELECT
  row_number() OVER (ORDER BY startup.ts, startup.startup_id) AS launch,
  startup.package AS app,
  -- The system tells the kind since Android 13; before, Perfetto takes it from what the app's main thread did.
  coalesce(
    startup.startup_type,
    (SELECT min(startup_type) FROM android_startup_processes AS app WHERE app.startup_id = startup.startup_id)
  ) AS kind,
  startup.ts,
  startup.dur,
  display.time_to_initial_display AS ttid,
  display.time_to_full_display AS ttfd
FROM android_startups AS startup
LEFT JOIN android_startup_time_to_display AS display USING (startup_id)
ORDER BY startup.ts, startup.startup_id;
