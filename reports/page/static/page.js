// SPDX-License-Identifier: Apache-2.0
// Draws the pictures one after the other, so that the page never stalls, and the chosen one of the other metrics.
"use strict";
(() => {
  const specs = JSON.parse(document.getElementById("charts").textContent);
  const options = {
    ast: true, // Vega's interpreter: the page's policy allows no evaluation of text
    actions: false,
    defaultStyle: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  };
  const draw = (place, name) => window.vegaEmbed(place, specs[name], options);
  const pause = () => new Promise((done) => { setTimeout(done); });

  const select = document.getElementById("more-metric");
  const show = async () => {
    await draw(document.getElementById("more-chart"), select.value);
    document.getElementById("more-note").textContent = select.selectedOptions[0].dataset.note;
  };

  const drawAll = async () => {
    for (const place of document.querySelectorAll(".chart[data-chart]")) {
      await draw(place, place.dataset.chart);
      await pause();
    }
    if (select) {
      select.addEventListener("change", show);
      await show();
    }
  };

  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
  });
  drawAll();
})();
