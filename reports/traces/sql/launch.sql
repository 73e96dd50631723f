-- SPDX-License-Identifier: Apache-2.0
-- Every launch of an app.
--
-- launch   LONG    1-based, in order of time
-- app      STRING  package
-- kind     STRING  'cold' | 'warm' | 'hot'; NULL where the trace does not tell
-- ts       LONG    ns, when the intent was received
-- dur      LONG    ns until the system calls the launch done: not the time to a display
-- ttid     LONG    ns from ts to the first frame; NULL when not recorded
-- ttfd     LONG    ns from ts to the frame after reportFullyDrawn; NULL when not recorded
-- found    STRING  how the app's process was found: 'perfetto' | 'name' | 'only-one'; NULL when it was not
--
-- From: Perfetto android.startup.startups and android.startup.time_to_display (atrace categories am, dalvik, gfx, view, wm).
-- Frames come from FrameTimeline; without it (before Android 12) from Choreographer#doFrame and DrawFrame. startup.sql says
-- what is done where Perfetto finds no process.

SELECT launch, app, kind, ts, dur, ttid, ttfd, found
FROM reclaim_launch
ORDER BY launch;
