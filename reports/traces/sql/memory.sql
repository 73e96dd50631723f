-- SPDX-License-Identifier: Apache-2.0
-- How low memory fell.
--
-- metric  STRING  mem_available_min
-- value   DOUBLE  bytes
-- note    STRING  number of samples
--
-- From: /proc/meminfo MemAvailable (Perfetto counter_track, type 'meminfo', already in bytes).

SELECT 'mem_available_min' AS metric, min(counter.value) AS value, count(1) || ' samples' AS note
FROM counter_track AS track
JOIN counter ON counter.track_id = track.id
WHERE track.type = 'meminfo' AND track.name = 'MemAvailable'
HAVING count(1) > 0;
