// A run: points, a plan and the step that it has come to; and what the points say about the truth.
"use strict";
(function (lab) {
  const RUNAWAY = 1e6; // a mean |x| + |y| beyond which a run counts as diverged

  class Run {
    /** @param {object} settings see `lab.defaults`: sampler, its parameters, components, n, seed. */
    constructor(settings) {
      this.begin(settings);
      this.change(settings);
    }

    begin(settings) {
      this.random = new lab.Random(settings.seed);
      this.seed = settings.seed;
      this.points = prior(settings, this.random);
      this.taken = 0;
      this.proposed = 0;
      this.accepted = 0;
      this.diverged = false;
      this.ahead = 0; // of the plan's time, when steps were of another size before
    }

    /**
     * Other parameters or another mixture from the next step on; the points and the time stay. A run
     * that diverged has no points to go on from: it begins anew.
     */
    change(settings) {
      const time = this.plan && !this.diverged ? this.time : 0;
      if (this.diverged) this.begin(settings);
      this.settings = settings;
      this.plan = lab.plans[settings.sampler](settings);
      this.ahead = 0;
      this.ahead = time - this.time;
      if (this.taken === 0) this.ahead = 0;
      this.target = new lab.Law(settings.components);
      this.laws = [];
    }

    /** The time of the process now: the sum of the steps that were taken, each of its own size. */
    get time() {
      return (this.plan.at(this.taken).t ?? 0) + this.ahead;
    }

    get done() {
      return this.diverged || this.taken >= this.plan.length;
    }

    /** The law of the exact process before step i, kept until the mixture changes. */
    law(i) {
      const {scale, sigma} = this.plan.at(i);
      let found = this.laws.find((l) => l.scale === scale && l.sigma === sigma);
      if (!found) {
        found = {scale, sigma, law: new lab.Law(this.settings.components, sigma, scale)};
        this.laws = [found, ...this.laws.slice(0, 1)]; // a step needs two at most
      }
      return found.law;
    }

    /** Takes one step, if one is left. */
    advance() {
      if (this.done) return;
      const {points, plan, random, taken: i} = this;
      let size = 0;
      if (plan.take) {
        const result = plan.take(points, i, (j) => this.law(j), random);
        size = result.size ?? 0;
        if (result.accepted !== undefined) {
          this.accepted += result.accepted;
          this.proposed += points.length / 2;
        }
      } else {
        const [pull, push, kick] = plan.coefficients(i);
        // The mistake that can be chosen: noise with the variance for its standard deviation.
        const noise = this.settings.noise === "variance" ? kick * kick : kick;
        size = lab.move(points, this.law(i), pull, push, noise, random);
      }
      this.taken++;
      this.diverged = !(size < RUNAWAY * points.length);
    }

    /**
     * The weights of the modes and the variance inside them, see `measure`: against the mixture,
     * where a run is to end; for a run that leaves it, against the exact law of its time. Of a law
     * of many points `copies`, the share of particles within three standard deviations of one.
     */
    measure() {
      const law = this.settings.sampler === "forward" ? this.law(this.taken) : this.target;
      const found = measure(this.points, law);
      return law.n > lab.MOST ? {...found, copies: copies(this.points, law)} : found;
    }
  }

  /** Where a run starts: draws of N(0, prior_std^2 I), exact draws, or one point. */
  function prior({prior: kind, prior_std: std, components, n}, random) {
    if (kind === "data") return lab.sample(components, n, random);
    const points = new Float64Array(2 * n);
    if (kind === "normal") for (let i = 0; i < 2 * n; i++) points[i] = std * random.normal();
    return points;
  }

  /** The share of the points within three standard deviations of a mean. */
  function copies(points, law) {
    const n = points.length / 2;
    let near = 0;
    for (let i = 0; i < points.length; i += 2) {
      law.weigh(points[i], points[i + 1]);
      let k = 0;
      while (k < law.n && !(law.mahalanobis(k, points[i], points[i + 1]) < 9)) k++;
      if (k < law.n) near++;
    }
    const value = near / n;
    return {value, error: Math.sqrt((value * (1 - value)) / Math.max(n - 1, 1))};
  }

  /**
   * How the points compare with a mixture: `weights`, the mean responsibility of each component,
   * whose expectation under the mixture is its weight; and `variance`, the mean of
   * sum_k r_k(x) |x - mu_k|^2 / 2 in units of Sigma_k, whose expectation is 1: the variance inside
   * the modes as a multiple of the true one. Each is {value, error}, the error being the standard
   * error s / sqrt(n) for independent points.
   */
  function measure(points, law) {
    const n = points.length / 2;
    const sums = new Float64Array(law.n + 1), squares = new Float64Array(law.n + 1);
    const shares = new Float64Array(law.n);
    for (let i = 0; i < points.length; i += 2) {
      const x = points[i], y = points[i + 1];
      law.responsibilities(x, y, shares);
      let spread = 0;
      for (let k = 0; k < law.n; k++) {
        sums[k] += shares[k];
        squares[k] += shares[k] * shares[k];
        spread += 0.5 * shares[k] * law.mahalanobis(k, x, y);
      }
      sums[law.n] += spread;
      squares[law.n] += spread * spread;
    }
    const estimates = Array.from(sums, (sum, k) => {
      const value = sum / n;
      const rest = Math.max(squares[k] - sum * value, 0) / Math.max(n - 1, 1);
      return {value, error: n > 1 ? Math.sqrt(rest / n) : NaN};
    });
    return {weights: estimates.slice(0, law.n), variance: estimates[law.n]};
  }

  Object.assign(lab, {Run, measure});
})(globalThis.ScoreLab ??= {});
