// The numbers beside the particles: the share of each mode against its true weight, the variance
// inside the modes, and the clock; in words too, for those who hear the page.
"use strict";
(function (lab) {
  /** An element with properties, attributes (names with a hyphen, role, for, class) and children. */
  function build(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (/-|^(role|for|class|type|tabindex|list)$/.test(key)) made.setAttribute(key, value);
      else made[key] = value;
    }
    made.append(...children);
    return made;
  }

  const grouped = (n) => n.toLocaleString("en-US");
  const rounded = (value) => String(Number(value.toPrecision(3)));

  /** As many decimals as two digits of the error need, such as 0.600 ± 0.011. */
  function estimate({value, error}) {
    if (!Number.isFinite(value)) return "–";
    if (!(error >= 5e-5)) return value.toFixed(3);
    const decimals = Math.min(4, Math.max(0, 1 - Math.floor(Math.log10(error))));
    if (value >= 1e4) return value.toExponential(1);
    return `${value.toFixed(decimals)} ± ${error.toFixed(decimals)}`;
  }

  class Panel {
    constructor() {
      this.rows = build("ul");
      this.clock = build("p", {class: "live-clock"});
      this.root = build("div", {class: "live-panel", role: "group", "aria-label": "Numbers"},
        build("p", {class: "live-label"}, "Share of each mode"), this.rows, this.clock);
    }

    /** One row a mode, and one for the variance inside. */
    arrange(components) {
      const total = components.reduce((sum, c) => sum + c.weight, 0);
      this.truths = components.map((c) => c.weight / total);
      const row = (name, label, truth, scale) => {
        const fill = build("i", {class: "live-fill"}), error = build("i", {class: "live-error"});
        const mark = build("i", {class: "live-truth"});
        mark.style.left = `${100 * truth / scale}%`;
        const value = build("span", {class: "live-value"});
        const item = build("li", {},
          build("b", {}, name), build("span", {class: "sr"}, label), value,
          build("span", {class: "live-true"}, `true ${truth.toFixed(scale === 1 ? 3 : 0)}`),
          build("span", {class: "live-measure", "aria-hidden": "true"}, fill, error, mark));
        return {item, fill, error, value, scale};
      };
      this.lines = [
        ...this.truths.map((truth, k) => row(String(k + 1), "Mode ", truth, 1)),
        row("Variance inside", "", 1, 2),
      ];
      this.lines.at(-1).item.className = "live-variance";
      this.rows.replaceChildren(...this.lines.map((line) => line.item));
    }

    show(measured, diverged) {
      this.measured = measured;
      [...measured.weights, measured.variance].forEach((one, k) => {
        const line = this.lines[k];
        const good = !diverged && Number.isFinite(one.value);
        const value = good ? one.value / line.scale : 0, error = good ? (one.error || 0) / line.scale : 0;
        const inside = (place) => Math.min(1, Math.max(0, place));
        line.value.textContent = diverged ? "–" : estimate(one);
        line.fill.style.width = `${100 * inside(value)}%`;
        const low = inside(value - error), high = inside(value + error);
        line.error.style.left = `${100 * low}%`;
        line.error.style.width = `${100 * (high - low)}%`;
      });
    }

    /** The time of a run in words. */
    tell(run) {
      const {plan, taken, diverged, settings} = run;
      const {sigma, level, t} = plan.at(taken);
      const parts = [`step ${grouped(taken)} of ${grouped(plan.length)}`];
      if (level) parts.push(`level ${level} of ${settings.n_levels}`, `σ = ${rounded(sigma)}`);
      else if (taken || t) parts.push(`t = ${t >= 1 ? t.toFixed(2) : rounded(t)}`);
      if (run.proposed) parts.push(`${Math.round((100 * run.accepted) / run.proposed)} % accepted`);
      if (diverged) parts.push("diverged: take a smaller step");
      this.clock.replaceChildren(...parts.map((part) => build("span", {}, part)));
      return parts.join(", ");
    }

    /** All numbers as a sentence. */
    words() {
      const {weights, variance} = this.measured;
      const shares = weights.map((one, k) =>
        `mode ${k + 1}: ${estimate(one)}, true ${this.truths[k].toFixed(3)}`);
      return `${shares.join("; ")}; variance inside the modes ${estimate(variance)}, true 1.`;
    }
  }

  Object.assign(lab, {build, Panel, grouped, rounded, estimate});
})(globalThis.ScoreLab ??= {});
