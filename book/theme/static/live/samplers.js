// The samplers. All but two are one step of one loop, the Euler-Maruyama step
//
//   x <- x + f(x, t) dt + g sqrt|dt| z   with   f dt = pull * x + push * score(x),  g sqrt|dt| = kick,
//
// and differ by three numbers; Metropolis-adjusted Langevin and Heun's method are the other two.
// The twin of scorelab/langevin.py, sde.py and solvers.py. Points are [x0, y0, x1, y1, ...], moved
// in place. `random` has normal() and uniform(), drawn point by point, x before y.
"use strict";
(function (lab) {
  /** One Euler-Maruyama step of all points. Returns the sum of |x| + |y|: not finite if one is not. */
  function move(points, law, pull, push, kick, random) {
    let size = 0;
    for (let i = 0; i < points.length; i += 2) {
      let x = points[i], y = points[i + 1];
      let dx = pull * x, dy = pull * y;
      if (push !== 0) {
        const s = law.score(x, y);
        dx += push * s[0];
        dy += push * s[1];
      }
      if (kick !== 0) {
        dx += kick * random.normal();
        dy += kick * random.normal();
      }
      points[i] = x += dx;
      points[i + 1] = y += dy;
      size += Math.abs(x) + Math.abs(y);
    }
    return size;
  }

  /**
   * One step of Metropolis-adjusted Langevin dynamics: the Langevin step as a proposal, accepted with
   * probability min(1, p(x') q(x|x') / (p(x) q(x'|x))). Returns how many were accepted.
   */
  function mala(points, law, step, random) {
    const half = 0.5 * step, root = Math.sqrt(step);
    let accepted = 0;
    for (let i = 0; i < points.length; i += 2) {
      const x = points[i], y = points[i + 1];
      const now = law.score(x, y);
      const zx = random.normal(), zy = random.normal();
      const x2 = x + half * now[0] + root * zx, y2 = y + half * now[1] + root * zy;
      const before = now[2] + Math.log(now[3]);
      const then = law.score(x2, y2);
      const bx = x - x2 - half * then[0], by = y - y2 - half * then[1];
      const logRatio = then[2] + Math.log(then[3]) - before
        + 0.5 * (zx * zx + zy * zy) - (bx * bx + by * by) / (2 * step);
      if (Math.log(random.uniform()) < logRatio) { // false for NaN: such a proposal is refused
        points[i] = x2;
        points[i + 1] = y2;
        accepted++;
      }
    }
    return accepted;
  }

  /** One step of Heun's method on the probability flow f = -(x + score)/2, over the time dt. */
  function heun(points, law, lawAhead, dt) {
    let size = 0;
    for (let i = 0; i < points.length; i += 2) {
      const x = points[i], y = points[i + 1];
      const now = law.score(x, y);
      const fx = -0.5 * (x + now[0]), fy = -0.5 * (y + now[1]);
      const ahead = lawAhead.score(x + fx * dt, y + fy * dt);
      const gx = -0.5 * (x + fx * dt + ahead[0]), gy = -0.5 * (y + fy * dt + ahead[1]);
      points[i] = x + 0.5 * (fx + gx) * dt;
      points[i + 1] = y + 0.5 * (fy + gy) * dt;
      size += Math.abs(points[i]) + Math.abs(points[i + 1]);
    }
    return size;
  }

  /** Levels from sigma_max to sigma_min, each the same factor below the last; one: sigma_max. */
  function geometricSigmas(sigmaMax, sigmaMin, n) {
    if (n === 1) return [sigmaMax];
    const ratio = Math.log(sigmaMin / sigmaMax) / (n - 1);
    return Array.from({length: n}, (_, i) => (i === n - 1 ? sigmaMin : sigmaMax * Math.exp(ratio * i)));
  }

  /** The Ornstein-Uhlenbeck law at time t: {scale, sigma} of scale * x(0) + sigma * z. */
  function ornsteinUhlenbeck(t) {
    return {scale: Math.exp(-0.5 * t), sigma: Math.sqrt(-Math.expm1(-t)), t};
  }

  // A plan says what a run consists of. `length`: its number of steps. `at(i)`: the law before step
  // i as {scale, sigma} with what else tells the time (t, level). `coefficients(i)`: pull, push and
  // kick of step i; or `take(points, i, law, random)` for the two that are no such step, where
  // law(i) is the law before step i.
  const CLEAN = {scale: 1, sigma: 0};

  function langevin({step_size: step, n_steps: length}) {
    const coefficients = [0, 0.5 * step, Math.sqrt(step)];
    return {length, at: (i) => ({...CLEAN, t: i * step}), coefficients: () => coefficients};
  }

  function metropolis({step_size: step, n_steps: length}) {
    const take = (points, i, law, random) => ({accepted: mala(points, law(i), step, random)});
    return {length, at: (i) => ({...CLEAN, t: i * step}), take};
  }

  function annealed({step_size: step, n_steps: n, n_levels, sigma_max, sigma_min}) {
    const sigmas = geometricSigmas(sigma_max, sigma_min, n_levels);
    const last = sigmas[sigmas.length - 1];
    const level = (i) => Math.min(Math.floor(i / n), n_levels - 1);
    return {
      length: n * n_levels,
      at: (i) => ({scale: 1, sigma: sigmas[level(i)], level: level(i) + 1}),
      coefficients(i) {
        const alpha = step * (sigmas[level(i)] / last) ** 2;
        return [0, 0.5 * alpha, Math.sqrt(alpha)];
      },
    };
  }

  /** Times from `start` to `end` in `n` equal steps, the last one exactly `end`. */
  function timed(start, end, n, coefficients) {
    const dt = (end - start) / n;
    const at = (i) => ornsteinUhlenbeck(i < n ? start + i * dt : end);
    return {length: n, at, dt, coefficients: coefficients && (() => coefficients(dt))};
  }

  const forward = ({T, n_steps}) => timed(0, T, n_steps, (dt) => [-0.5 * dt, 0, Math.sqrt(dt)]);
  const reverse = ({T, t_min, n_steps}) =>
    timed(T, t_min, n_steps, (dt) => [-0.5 * dt, -dt, Math.sqrt(-dt)]);
  function flow({T, t_min, n_steps, solver}) {
    if (solver !== "heun") return timed(T, t_min, n_steps, (dt) => [-0.5 * dt, -0.5 * dt, 0]);
    const plan = timed(T, t_min, n_steps);
    plan.take = (points, i, law) => ({size: heun(points, law(i), law(i + 1), plan.dt)});
    return plan;
  }

  const plans = {langevin, mala: metropolis, annealed, forward, reverse, flow};
  Object.assign(lab, {move, mala, heun, geometricSigmas, ornsteinUhlenbeck, plans});
})(globalThis.ScoreLab ??= {});
