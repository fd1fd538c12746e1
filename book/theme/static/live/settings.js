// What can be set, within which limits, and how a state is written into a page's address.
//
// The names are those of the package's functions. `lab.described`, written from scorelab/figures/live.py
// when the book is built, holds the defaults and the presets.
"use strict";
(function (lab) {
  const LANGEVIN = ["langevin", "mala", "annealed"], BACK = ["reverse", "flow"];
  const SAMPLERS = {
    langevin: "Langevin", mala: "Langevin, Metropolis-adjusted (MALA)", annealed: "Annealed Langevin",
    forward: "Forward process", reverse: "Reverse process", flow: "Probability flow",
  };
  const number = (name, label, min, max, more = {}) => ({name, label, min, max, ...more});
  const choice = (name, label, options, more = {}) => ({name, label, options, ...more});
  // `samplers`: those that it belongs to (all, if missing); `live`: a change does not start anew.
  const PARAMETERS = [
    number("step_size", "Step ε", 1e-5, 10, {log: true, samplers: LANGEVIN, live: true}),
    number("n_levels", "Levels L", 1, 100, {integer: true, samplers: ["annealed"]}),
    number("sigma_max", "First level σ₁", 0.05, 100, {log: true, samplers: ["annealed"]}),
    number("sigma_min", "Last level σ_L", 0.005, 20, {log: true, samplers: ["annealed"]}),
    number("T", "Noise time T", 0.1, 20, {samplers: ["forward", ...BACK]}),
    number("t_min", "Stop at t_min", 0, 10, {samplers: BACK}),
    number("n_steps", "Steps", 1, 20000, {log: true, integer: true}),
    choice("solver", "Integrator", {euler: "Euler", heun: "Heun"}, {samplers: ["flow"]}),
    choice("noise", "Noise of a step", {std: "√ε z", variance: "ε z (a mistake)"},
      {samplers: ["langevin", "annealed", "forward", "reverse"], live: true}),
    choice("prior", "Start", {normal: "normal", data: "exact samples", point: "one point"}),
    number("prior_std", "Its std", 0.05, 50, {log: true}),
    number("n", "Particles", 1, 20000, {log: true, integer: true}),
    number("seed", "Seed", 0, 999999, {integer: true}),
  ];
  const SHAPE = {
    weight: number("weight", "weight", 0.001, 1), x: number("x", "x", -100, 100),
    y: number("y", "y", -100, 100), scale: number("scale", "scale", 0.05, 20),
    ratio: number("ratio", "axis ratio", 0.1, 10), angle: number("angle", "angle °", -180, 180),
  };
  const SPEEDS = Object.fromEntries([2, 10, 30, 60, 120, 300, 1000].map((n) => [n, `${n} steps/s`]));
  const SHOWN = {contours: "Contours", density: "Density", score: "Score", trails: "Trails", axes: "Axes"};
  const ZOOM = number("zoom", "Zoom", 0.1, 8);
  const MOST = 5; // components with handles; a law with more is one of points that were drawn

  const within = ({min, max, integer}, value) => {
    const limited = Math.min(max, Math.max(min, value));
    return integer ? Math.round(limited) : limited;
  };

  function preset(name) {
    const {presets} = lab.described;
    return presets.find((p) => p.name === name) ?? presets[0];
  }

  /** The settings of a preset, complete. */
  const complete = (name) => ({preset: preset(name).name, ...lab.described.defaults, ...preset(name).settings});

  /** What another sampler starts with: the settings of the preset that shows it at its best. */
  function startOf(sampler) {
    const shows = (p) => (p.settings.sampler ?? "langevin") === sampler;
    const {presets} = lab.described;
    const {components, ...own} = (presets.find((p) => shows(p) && p.works) ?? presets.find(shows)).settings;
    const names = [...PARAMETERS.map((p) => p.name).filter((n) => n !== "n" && n !== "seed"), "zoom", "speed"];
    return {...Object.fromEntries(names.map((n) => [n, lab.described.defaults[n]])), ...own, sampler};
  }

  /** The settings with every value inside its limits, and those that order each other in order. */
  function checked(settings) {
    const good = {...settings};
    const fallback = complete(settings.preset);
    for (const p of [...PARAMETERS, ZOOM]) {
      if (p.options) {
        if (!(good[p.name] in p.options)) good[p.name] = fallback[p.name];
      } else good[p.name] = within(p, Number.isFinite(good[p.name]) ? good[p.name] : fallback[p.name]);
    }
    if (!(good.sampler in SAMPLERS)) good.sampler = fallback.sampler;
    if (!(good.speed in SPEEDS)) good.speed = fallback.speed;
    good.sigma_min = Math.min(good.sigma_min, good.n_levels > 1 ? 0.99 * good.sigma_max : Infinity);
    good.t_min = Math.min(good.t_min, 0.99 * good.T);
    return good;
  }

  /** A component with every number inside its limits. */
  const shaped = (component) => Object.fromEntries(
    Object.entries(SHAPE).map(([key, limits]) => [key, within(limits, component[key])]));

  // ---------------------------------------------------------------------------------- the address

  const short = (value) => String(Number(value.toPrecision(6)));

  /** What follows # in a link to the figure `id` in this state: what differs from its preset. */
  function toHash(id, settings) {
    const plain = complete(settings.preset);
    const query = new URLSearchParams({live: id, preset: settings.preset});
    for (const [key, value] of Object.entries(settings)) {
      if (key === "components" || value === plain[key]) continue;
      query.set(key, typeof value === "number" ? short(value) : String(value));
    }
    if (JSON.stringify(settings.components) !== JSON.stringify(plain.components)) {
      const rows = settings.components.map((c) => Object.keys(SHAPE).map((key) => short(c[key])));
      query.set("mixture", rows.map((row) => row.join(",")).join(";"));
    }
    return decodeURIComponent(String(query)); // ; and , may stand in a fragment as they are
  }

  /** The state that an address holds for the figure `id`, or null. Never fails: it is typed by hand. */
  function fromHash(id, hash) {
    const query = new URLSearchParams(hash.replace(/^#/, ""));
    if (query.get("live") !== id) return null;
    const settings = complete(query.get("preset"));
    for (const [key, text] of query) {
      if (key === "preset" || !(key in settings) || key === "components") continue;
      if (typeof settings[key] === "boolean") settings[key] = text === "true";
      else settings[key] = typeof settings[key] === "number" ? Number.parseFloat(text) : text;
    }
    const rows = (query.get("mixture") ?? "").split(";").map((row) => row.split(",").map(Number));
    if (rows.length <= lab.POINTS && rows.every((row) => row.length === 6 && row.every(Number.isFinite))) {
      settings.components = rows.map((row) =>
        shaped(Object.fromEntries(Object.keys(SHAPE).map((key, i) => [key, row[i]]))));
    }
    return checked(settings);
  }

  Object.assign(lab, {
    SAMPLERS, PARAMETERS, SHAPE, SPEEDS, SHOWN, MOST,
    preset, complete, startOf, checked, shaped, within, toHash, fromHash,
  });
})(globalThis.ScoreLab ??= {});
