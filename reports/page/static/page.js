// SPDX-License-Identifier: Apache-2.0
// Draws the pictures: each when it comes into view, and the chosen one of the other metrics.
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

  const places = document.querySelectorAll(".chart[data-chart]");
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        seen.unobserve(entry.target);
        draw(entry.target, entry.target.dataset.chart);
      }
    }
  }, { rootMargin: "600px" });
  places.forEach((place) => seen.observe(place));

  const select = document.getElementById("more-metric");
  const show = () => {
    draw(document.getElementById("more-chart"), select.value);
    document.getElementById("more-note").textContent = select.selectedOptions[0].dataset.note;
  };
  if (select) {
    select.addEventListener("change", show);
    const once = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        once.disconnect();
        show();
      }
    }, { rootMargin: "600px" });
    once.observe(select);
  }

  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
    places.forEach((place) => { if (!place.firstChild) { draw(place, place.dataset.chart); } });
  });
})();
