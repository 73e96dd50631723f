// SPDX-License-Identifier: Apache-2.0
// Pictures over time: one cursor and one stretch of time for all of them, by pointer, keys and buttons.
"use strict";
window.reclaim.drawTime = async () => {
  const { data, kinds, options, figure } = window.reclaim;
  const board = document.getElementById("time");
  if (!board) return;

  const { series, step_s: step, trials } = data;
  const lengths = series.flatMap(({ curves }) => curves.map(({ middle }) => middle.length));
  const end = step * Math.max(...lengths.map((length) => length - 1), 1);
  const now = { t_from: 0, t_to: end, t_cursor: -1, t_first: -1, t_last: -1 };
  const drawn = [];
  const readout = document.getElementById("time-readout");
  const whole = document.getElementById("time-whole");

  const curveRows = ({ shown, curves }) => curves.flatMap(({ arm, low, middle, high }) =>
    middle.map((value, at) => {
      const sized = (figures) => (figures[at] === null ? null : figures[at] / shown.factor);
      return { arm: data.arms[arm], t: at * step, v: sized(middle), lo: sized(low), hi: sized(high) };
    }));

  const traceRows = ({ shown, traces }, wanted) => traces
    .filter(({ trial }) => wanted === "every" || trial === Number(wanted))
    .flatMap(({ trial, t_s: times, value }) => times.map((t, at) => ({
      trial: trials.name[trial],
      arm: data.arms[trials.arm[trial]],
      t,
      v: value[at] === null ? null : value[at] / shown.factor,
    })));

  // Rows that do not show: Vega warns of a data set without any.
  const blank = { what: "", trial: "", arm: data.arms[0], t: 0, v: 0, label: "", told: "" };
  const eventRows = (wanted) => [blank, ...data.events.filter(({ phone }) => phone === wanted)
    .map(({ what, t_s: t, label, told, arm }) => ({
      what, t, label, told: `${figure(t, { factor: 1, symbol: "s" })}: ${told}`, arm: data.arms[Math.max(arm, 0)],
    }))];

  const tell = () => {
    const at = now.t_cursor < 0 ? -1 : Math.round(now.t_cursor / step);
    for (const { place, each } of drawn) {
      place.replaceChildren(...(at < 0 ? [] : each.curves.map(({ arm, middle }) => {
        const part = document.createElement("span");
        const value = middle[at] ?? null;
        part.className = `arm-${arm % 6}`;
        part.textContent = `${data.arms[arm]} ${value === null ? "\u2013" : figure(value, { ...each.shown, symbol: "" })}`;
        return part;
      })));
    }
    const seconds = (t) => figure(t, { factor: 1, symbol: "s" });
    readout.textContent = at < 0 ? `${seconds(now.t_from)} to ${seconds(now.t_to)}` : `at ${seconds(now.t_cursor)}`;
    whole.disabled = now.t_from === 0 && now.t_to === end;
  };

  const set = (changes) => {
    Object.assign(now, changes);
    for (const { view } of drawn) {
      for (const [name, value] of Object.entries(changes)) view.signal(name, value);
      view.runAsync();
    }
    tell();
  };

  const within = (t) => Math.min(Math.max(t, now.t_from), now.t_to);
  const zoom = (from, to) => {
    const width = Math.min(Math.max(to - from, 5 * step), end);
    const start = Math.min(Math.max(from, 0), end - width);
    set({ t_from: start, t_to: start + width, t_first: -1, t_last: -1 });
  };
  const closer = (factor) => {
    const centre = now.t_cursor < 0 ? (now.t_from + now.t_to) / 2 : within(now.t_cursor);
    zoom(centre - (centre - now.t_from) * factor, centre + (now.t_to - centre) * factor);
  };
  const aside = (share) => {
    const width = now.t_to - now.t_from;
    zoom(now.t_from + share * width, now.t_to + share * width);
  };
  const step_by = (steps) => {
    const t = now.t_cursor < 0 ? now.t_from : within(now.t_cursor + steps * step);
    set({ t_cursor: Math.round(t / step) * step });
  };

  const seconds = (view, chart, event) => {
    const left = chart.querySelector("svg").getBoundingClientRect().left + view.origin()[0];
    return within(view.scale("x").invert(event.clientX - left));
  };
  const follow = (view, chart) => {
    chart.addEventListener("pointermove", (event) => {
      const t = seconds(view, chart, event);
      set(now.t_first < 0 ? { t_cursor: t } : { t_cursor: t, t_last: t });
    });
    chart.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      const t = seconds(view, chart, event);
      chart.setPointerCapture(event.pointerId);
      set({ t_first: t, t_last: t });
    });
    chart.addEventListener("pointerup", () => {
      const [from, to] = [now.t_first, now.t_last].sort((one, other) => one - other);
      if (from >= 0 && to - from > 3 * step) zoom(from, to);
      else set({ t_first: -1, t_last: -1 });
    });
    chart.addEventListener("pointerleave", () => set({ t_cursor: -1 }));
    chart.addEventListener("dblclick", () => zoom(0, end));
  };

  const keys = {
    ArrowLeft: (event) => step_by(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => step_by(event.shiftKey ? 10 : 1),
    PageUp: () => aside(-0.5),
    PageDown: () => aside(0.5),
    "+": () => closer(0.5),
    "=": () => closer(0.5),
    "-": () => closer(2),
    0: () => zoom(0, end),
    Escape: () => set({ t_cursor: -1, t_first: -1, t_last: -1 }),
  };
  board.addEventListener("keydown", (event) => {
    if (event.target.matches("select") || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key](event);
  });
  document.getElementById("time-closer").addEventListener("click", () => closer(0.5));
  document.getElementById("time-wider").addEventListener("click", () => closer(2));
  whole.addEventListener("click", () => zoom(0, end));

  for (const [number, each] of series.entries()) {
    const chart = board.querySelector(`[data-series="${number}"]`);
    const datasets = { curves: curveRows(each), traces: [blank], events: eventRows(each.phone) };
    const params = kinds.track.params.map(({ name }) => ({ name, value: now[name] }));
    const spec = { ...kinds.track, params, datasets, description: each.shown.told };
    const { view } = await window.vegaEmbed(chart, spec, options);
    drawn.push({ view, each, place: board.querySelector(`[data-readout="${number}"]`) });
    follow(view, chart);
    await new Promise((done) => { setTimeout(done); });
  }
  document.getElementById("time-traces")?.addEventListener("change", ({ target }) => {
    for (const { view, each } of drawn) view.data("traces", [blank, ...traceRows(each, target.value)]).runAsync();
  });
  tell();
};
