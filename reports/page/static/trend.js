// SPDX-License-Identifier: Apache-2.0
// Draws the pictures of a history one after the other, so that the page never stalls.
"use strict";
window.addEventListener("DOMContentLoaded", async () => {
  const specs = JSON.parse(document.getElementById("data").textContent);
  const options = {
    ast: true, // Vega's interpreter: the page's policy allows no evaluation of text
    actions: false,
    defaultStyle: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  };
  for (const place of document.querySelectorAll("[data-trend]")) {
    await window.vegaEmbed(place, specs[Number(place.dataset.trend)], options);
    await new Promise((done) => { setTimeout(done); });
  }
  document.documentElement.dataset.drawn = "yes";
});
