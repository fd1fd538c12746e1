// The clock of a live figure: when a run takes its steps, and when it rests.
"use strict";
(function (lab) {
  const BUDGET = 11; // milliseconds of a frame for steps
  const CALM = 200; // milliseconds between two updates of the numbers
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  class Player {
    /**
     * @param {object} figure has draw(), numbers(), say(), and state(name), which is called with
     *   playing, paused, done, or still: paused for a reader who asks for less motion.
     * @param {Particles} particles which remember the trails.
     */
    constructor(figure, particles) {
      Object.assign(this, {figure, particles, seen: false, playing: false, dirty: false, frame: 0});
      this.waiting = true; // to be seen for the first time
    }

    /** A new run; one that played goes on playing. */
    start(settings) {
      this.settings = settings;
      this.run = new lab.Run(settings);
      this.particles.forget();
      this.particles.remember(this.run.points);
      this.debt = 0;
      this.playing &&= !calm.matches;
      this.tell();
    }

    /** The same run under other settings that do not call for a new one. */
    change(settings) {
      const again = this.run.diverged;
      this.settings = settings;
      this.run.change(settings);
      if (again) {
        this.particles.forget();
        this.playing = !calm.matches;
      }
      this.tell();
    }

    go() {
      if (this.run.done) this.start(this.settings);
      this.waiting = false;
      this.playing = true;
      this.tell();
    }

    pause() {
      this.waiting = false;
      if (!this.playing) return;
      this.playing = false;
      this.tell();
      this.figure.say();
    }

    toggle() {
      if (calm.matches) this.finish();
      else if (this.playing) this.pause();
      else this.go();
    }

    step() {
      this.waiting = this.playing = false;
      this.advance();
      this.tell();
      this.figure.say();
    }

    reset() {
      this.waiting = this.playing = false;
      this.start(this.settings);
      this.figure.say();
    }

    /** The whole run at one go, for those who ask for less motion: nothing moves on the way. */
    finish() {
      if (this.run.done) this.start(this.settings);
      const run = this.run;
      const slice = () => {
        if (run !== this.run) return;
        const begun = performance.now();
        while (!run.done && performance.now() - begun < 40) this.advance();
        if (!run.done) {
          this.figure.clock();
          setTimeout(slice);
        } else {
          this.tell();
          this.figure.say();
        }
      };
      slice();
    }

    advance() {
      this.run.advance();
      this.particles.remember(this.run.points);
      this.dirty = true;
    }

    look(seen) {
      this.seen = seen;
      if (seen && this.waiting && !calm.matches) this.go();
      this.watch();
    }

    /** Rests while nobody can see the figure, and goes on when somebody can. */
    watch() {
      if (this.seen && !document.hidden) return this.wake();
      cancelAnimationFrame(this.frame);
      this.frame = 0;
      this.last = undefined;
    }

    /** Something of the picture has to be drawn. */
    repaint() {
      this.dirty = true;
      this.wake();
    }

    /** Asks for a frame, if there is something to do and someone to see it. */
    wake() {
      if (this.frame || !this.seen || document.hidden || !(this.playing || this.dirty)) return;
      this.last ??= performance.now();
      this.frame = requestAnimationFrame((now) => this.tick(now));
    }

    tick(now) {
      this.frame = 0;
      if (this.playing) {
        this.follow(now);
        if (this.run.done) {
          this.playing = false;
          this.tell();
          this.figure.say();
        } else if (now - (this.told ?? 0) > CALM) this.numbers(now);
      }
      this.last = this.playing ? now : undefined;
      if (this.dirty) {
        this.dirty = false;
        this.figure.draw();
      }
      this.wake();
    }

    /** The steps that are due since the last frame, as far as there is time for them. */
    follow(now) {
      const begun = performance.now();
      this.debt += (this.settings.speed * Math.min(now - (this.last ?? now), 100)) / 1000;
      // At 60 steps a second a frame's length varies about that of a step: rounding evens it out.
      let due = Math.round(this.debt);
      this.debt -= due;
      while (due-- > 0 && !this.run.done && performance.now() - begun < BUDGET) this.advance();
    }

    numbers(now = performance.now()) {
      this.told = now;
      this.figure.numbers();
    }

    /** Brings button, numbers and picture up to date. */
    tell() {
      const state = this.run.done ? "done" : this.playing ? "playing" : calm.matches ? "still" : "paused";
      this.figure.state(state);
      this.numbers();
      this.repaint();
    }
  }

  Object.assign(lab, {Player, calm});
})(globalThis.ScoreLab ??= {});
