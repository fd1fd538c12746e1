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
      this.label = build("p", {class: "live-label"});
      const told = (word, text) => build("p", {}, build("b", {}, word), ` ${text}`);
      this.root = build("div", {class: "live-panel", role: "group", "aria-label": "Numbers"},
        this.label, this.rows, build("details", {class: "live-what"}, build("summary", {}, "What is this?"),
          told("Share of a mode:", "the mean of its responsibilities over the particles; the thin line is ± one standard error, the orange mark the true weight."),
          told("Variance inside:", "the variance within the modes as a multiple of the true one. 1 is right, below 1 the cloud is too narrow, above 1 too wide."),
          told("Handles:", "drag a number to move its mean. One that is chosen has two more, for direction and length of the long axis, and for the width across; the arrow keys move them too.")),
        this.clock);
    }

    /** One row a mode, and one for the variance inside. */
    arrange(components) {
      const many = components.length > lab.MOST;
      this.label.textContent = many ? `A law of ${components.length} points` : "Share of each mode";
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
      // Three standard deviations hold 1 - exp(-9/2) of a Gaussian in the plane.
      this.lines = many ? [row("Copies of a point", "", 1 - Math.exp(-4.5), 1)]
        : this.truths.map((truth, k) => row(String(k + 1), "Mode ", truth, 1));
      if (many) this.lines[0].item.className = "live-variance";
      this.lines.push(row("Variance inside", "", 1, 2));
      this.lines.at(-1).item.className = "live-variance";
      this.rows.replaceChildren(...this.lines.map((line) => line.item));
    }

    show(measured, diverged) {
      this.measured = measured;
      const shares = measured.copies ? [measured.copies] : measured.weights;
      [...shares, measured.variance].forEach((one, k) => {
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
      const {sigma, level} = plan.at(taken), t = run.time;
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
      const {weights, variance, copies} = this.measured;
      if (copies) return `copies of a point: ${estimate(copies)}, true 0.989; variance inside ${estimate(variance)}, true 1.`;
      const shares = weights.map((one, k) =>
        `mode ${k + 1}: ${estimate(one)}, true ${this.truths[k].toFixed(3)}`);
      return `${shares.join("; ")}; variance inside the modes ${estimate(variance)}, true 1.`;
    }
  }

  Object.assign(lab, {build, Panel, grouped, rounded, estimate});
})(globalThis.ScoreLab ??= {});
