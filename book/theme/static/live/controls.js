// The controls of a live figure, built once and kept in step with its settings.
"use strict";
(function (lab) {
  const {build, PARAMETERS, SHAPE, SAMPLERS, SPEEDS, SHOWN} = lab;
  const ICONS = {
    play: "M8 5v14l11-7z", pause: "M7 5h4v14H7zM13 5h4v14h-4z", step: "M6 5v14l9-7zM16 5h3v14h-3z",
    reset: "M12 5V1L6 6l6 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z",
    full: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
    link: "M10.6 13.4a4 4 0 0 1 0-5.7l3-3a4 4 0 0 1 5.7 5.7l-1.8 1.8-1.4-1.4 1.8-1.8a2 2 0 0 0-2.9-2.9l-3 3a2 2 0 0 0 0 2.9zM13.4 10.6a4 4 0 0 1 0 5.7l-3 3a4 4 0 0 1-5.7-5.7l1.8-1.8 1.4 1.4-1.8 1.8a2 2 0 0 0 2.9 2.9l3-3a2 2 0 0 0 0-2.9z",
    plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z", minus: "M5 11h14v2H5z",
  };

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
    path.setAttribute("d", ICONS[name]);
    return svg;
  }

  const button = (label, name, action, properties = {}) => build("button",
    {type: "button", onclick: action, title: properties["aria-label"] ?? "", ...properties},
    ...(name ? [icon(name)] : []), ...(label ? [build("span", {}, label)] : []));

  const select = (options, changed, properties = {}) => {
    const made = build("select", properties,
      ...Object.entries(options).map(([value, text]) => build("option", {value}, text)));
    made.addEventListener("change", () => changed(made.value));
    return made;
  };

  /** A number: a field for the keyboard, and where there is room a slider for the pointer. */
  function numberField(limits, changed, {slider = true, label} = {}) {
    const {min, max, log, integer} = limits;
    const position = (value) => (log ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min));
    const value = (place) => {
      const exact = log ? min * (max / min) ** place : min + (max - min) * place;
      return integer ? Math.round(exact) : Number(exact.toPrecision(log ? 2 : 3));
    };
    const field = build("input", {type: "number", min, max, step: "any", inputMode: "decimal"});
    if (label) field.setAttribute("aria-label", label);
    field.addEventListener("change", () => {
      const typed = Number.parseFloat(field.value);
      if (Number.isFinite(typed)) changed(lab.within(limits, typed));
      show(now);
    });
    const range = slider && build("input",
      {type: "range", min: 0, max: 1, step: 0.001, tabindex: "-1", "aria-hidden": "true", title: limits.label});
    if (range) range.addEventListener("input", () => changed(lab.within(limits, value(Number(range.value)))));
    let now = min;
    const show = (number) => {
      now = number;
      if (document.activeElement !== field || Number(field.value) !== number) {
        field.value = String(Number(number.toPrecision(4)));
      }
      if (range) range.value = String(position(number));
    };
    return {parts: range ? [range, field] : [field], field, show};
  }

  class Controls {
    /**
     * @param {string} id by which the labels find their fields.
     * @param {object} does what the controls do: preset, sampler, twin, restore, play, step, reset,
     *   speed, zoom, full, link, tell, set(name, value), shape(k, values), add, remove(k), show.
     */
    constructor(id, does) {
      this.id = id;
      this.does = does;
      const {presets} = lab.described;
      const titles = Object.fromEntries(presets.map((p) => [p.name, p.title]));
      this.preset = select(titles, does.preset);
      this.sampler = select(SAMPLERS, does.sampler);
      this.twin = build("button", {type: "button", class: "live-twin", onclick: does.twin});
      this.restore = build("button", {type: "button", class: "live-twin", onclick: does.restore}, "Restore the preset");
      this.sentence = build("span");
      this.head = build("div", {class: "live-head"},
        this.labelled("Show", this.preset), this.labelled("Sampler", this.sampler));
      this.see = build("p", {class: "live-see"}, this.sentence, " ", this.restore, " ", this.twin);
      this.play = button("Play", "play", does.play, {class: "live-play"});
      this.speed = select(SPEEDS, (value) => does.speed(Number(value)));
      this.bar = build("div", {class: "live-bar"}, this.play,
        button("Step", "step", does.step), button("Reset", "reset", does.reset),
        this.speedLabel = this.labelled("Speed", this.speed),
        this.link = button("Copy link", "link", does.link),
        this.embed = button("Embed", "", does.embed, {title: "Copy the code of a frame with this figure, for a page of your own"}));
      this.corner = build("div", {class: "live-corner"},
        button("", "minus", () => does.zoom(1 / 1.25), {"aria-label": "Zoom out"}),
        button("", "plus", () => does.zoom(1.25), {"aria-label": "Zoom in"}),
        this.full = button("", "full", does.full, {"aria-label": "Full screen"}));
      this.more = build("details", {class: "live-more"},
        build("summary", {}, "Parameters, mixture, view"),
        this.method(), this.mixture(), this.display());
    }

    labelled(text, field) {
      field.id ||= `${this.id}-${text.toLowerCase().replace(/\W+/g, "-")}`;
      return build("span", {class: "live-field"}, build("label", {for: field.id}, text), field);
    }

    method() {
      this.parameters = PARAMETERS.map((p) => {
        const set = (value) => this.does.set(p.name, value);
        const input = p.options ? select(p.options, set) : null;
        const made = input ? {parts: [input], field: input, show: (value) => { input.value = value; }}
          : numberField(p, set);
        made.field.id = `${this.id}-${p.name}`;
        const label = build("label", {for: made.field.id}, p.label);
        return {...made, ...p, label, row: build("div", {class: "live-parameter"}, label, ...made.parts)};
      });
      return build("fieldset", {}, build("legend", {}, "Parameters"), ...this.parameters.map((p) => p.row));
    }

    mixture() {
      this.rows = build("div", {class: "live-rows"});
      this.add = button("Add a mode", "plus", this.does.add);
      return build("fieldset", {class: "live-mixture"}, build("legend", {}, "Mixture"), this.rows, this.add, " ",
        button("Draw your own data", "", this.does.draw));
    }

    display() {
      this.checks = Object.entries(SHOWN).map(([name, text]) => {
        const box = build("input", {type: "checkbox", onchange: () => this.does.show(name, box.checked)});
        return {name, box, label: build("label", {}, box, ` ${text}`)};
      });
      return build("fieldset", {class: "live-display"}, build("legend", {}, "View"),
        ...this.checks.map((check) => check.label),
        build("button", {type: "button", class: "live-tell", onclick: this.does.tell}, "Read out the numbers"));
    }

    /** One row of fields a mode. */
    arrange(components) {
      if (components.length > lab.MOST) {
        this.shapes = components.map(() => []);
        this.rows.replaceChildren(`${components.length} points, a narrow Gaussian on each. The exact score leads back to them: a network that learned it perfectly could only copy.`);
        this.add.hidden = true;
        return;
      }
      this.shapes = components.map((_, k) => Object.values(SHAPE).map((limits) => {
        const made = numberField(limits, (value) => this.does.shape(k, {[limits.name]: value}),
          {slider: false, label: `Mode ${k + 1}: ${limits.label}`});
        return {...made, name: limits.name, cell: build("span", {class: "live-cell"},
          build("span", {"aria-hidden": "true"}, limits.label), ...made.parts)};
      }));
      this.rows.replaceChildren(...this.shapes.map((fields, k) => build("div", {class: "live-row"},
        build("b", {}, String(k + 1)), ...fields.map((f) => f.cell),
        button("", "minus", () => this.does.remove(k),
          {"aria-label": `Remove mode ${k + 1}`, disabled: components.length === 1}))));
      this.add.hidden = components.length >= lab.MOST;
    }

    /** Everything as the settings have it. */
    show(settings, {changed}) {
      const preset = lab.preset(settings.preset), twin = lab.preset(preset.twin);
      this.preset.value = preset.name;
      this.sampler.value = settings.sampler;
      // While a handle is dragged nothing below may move, though this sentence is a shorter one.
      this.see.style.minHeight = changed ? this.see.style.minHeight || `${this.see.offsetHeight}px` : "";
      this.sentence.textContent = changed ? "Your own settings." : preset.see;
      this.restore.hidden = !changed;
      this.twin.textContent = preset.works && !twin.works ? `How it fails: ${twin.title}`
        : preset.works ? `See also: ${twin.title}` : `Done right: ${twin.title}`;
      this.twin.hidden = changed;
      this.speed.value = String(settings.speed);
      for (const p of this.parameters) {
        p.show(settings[p.name]);
        p.row.hidden = Boolean(p.samplers && !p.samplers.includes(settings.sampler))
          || (p.name === "prior_std" && settings.prior !== "normal");
        if (p.name === "n_steps") p.label.textContent = settings.sampler === "annealed" ? "Steps a level" : "Steps";
      }
      for (const {name, box} of this.checks) box.checked = settings[name];
      if (this.shapes?.length !== settings.components.length) this.arrange(settings.components);
      const total = settings.components.reduce((sum, c) => sum + c.weight, 0);
      this.shapes.forEach((fields, k) => fields.forEach((f) =>
        f.show(f.name === "weight" ? settings.components[k].weight / total : settings.components[k][f.name])));
    }

    /** The first button says what it will do. */
    playing(state) {
      const names = {paused: ["Play", "play"], playing: ["Pause", "pause"], still: ["Run to the end", "play"], done: ["Again", "reset"]};
      const [text, picture] = names[state];
      this.play.replaceChildren(icon(picture), build("span", {}, text));
    }
  }

  Object.assign(lab, {Controls});
})(globalThis.ScoreLab ??= {});
