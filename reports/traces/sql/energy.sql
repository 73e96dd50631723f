-- SPDX-License-Identifier: Apache-2.0
-- Energy and heat, where the phone has rails, a battery counter or thermal zones.
--
-- metric  STRING  energy_rails, battery_charge_used, temperature_max
-- value   DOUBLE  joules, coulombs, degrees Celsius
-- note    STRING  which rails, counter or zone
--
-- From: Perfetto counter_track, type 'power_rails' (data source android.power; microwatt-seconds since boot), counter
-- 'batt.charge_uah' (the battery's own counter, in microampere-hours; its steps are coarse), and thermal zones (ftrace
-- thermal/thermal_temperature, or data source linux.sys_stats with thermal_period_ms). Rails may overlap on some phones: their sum
-- compares one phone with itself, and is no bill of the whole phone.

WITH
  rail AS (
    SELECT track.id, max(counter.value) - min(counter.value) AS growth
    FROM counter_track AS track
    CROSS JOIN counter ON counter.track_id = track.id
    WHERE track.type = 'power_rails'
    GROUP BY track.id
    HAVING count(1) > 1
  ),
  charge AS (
    SELECT counter.ts, counter.value
    FROM counter_track AS track
    CROSS JOIN counter ON counter.track_id = track.id
    WHERE track.name = 'batt.charge_uah' AND counter.value > 0
  ),
  zone AS (
    SELECT track.name, max(counter.value) AS most
    FROM counter_track AS track
    CROSS JOIN counter ON counter.track_id = track.id
    WHERE track.name GLOB '*Temperature'
    GROUP BY track.id
  )
SELECT 'energy_rails' AS metric, sum(growth) / 1e6 AS value, count(1) || ' rails' AS note
FROM rail
HAVING count(1) > 0
UNION ALL
SELECT
  'battery_charge_used',
  ((SELECT value FROM charge ORDER BY ts LIMIT 1) - (SELECT value FROM charge ORDER BY ts DESC LIMIT 1)) * 3600 / 1e6,
  count(1) || ' samples'
FROM charge
-- A counter that did not step tells that less than a step was used, not that nothing was.
HAVING count(DISTINCT value) > 1
UNION ALL
-- The ftrace event counts in thousandths of a degree.
SELECT 'temperature_max', iif(max(most) > 1000, max(most) / 1000, max(most)), name
FROM zone
HAVING count(1) > 0;
