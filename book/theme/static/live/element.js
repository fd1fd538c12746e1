// <score-lab preset="..." id="...">: particles under the exact score of a Gaussian mixture.
//
// What the element holds in the page's source is a still picture or a word about one; it stays for
// print and for browsers without scripts. The element runs while it is seen, unless the reader asks
// for less motion: then it waits, and runs at one go. Every file of this folder is a plain script
// that adds to the one global object ScoreLab; this one is the last.
"use strict";
(function (lab) {
  // Where the figure stands alone, for frames in other pages (`embed.html`).
  const ALONE = document.currentScript?.src && new URL("../embed.html", document.currentScript.src).href;

  // A change of these starts anew; of the others, the run goes on.
  const ANEW = ["sampler", ...lab.PARAMETERS.filter((p) => !p.live).map((p) => p.name)];

  class ScoreLabElement extends HTMLElement {
    connectedCallback() {
      if (this.app) return this.watch();
      this.id ||= "live";
      this.build();
      const given = lab.fromHash(this.id, location.hash);
      this.settings = given ?? lab.checked(lab.complete(this.getAttribute("preset")));
      this.watch();
      this.refresh();
      this.player.start(this.settings);
      if (given) this.scrollIntoView({block: "center"});
      return undefined;
    }

    disconnectedCallback() {
      this.player.look(false);
      this.watching.abort();
      for (const observer of this.observers) observer.disconnect();
    }

    // ------------------------------------------------------------------------------ what is there

    build() {
      this.still = lab.build("div", {class: "live-still"}, ...this.childNodes);
      this.controls = new lab.Controls(this.id, {
        preset: (name) => this.load(lab.complete(name)),
        twin: () => this.load(lab.complete(lab.preset(this.settings.preset).twin)),
        restore: () => this.load(lab.complete(this.settings.preset)),
        sampler: (sampler) => this.set({...lab.startOf(sampler)}),
        play: () => this.player.toggle(),
        step: () => this.player.step(),
        reset: () => this.player.reset(),
        speed: (speed) => this.set({speed}),
        zoom: (factor) => this.set({zoom: lab.within({min: 0.1, max: 8}, this.settings.zoom * factor)}),
        full: () => this.full(),
        link: () => this.copyLink(),
        embed: () => this.copyFrame(),
        tell: () => this.say(this.panel.words()),
        set: (name, value) => this.set({[name]: value}),
        show: (name, shown) => this.set({[name]: shown}),
        shape: (k, values) => this.shape(k, values),
        add: () => this.set({components: [...this.settings.components,
          {weight: 0.2, x: this.view.x, y: this.view.y, scale: 0.8, ratio: 1, angle: 0}]}),
        draw: () => this.draws(),
        remove: (k) => this.set({components: this.settings.components.filter((_, i) => i !== k)}),
      });
      const canvas = (properties) => lab.build("canvas", properties);
      this.controls.embed.hidden = !ALONE;
      this.controls.full.hidden = document.body.classList.contains("live-alone") && !document.fullscreenEnabled;
      this.ground = new lab.Ground(canvas({"aria-hidden": "true"}));
      this.particles = new lab.Particles(canvas({role: "img"}));
      this.handles = new lab.Handles((k, values) => this.shape(k, values));
      this.panel = new lab.Panel();
      this.drawing = new lab.Drawing({
        take: (components) => this.takeDrawn(components), end: () => this.stage.focus({preventScroll: true}),
      });
      this.player = new lab.Player(this, this.particles);
      this.stage = lab.build("div", {
        class: "live-stage", role: "group", tabindex: "0",
        "aria-label": "The plane. Space plays and pauses, S takes a step, R resets, N reads out the numbers.",
      }, this.ground.canvas, this.particles.canvas, this.handles.root, this.controls.corner, this.drawing.root);
      this.voice = lab.build("p", {class: "sr", role: "status", "aria-live": "polite"});
      const {head, see, bar, more} = this.controls;
      this.app = lab.build("div", {class: "live-app"}, head, see,
        lab.build("div", {class: "live-body"}, this.stage, this.panel.root), bar, more, this.voice);
      this.replaceChildren(this.still, this.app);
      this.app.addEventListener("keydown", (event) => this.key(event));
    }

    /** Looks out for what happens around the element. */
    watch() {
      this.watching = new AbortController();
      const {signal} = this.watching;
      const seen = new IntersectionObserver((entries) => this.player.look(entries.at(-1).isIntersecting),
        {threshold: 0.25});
      seen.observe(this.stage);
      const size = new ResizeObserver(() => this.measureStage());
      size.observe(this.stage);
      const theme = new MutationObserver(() => this.repaint());
      theme.observe(document.documentElement, {attributes: true, attributeFilter: ["data-theme"]});
      this.observers = [seen, size, theme];
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint(), {signal});
      document.addEventListener("visibilitychange", () => this.player.watch(), {signal});
      document.addEventListener("fullscreenchange", () => this.fullChanged(), {signal});
      lab.calm.addEventListener("change", () => {
        this.player.pause();
        this.player.tell();
      }, {signal});
      addEventListener("hashchange", () => {
        const given = lab.fromHash(this.id, location.hash);
        if (!given) return;
        this.load(given);
        this.scrollIntoView({block: "center"});
      }, {signal});
    }

    // --------------------------------------------------------------------------- what changes it

    /** Takes over settings: goes on where nothing but the mixture, ε or the picture changed. */
    set(change) {
      const before = this.settings;
      this.settings = lab.checked({...before, ...change});
      const differs = (name) => this.settings[name] !== before[name];
      this.refresh();
      if (ANEW.some(differs)) this.player.start(this.settings);
      else this.player.change(this.settings);
      this.repaint();
      clearTimeout(this.writing);
      this.writing = setTimeout(() => this.writeAddress(), 300);
    }

    /** Other settings altogether, from their start. */
    load(settings) {
      this.settings = lab.checked(settings);
      this.view = null;
      this.refresh();
      this.player.start(this.settings);
      if (!lab.calm.matches) this.player.go();
    }

    shape(k, values) {
      const rows = this.settings.components.map((c) => ({...c}));
      if ("weight" in values) {
        // The others keep their proportions, and all sum to 1.
        const total = rows.reduce((sum, c) => sum + c.weight, 0), rest = total - rows[k].weight;
        const weight = rest > 0 ? Math.min(values.weight, 0.995) : 1;
        rows.forEach((c, i) => { c.weight = i === k ? weight : c.weight * (1 - weight) / rest; });
      }
      const {weight, ...others} = values;
      Object.assign(rows[k], others);
      this.set({components: rows});
    }

    /** A sheet to draw on, where the plane is. */
    draws() {
      this.player.pause();
      this.palette ??= lab.palette(this);
      this.drawing.begin(this.view, this.palette.ink);
      this.stage.scrollIntoView({block: "nearest"});
    }

    /** What was drawn becomes the data; one starts from noise, on the way back to them. */
    takeDrawn(components) {
      // So many points are slow to look at, and narrow: fewer particles, in smaller steps.
      const own = components.length > lab.MOST ? {n: 1000, n_steps: 2000, speed: 300} : {};
      this.settings = lab.checked({...this.settings, ...lab.startOf("reverse"), ...own, components, zoom: 1});
      this.view = null;
      this.refresh();
      this.player.start(this.settings);
      this.player.go();
      this.writeAddress();
    }

    refresh() {
      const plain = lab.checked(lab.complete(this.settings.preset));
      const changed = lab.toHash("", plain) !== lab.toHash("", {...this.settings, speed: plain.speed, zoom: plain.zoom});
      this.controls.show(this.settings, {changed});
      if (this.panel.truths?.length !== this.settings.components.length
        || this.arranged !== this.settings.components) this.panel.arrange(this.settings.components);
      this.arranged = this.settings.components;
      this.measureStage();
    }

    /** What the player is doing: playing, paused, done, or still. */
    state(name) {
      this.dataset.state = name;
      this.controls.playing(name);
      this.controls.speedLabel.hidden = lab.calm.matches;
    }

    // -------------------------------------------------------------------------------- the picture

    measureStage() {
      const {clientWidth: width, clientHeight: height} = this.stage;
      if (!width || !height) return;
      this.pixels = Math.min(devicePixelRatio || 1, 2);
      for (const {canvas} of [this.ground, this.particles]) {
        const [w, h] = [Math.round(width * this.pixels), Math.round(height * this.pixels)];
        if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, {width: w, height: h});
      }
      // The window stays where it is while means are dragged, and fits another preset anew.
      this.view ??= new lab.View(this.settings.components, 1, width, height);
      this.view.resize(this.settings.zoom, width, height);
      this.handles.place(this.settings.components, this.view);
      this.repaint();
    }

    repaint() {
      this.palette = null;
      this.drawn = null;
      this.player.repaint();
    }

    draw() {
      if (!this.view) return;
      this.palette ??= lab.palette(this);
      const {settings, view, pixels, player: {run}} = this;
      const law = run.law(run.taken);
      if (this.drawn !== law) {
        this.ground.draw(law, run.plan.at(run.taken), settings.components, view, settings, this.palette, pixels);
        this.drawn = law;
      }
      this.particles.draw(run.points, view, this.palette.particles, pixels);
      if (settings.trails) this.particles.drawTrails(view, this.palette.trails, this.palette.paper, pixels);
    }

    clock() {
      this.time = this.panel.tell(this.player.run);
    }

    numbers() {
      const {run, playing} = this.player;
      this.panel.show(run.measure(), run.diverged);
      this.clock();
      if (playing) return;
      const {settings} = this;
      const many = settings.components.length;
      this.particles.canvas.setAttribute("aria-label",
        `${lab.grouped(settings.n)} particles over the contours of a mixture of ${many} `
        + `Gaussian${many > 1 ? "s" : ""}. ${lab.SAMPLERS[settings.sampler]}, ${this.time}. ${this.panel.words()}`);
    }

    say(text = `${this.time}. ${this.panel.words()}`) {
      this.voice.textContent = text;
    }

    // --------------------------------------------------------------------- around the picture

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
      const on = !this.handles.root.contains(event.target) && event.target.closest("button, summary");
      const actions = {
        " ": on ? null : () => this.player.toggle(),
        s: () => this.player.step(), r: () => this.player.reset(),
        n: () => this.say(this.panel.words()), f: () => this.full(),
      };
      const action = actions[event.key.toLowerCase()];
      if (event.key === "Escape" && this.classList.contains("live-cover")) this.full();
      if (!action) return;
      event.preventDefault();
      action();
    }

    async full() {
      if (document.fullscreenElement === this) return document.exitFullscreen();
      try { await this.requestFullscreen(); } catch (error) { // where there is none, cover the page
        this.classList.toggle("live-cover");
        this.fullChanged();
      }
      return undefined;
    }

    fullChanged() {
      const full = document.fullscreenElement === this || this.classList.contains("live-cover");
      this.classList.toggle("live-full", full);
      this.controls.full.setAttribute("aria-pressed", String(full));
      this.measureStage();
    }

    writeAddress() {
      try { history.replaceState(history.state, "", `#${lab.toHash(this.id, this.settings)}`); } catch (error) {
        /* too often for this browser: the next change writes it */
      }
    }

    copyLink() {
      this.writeAddress();
      const address = `${location.href.split("#")[0]}#${lab.toHash(this.id, this.settings)}`;
      return this.copy(address, this.controls.link, "Copy link");
    }

    /** The code of a frame that shows this figure, in its state, in another page. */
    copyFrame() {
      const {settings} = this, plain = lab.toHash("embed", lab.checked(lab.complete(settings.preset)));
      const state = lab.toHash("embed", settings);
      const src = `${ALONE}#${state === plain ? settings.preset : state}`;
      const frame = lab.build("iframe", {loading: "lazy", height: "640", allow: "fullscreen",
        title: `Live figure: ${lab.preset(settings.preset).title}`});
      frame.setAttribute("src", src);
      frame.setAttribute("style", "width: 100%; border: 0");
      return this.copy(frame.outerHTML, this.controls.embed, "Embed");
    }

    async copy(text, button, label) {
      try { await navigator.clipboard.writeText(text); } catch (error) {
        const area = this.app.appendChild(lab.build("textarea", {value: text}));
        area.select();
        document.execCommand("copy");
        area.remove();
        button.focus();
      }
      button.lastChild.textContent = "Copied";
      this.say(`Copied: ${label === "Embed" ? "the code of a frame" : "the link"}`);
      setTimeout(() => { button.lastChild.textContent = label; }, 2000);
    }
  }

  customElements.define("score-lab", ScoreLabElement);
})(globalThis.ScoreLab ??= {});
