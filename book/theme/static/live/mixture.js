// The Gaussian mixture in the plane: its density, score and responsibilities, exact at every level
// of noise. The twin of scorelab/mixture.py.
//
// A component is {weight, x, y, scale, ratio, angle}: the mean (x, y), and the covariance
// R diag(l1, l2) R^T with R the rotation by `angle` degrees and standard deviations
// sqrt(l1) = scale * sqrt(ratio) along the major axis, sqrt(l2) = scale / sqrt(ratio) across it.
"use strict";
(function (lab) {
  const SIZE = 6; // numbers a component: log constant, mean, and the three of the precision matrix

  /**
   * The law of scale * X + sigma * Z for X from the mixture: component k becomes
   * N(scale * mu_k, scale^2 * Sigma_k + sigma^2 I). sigma is a standard deviation.
   */
  class Law {
    constructor(components, sigma = 0, scale = 1) {
      const n = components.length;
      this.n = n;
      this.numbers = new Float64Array(SIZE * n);
      this.terms = new Float64Array(n); // log(w_k N(x; ...)) at the last point asked for
      this.pulls = new Float64Array(2 * n); // Sigma_k^-1 (mu_k - x) there
      this.out = new Float64Array(4);
      const total = components.reduce((sum, c) => sum + c.weight, 0);
      components.forEach((c, k) => {
        const [along, across] = variances(c).map((v) => scale * scale * v + sigma * sigma);
        const [cos, sin] = direction(c.angle);
        this.numbers.set([
          Math.log(c.weight / total) - Math.log(2 * Math.PI) - 0.5 * Math.log(along * across),
          scale * c.x,
          scale * c.y,
          (cos * cos) / along + (sin * sin) / across,
          cos * sin * (1 / along - 1 / across),
          (sin * sin) / along + (cos * cos) / across,
        ], SIZE * k);
      });
    }

    /**
     * The score at a point, sum_k r_k(x) Sigma_k^-1 (mu_k - x), as [s_x, s_y, m, t]; the
     * log-density there is m + log t. The same array every time: read it before the next call.
     */
    score(x, y) {
      const {n, terms, pulls, out} = this;
      const peak = this.weigh(x, y);
      let total = 0, sx = 0, sy = 0;
      for (let k = 0; k < n; k++) {
        const share = Math.exp(terms[k] - peak);
        total += share;
        sx += share * pulls[2 * k];
        sy += share * pulls[2 * k + 1];
      }
      out[0] = sx / total;
      out[1] = sy / total;
      out[2] = peak;
      out[3] = total;
      return out;
    }

    /** log p(x), finite far into the tails. */
    logDensity(x, y) {
      const {n, terms} = this;
      const peak = this.weigh(x, y);
      let total = 0;
      for (let k = 0; k < n; k++) total += Math.exp(terms[k] - peak);
      return peak + Math.log(total);
    }

    /** The posterior probabilities r_k(x) of the components, written into `shares`. */
    responsibilities(x, y, shares) {
      const {n, terms} = this;
      const peak = this.weigh(x, y);
      let total = 0;
      for (let k = 0; k < n; k++) total += shares[k] = Math.exp(terms[k] - peak);
      for (let k = 0; k < n; k++) shares[k] /= total;
      return shares;
    }

    /** The squared distance to mean k in units of component k: after a call for the same point. */
    mahalanobis(k, x, y) {
      const {numbers, pulls} = this;
      const at = SIZE * k;
      return (numbers[at + 1] - x) * pulls[2 * k] + (numbers[at + 2] - y) * pulls[2 * k + 1];
    }

    /** Fills `terms` and `pulls` for a point; returns the largest term. */
    weigh(x, y) {
      const {n, numbers, terms, pulls} = this;
      let peak = -Infinity;
      for (let k = 0, at = 0; k < n; k++, at += SIZE) {
        const dx = numbers[at + 1] - x, dy = numbers[at + 2] - y;
        const px = numbers[at + 3] * dx + numbers[at + 4] * dy;
        const py = numbers[at + 4] * dx + numbers[at + 5] * dy;
        const term = numbers[at] - 0.5 * (dx * px + dy * py);
        pulls[2 * k] = px;
        pulls[2 * k + 1] = py;
        terms[k] = term;
        if (term > peak) peak = term;
      }
      return peak;
    }
  }

  /** Variances along and across the major axis. */
  function variances({scale, ratio}) {
    return [scale * scale * ratio, (scale * scale) / ratio];
  }

  /** Cosine and sine of an angle in degrees. */
  function direction(angle) {
    return [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  }

  /** n exact draws, as [x0, y0, x1, y1, ...]. */
  function sample(components, n, random, points = new Float64Array(2 * n)) {
    const total = components.reduce((sum, c) => sum + c.weight, 0);
    const shapes = components.map((c) => [...variances(c).map(Math.sqrt), ...direction(c.angle)]);
    for (let i = 0; i < 2 * n; i += 2) {
      let left = random.uniform() * total, k = 0;
      while (k < components.length - 1 && (left -= components[k].weight) > 0) k++;
      const [along, across, cos, sin] = shapes[k];
      const u = along * random.normal(), v = across * random.normal();
      points[i] = components[k].x + cos * u - sin * v;
      points[i + 1] = components[k].y + sin * u + cos * v;
    }
    return points;
  }

  Object.assign(lab, {Law, variances, direction, sample});
})(globalThis.ScoreLab ??= {});
