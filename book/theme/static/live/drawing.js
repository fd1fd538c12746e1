// Data of the reader's own: points drawn on the plane with mouse or finger, which become a mixture of
// a few Gaussians, or a law of their own.
"use strict";
(function (lab) {
  const POINTS = 60; // of a law of its own: every particle looks at all of them in every step
  const SPREAD = 0.15; // standard deviation of each of them: narrow, and wider than a step's noise
  const MODES = 4; // at most so many Gaussians are fitted
  const ROUNDS = 60; // of expectation and maximisation
  const APART = 7; // pixels between two points of a stroke

  /**
   * The maximum-likelihood mixture of k Gaussians, by expectation and maximisation from the means
   * that lie furthest from each other. Returns {components, likelihood}.
   */
  function fit(points, k) {
    const n = points.length, means = [points[0]];
    const far = (p) => Math.min(...means.map((m) => Math.hypot(p[0] - m[0], p[1] - m[1])));
    while (means.length < k) means.push(points.reduce((best, p) => (far(p) > far(best) ? p : best)));
    const whole = moments(points, points.map(() => 1), n);
    const least = Math.max(0.02 * (whole.xx + whole.yy) / 2, SPREAD * SPREAD); // no mode of one point
    let modes = means.map(([x, y]) => ({...whole, x, y, weight: 1 / k, xx: whole.xx / k, xy: 0, yy: whole.yy / k}));
    let law, likelihood = -Infinity;
    for (let round = 0; round < ROUNDS; round++) {
      const components = modes.map((mode) => shape(mode, least));
      law = new lab.Law(components);
      const shares = modes.map(() => new Float64Array(n)), one = new Float64Array(k);
      likelihood = 0;
      points.forEach(([x, y], i) => {
        law.responsibilities(x, y, one).forEach((share, j) => { shares[j][i] = share; });
        likelihood += law.logDensity(x, y);
      });
      if (round === ROUNDS - 1) return {components, likelihood};
      modes = shares.map((share) => moments(points, share, n));
    }
    return undefined;
  }

  /** Weight, mean and covariance of points that count as much as `shares` say. */
  function moments(points, shares, n) {
    const total = shares.reduce((a, b) => a + b, 0) || 1e-9;
    const mean = (value) => points.reduce((sum, p, i) => sum + shares[i] * value(p), 0) / total;
    const x = mean((p) => p[0]), y = mean((p) => p[1]);
    return {
      weight: total / n, x, y,
      xx: mean((p) => (p[0] - x) ** 2), xy: mean((p) => (p[0] - x) * (p[1] - y)), yy: mean((p) => (p[1] - y) ** 2),
    };
  }

  /** A covariance as the live figure describes it, no variance below `least`. */
  function shape({weight, x, y, xx, xy, yy}, least) {
    const middle = (xx + yy) / 2, half = Math.hypot((xx - yy) / 2, xy);
    const along = Math.max(middle + half, least), across = Math.max(middle - half, least);
    const angle = (Math.atan2(2 * xy, xx - yy) * 90) / Math.PI;
    return lab.shaped({weight, x, y, angle, scale: (along * across) ** 0.25, ratio: Math.sqrt(along / across)});
  }

  /** The mixture that points call for: as many Gaussians as the Bayesian information criterion takes. */
  function mixtureOf(points) {
    let best = null;
    for (let k = 1; k <= Math.min(MODES, Math.ceil(points.length / 6)); k++) {
      const {components, likelihood} = fit(points, k);
      const cost = (6 * k - 1) * Math.log(points.length) - 2 * likelihood;
      if (!best || cost < best.cost) best = {cost, components};
    }
    return best.components;
  }

  /** The law of points themselves: a narrow Gaussian on each, of those that are kept if there are many. */
  function lawOf(points) {
    const every = Math.max(1, points.length / POINTS);
    const kept = Array.from({length: Math.min(points.length, POINTS)}, (_, i) => points[Math.floor(i * every)]);
    return kept.map(([x, y]) => lab.shaped({weight: 1 / kept.length, x, y, scale: SPREAD, ratio: 1, angle: 0}));
  }

  class Drawing {
    /** @param {object} does take(components), which gets what was drawn, and end(), called at the end. */
    constructor(does) {
      const press = (label, action) => lab.build("button", {type: "button", onclick: action}, label);
      this.does = does;
      this.canvas = lab.build("canvas");
      this.pen = this.canvas.getContext("2d");
      this.word = lab.build("span", {});
      this.done = [
        press("As a mixture", () => this.finish(mixtureOf)),
        press("As points of their own", () => this.finish(lawOf)),
      ];
      this.root = lab.build("div", {class: "live-drawing", hidden: true, role: "group", "aria-label": "Drawing"}, this.canvas,
        lab.build("p", {}, this.word, ...this.done, press("Cancel", () => this.end())));
      this.canvas.addEventListener("pointerdown", (event) => {
        this.canvas.setPointerCapture(event.pointerId);
        this.last = null;
        this.add(event);
        event.preventDefault();
      });
      this.canvas.addEventListener("pointermove", (event) => {
        if (this.canvas.hasPointerCapture(event.pointerId)) this.add(event);
      });
    }

    /** A clean sheet over the plane as `view` sees it. */
    begin(view, color) {
      Object.assign(this, {view, points: [], last: null});
      this.root.hidden = false;
      Object.assign(this.canvas, {width: view.width, height: view.height});
      this.pen.fillStyle = color;
      this.tell();
    }

    add({offsetX: x, offsetY: y}) {
      if (this.last && Math.hypot(x - this.last[0], y - this.last[1]) < APART) return;
      this.last = [x, y];
      this.points.push([this.view.x_at(x), this.view.y_at(y)]);
      this.pen.beginPath();
      this.pen.arc(x, y, 3, 0, 2 * Math.PI);
      this.pen.fill();
      this.tell();
    }

    tell() {
      const n = this.points.length;
      this.word.textContent = n ? `${n} point${n > 1 ? "s" : ""}` : "Draw with mouse or finger.";
      for (const button of this.done) button.disabled = n < 3;
    }

    finish(law) {
      this.does.take(law(this.points));
      this.end();
    }

    end() {
      this.root.hidden = true;
      this.does.end();
    }
  }

  Object.assign(lab, {Drawing, mixtureOf, lawOf, POINTS});
})(globalThis.ScoreLab ??= {});
