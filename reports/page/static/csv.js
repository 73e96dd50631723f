// SPDX-License-Identifier: Apache-2.0
// Tables as CSV files (RFC 4180), in base units. A text that a spreadsheet would take for a formula gets a quote before it.
"use strict";
(() => {
  const { data } = window.reclaim;
  const { trials } = data;

  const cell = (value) => {
    if (typeof value === "number") return String(value);
    const text = value === null || value === undefined ? "" : String(value);
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };

  const of_trial = (place) => [
    trials.name[place], trials.block[place], data.arms[trials.arm[place]], trials.told[place] || "counts",
  ];
  const tables = {
    effects: () => [data.effects.columns, ...data.effects.rows],
    values: () => [
      ["trial", "block", "arm", "status", "metric", "value", "unit"],
      ...data.points.flatMap(({ shown, trial, value }) =>
        trial.map((place, at) => [...of_trial(place), shown.name, value[at], shown.unit])),
    ],
    launches: () => [
      ["trial", "block", "arm", "status", "launch", "app", "metric", "value", "unit"],
      ...data.launches.flatMap(({ shown, trial, launch, app, value }) => trial.map((place, at) =>
        [...of_trial(place), launch[at], data.apps[app[at]], shown.name, value[at], shown.unit])),
    ],
    series: () => [
      ["series", "unit", "arm", "t_s", "lower_quartile", "median", "upper_quartile"],
      ...data.series.flatMap(({ shown, curves }) => curves.flatMap(({ arm, low, middle, high }) => middle.map(
        (value, at) => [
          shown.name, shown.unit, data.arms[arm], Number((at * data.step_s).toFixed(3)), low[at], value, high[at],
        ]))),
    ],
    trials: () => [...document.querySelectorAll("table.trials tr")].map((row) =>
      [...row.cells].map((each) => each.textContent.replace(/\s+/g, " ").trim())),
  };

  for (const button of document.querySelectorAll("button[data-csv]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const text = tables[button.dataset.csv]().map((row) => `${row.map(cell).join(",")}\r\n`).join("");
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
      link.download = `${data.run}-${button.dataset.csv}.csv`.replace(/[^\w.+-]/g, "_");
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }
})();
