// SPDX-License-Identifier: Apache-2.0
// Draws the pictures one after the other, so that the page never stalls. Rows are made from the columns of `data`.
"use strict";
window.reclaim = (() => {
  const { data, kinds } = JSON.parse(document.getElementById("data").textContent);
  const { trials } = data;
  const options = {
    ast: true, // Vega's interpreter: the page's policy allows no evaluation of text
    actions: false,
    defaultStyle: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  };

  const figure = (value, shown) => {
    const size = value / shown.factor;
    const large = Math.abs(size);
    const few = large < 1 ? { maximumFractionDigits: 3 } : large < 1000 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
    return `${size.toLocaleString("en", few).replace("-", "\u2212")} ${shown.symbol}`.trim();
  };

  const trialRow = (place, value, shown) => ({
    arm: data.arms[trials.arm[place]],
    value: value / shown.factor,
    figure: figure(value, shown),
    trial: trials.name[place],
    told: trials.told[place] || "counts",
    counts: trials.counts[place],
    open: trials.open[place],
  });

  // `reclaim trace open RUN` serves this page below a token; from a file there is nobody to open a trace, only its command.
  const served = location.protocol === "http:" && /^\/[\w-]{32}\/report$/.test(location.pathname);

  const linked = (text, trial, launch) => {
    const link = Object.assign(document.createElement("a"), { textContent: text, target: "_blank", rel: "noopener" });
    link.href = ["open", trial, ...(launch ? [launch] : [])].map((part) => encodeURIComponent(part)).join("/");
    return link;
  };

  const pick = (chart, { trial, launch, open, figure: value }) => {
    const place = chart.closest("section").querySelector(".picked");
    if (!place || !open) return;
    const code = document.createElement("code");
    const command = launch ? `${open} --at ${launch}` : open;
    code.append(served ? linked(command, trial, launch) : command);
    place.replaceChildren(`${trial}${launch ? `, launch ${launch}` : ""}, ${value}: `, code);
  };

  const picking = (chart, { view }) => {
    view.addEventListener("click", (_event, item) => { if (item?.datum?.trial) pick(chart, item.datum); });
  };

  const rows = {
    points: ({ shown, trial, value }) =>
      trial.map((place, at) => ({ ...trialRow(place, value[at], shown), block: trials.block[place] })),
    launches: ({ shown, trial, launch, app, value }) =>
      trial.map((place, at) => ({
        ...trialRow(place, value[at], shown), launch: launch[at], app: data.apps[app[at]],
      })),
  };
  rows.share = rows.launches;

  // From the first reclaim on, a step at each first kill, and on to the end of what was watched.
  const survivedRows = ({ arm, after_s: after, share, low, high, watched_s: watched }) => {
    const row = (t, at) => ({
      arm: data.arms[arm], t, share: share[at] ?? 1, low: low[at] ?? share[at] ?? 1, high: high[at] ?? share[at] ?? 1,
    });
    return [row(0, -1), ...after.map((t, at) => row(t, at)), row(watched, after.length - 1)];
  };

  const draw = (place, kind, values, told, more = {}) =>
    window.vegaEmbed(place, { ...kinds[kind], ...more, description: told, data: { values } }, options);

  const show = (place, kind, of) => draw(place, kind, rows[kind](of), of.shown.told).then((made) => picking(place, made));

  const chosen = (select, drawAll) => {
    const again = () => drawAll(Number(select.value));
    select.addEventListener("change", again);
    return again();
  };

  const pause = () => new Promise((done) => { setTimeout(done); });

  const drawAll = async () => {
    for (const place of document.querySelectorAll("[data-points]")) {
      await show(place, "points", data.points[Number(place.dataset.points)]);
      await pause();
    }
    const launches = document.getElementById("launch-metric");
    if (launches) {
      await chosen(launches, async (number) => {
        const of = data.launches[number];
        await show(document.getElementById("launch-chart"), "launches", of);
        await show(document.getElementById("share-chart"), "share", of);
        document.getElementById("launch-note").textContent = of.shown.note;
        for (const unit of document.querySelectorAll(".launch-unit")) unit.textContent = of.shown.symbol;
      });
    }
    await pause();
    const survived = document.getElementById("survived-chart");
    if (survived) await draw(survived, "survived", data.survived.flatMap(survivedRows), "Share of trials without a kill, by arm.");
    await window.reclaim.drawTime();
    const more = document.getElementById("more-metric");
    if (more) {
      await chosen(more, async (number) => {
        await show(document.getElementById("more-chart"), "points", data.points[number]);
        document.getElementById("more-note").textContent = data.points[number].shown.note;
      });
    }
    document.documentElement.dataset.drawn = "yes";
  };

  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
  });
  const link = () => {
    for (const place of document.querySelectorAll("code.opens")) {
      place.replaceChildren(linked(place.textContent, place.dataset.open, place.dataset.at));
    }
  };
  if (served) window.addEventListener("DOMContentLoaded", link);
  window.addEventListener("DOMContentLoaded", drawAll);
  return { data, kinds, options, figure };
})();
