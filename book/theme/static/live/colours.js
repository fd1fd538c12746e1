// The book's colours, read from its style sheet as they are on this page now.
"use strict";
(function (lab) {
  /** The book's colours as they are now, light or dark: [r, g, b], or CSS, or a list of CSS. */
  function palette(element) {
    const probe = element.appendChild(document.createElement("i"));
    const read = (name) => {
      probe.style.color = `var(--${name})`;
      return getComputedStyle(probe).color;
    };
    const numbers = (name) => read(name).match(/\d+(\.\d+)?/g).slice(0, 3).map(Number);
    const faint = (name, alpha) => `rgb(${numbers(name).join(" ")} / ${alpha})`;
    const found = {
      particles: numbers("link"), density: numbers("strong-line"), contour: faint("soft", 0.75),
      score: faint("warm", 0.7), paper: read("paper"), ink: read("ink"), trails: ["warm", "good", "bad", "caution"].map(read),
    };
    probe.remove();
    return found;
  }

  Object.assign(lab, {palette});
})(globalThis.ScoreLab ??= {});
