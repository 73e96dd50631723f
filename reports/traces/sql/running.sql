-- SPDX-License-Identifier: Apache-2.0
-- On which CPU, and how fast, the threads ran that matter here; run once per trace, after startup.sql. Selects nothing itself.
--
-- reclaim_core           table  cpu, core ('little' | 'mid' | 'big'): by the capacity the trace tells of each CPU; no row where
--                               it tells none, or where all are alike
-- reclaim_run            table  owner ('kswapd' | 'kcompressd' | 'launch'), launch (NULL unless owner is 'launch'), cpu, ts, dur
--                               (ns): every time a reclaim thread, or an app's main thread in its launch, was on a CPU
-- reclaim_direct_ran     table  utid, cpu, dur (ns): how long a thread was on a CPU while it reclaimed directly
-- reclaim_run_frequency  table  the same, cut where the CPU's frequency changed, with hz
--
-- From: Perfetto sched, cpu (data source linux.system_info), counter 'cpufreq' (ftrace power/cpu_frequency, in kHz).

CREATE OR REPLACE PERFETTO TABLE reclaim_core AS
WITH
  bound AS (
    SELECT min(capacity) AS least, max(capacity) AS most
    FROM cpu
    WHERE capacity > 0
  )
SELECT cpu, CASE capacity WHEN least THEN 'little' WHEN most THEN 'big' ELSE 'mid' END AS core
FROM cpu
CROSS JOIN bound
WHERE capacity > 0 AND least < most;

CREATE OR REPLACE PERFETTO TABLE reclaim_run AS
SELECT kind AS owner, NULL AS launch, sched.cpu, sched.ts, iif(sched.dur < 0, trace_end() - sched.ts, sched.dur) AS dur
FROM reclaim_thread
CROSS JOIN sched USING (utid)
UNION ALL
-- Windows of one app may overlap: a slice belongs to the last of them.
SELECT 'launch', max(reclaim_window.launch), sched.cpu, sched.ts, sched.dur
FROM reclaim_window
CROSS JOIN sched USING (utid)
WHERE
  reclaim_window.window = 'launch'
  AND sched.dur > 0
  AND sched.ts >= reclaim_window.ts
  AND sched.ts < reclaim_window.ts_end
GROUP BY sched.id;

CREATE OR REPLACE PERFETTO TABLE reclaim_frequency AS
SELECT
  track.cpu,
  counter.ts,
  lead(counter.ts, 1, trace_end()) OVER (PARTITION BY track.cpu ORDER BY counter.ts) - counter.ts AS dur,
  counter.value * 1000 AS hz
FROM cpu_counter_track AS track
CROSS JOIN counter ON counter.track_id = track.id
WHERE track.name = 'cpufreq';

DROP TABLE IF EXISTS reclaim_run_frequency;

CREATE VIRTUAL TABLE reclaim_run_frequency USING SPAN_JOIN(reclaim_run PARTITIONED cpu, reclaim_frequency PARTITIONED cpu);

-- A begin whose end was lost nests in another one: a thread is in direct reclaim once at a time.
CREATE OR REPLACE PERFETTO TABLE reclaim_direct_span AS
SELECT utid, ts, ts_end - ts AS dur
FROM (
  SELECT
    utid,
    ts,
    ts_end,
    max(ts_end) OVER (PARTITION BY utid ORDER BY ts, ts_end DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_until
  FROM reclaim_direct
)
WHERE ts_end > ts AND ts >= coalesce(busy_until, ts);

CREATE OR REPLACE PERFETTO TABLE reclaim_direct_sched AS
SELECT utid, cpu, ts, iif(dur < 0, trace_end() - ts, dur) AS dur
FROM sched
WHERE utid IN (SELECT utid FROM reclaim_direct_span);

DROP TABLE IF EXISTS reclaim_direct_run;

CREATE VIRTUAL TABLE reclaim_direct_run USING SPAN_JOIN(reclaim_direct_span PARTITIONED utid, reclaim_direct_sched PARTITIONED utid);

CREATE OR REPLACE PERFETTO TABLE reclaim_direct_ran AS
SELECT utid, cpu, sum(dur) AS dur
FROM reclaim_direct_run
GROUP BY utid, cpu;
