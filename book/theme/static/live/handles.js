// Handles on the plane: one on each mean, and on the mode in hand two more for its covariance. The
// pointer drags them, the arrow keys move them.
"use strict";
(function (lab) {
  const REACH = 2; // the covariance's handles sit at so many standard deviations
  const KEYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};
  const SVG = "http://www.w3.org/2000/svg";

  class Handles {
    /** @param {function(number, object)} changed called with a component's number and its new values. */
    constructor(changed) {
      this.changed = changed;
      this.outline = document.createElementNS(SVG, "ellipse");
      const drawing = document.createElementNS(SVG, "svg");
      drawing.setAttribute("aria-hidden", "true");
      drawing.append(this.outline);
      this.root = lab.build("div", {class: "live-handles", role: "group", "aria-label": "Handles"}, drawing);
      this.means = [];
      this.axis = this.grip("live-grip", (x, y) => this.turn(x, y), ([dx, dy], big) => {
        const c = this.component;
        return {angle: wrapped(c.angle - dx * (big ? 15 : 3)), scale: c.scale * (1 + 0.05 * dy)};
      });
      this.width = this.grip("live-grip", (x, y) => this.widen(x, y), ([dx, dy], big) =>
        ({ratio: this.component.ratio * (1 + (big ? 0.2 : 0.05) * (dx + dy))}));
      this.root.append(this.axis, this.width);
      this.root.addEventListener("focusin", ({target}) => {
        const k = this.means.indexOf(target);
        if (k >= 0) this.choose(k);
      });
      this.root.addEventListener("focusout", ({relatedTarget}) => {
        if (!this.dragging && !this.root.contains(relatedTarget)) this.choose(-1);
      });
      this.choose(-1);
    }

    get component() {
      return this.components?.[this.chosen];
    }

    choose(k) {
      this.chosen = k;
      if (this.components) this.place(this.components, this.view);
      const shown = Boolean(this.component);
      this.axis.hidden = this.width.hidden = !shown;
      this.outline.style.display = shown ? "" : "none";
    }

    /** Puts everything where it belongs. */
    place(components, view) {
      if (components.length > lab.MOST) components = []; // points that were drawn have none
      this.components = components;
      this.view = view;
      while (this.means.length < components.length) this.add(this.means.length);
      while (this.means.length > components.length) this.means.pop().remove();
      if (this.chosen >= components.length) this.chosen = -1;
      components.forEach((c, k) => {
        at(this.means[k], view, c.x, c.y);
        name(this.means[k], `Mean ${k + 1} at ${c.x.toFixed(2)}, ${c.y.toFixed(2)}`);
      });
      if (!this.component) return;
      const c = this.component, k = this.chosen + 1;
      const [along, across] = lab.variances(c).map((v) => REACH * Math.sqrt(v));
      const [cos, sin] = lab.direction(c.angle);
      at(this.axis, view, c.x + along * cos, c.y + along * sin);
      at(this.width, view, c.x - across * sin, c.y + across * cos);
      name(this.axis, `Covariance ${k}: angle ${c.angle.toFixed(0)}°, scale ${c.scale.toFixed(2)}`);
      name(this.width, `Covariance ${k}: axis ratio ${c.ratio.toFixed(2)}`);
      const set = (key, value) => this.outline.setAttribute(key, value);
      set("rx", along * view.scale);
      set("ry", across * view.scale);
      set("transform", `translate(${view.across(c.x)} ${view.down(c.y)}) rotate(${-c.angle})`);
    }

    add(k) {
      const button = this.grip("live-mean", (x, y) => ({x, y}), ([dx, dy], big) => {
        const c = this.components[k], step = big ? 1 : 0.1;
        return {x: tidy(c.x + step * dx), y: tidy(c.y + step * dy)};
      }, () => k);
      button.textContent = String(k + 1);
      this.means.push(button);
      this.root.insertBefore(button, this.axis);
    }

    /** The axis handle at (x, y): its direction is the angle, its distance the deviation along. */
    turn(x, y) {
      const c = this.component, across = Math.sqrt(lab.variances(c)[1]);
      const along = Math.max(Math.hypot(x - c.x, y - c.y) / REACH, 0.02);
      const angle = (Math.atan2(y - c.y, x - c.x) * 180) / Math.PI;
      return {angle, scale: Math.sqrt(along * across), ratio: along / across};
    }

    /** The width handle at (x, y): its distance from the major axis is the deviation across. */
    widen(x, y) {
      const c = this.component, along = Math.sqrt(lab.variances(c)[0]);
      const [cos, sin] = lab.direction(c.angle);
      const across = Math.max(Math.abs((y - c.y) * cos - (x - c.x) * sin) / REACH, 0.02);
      return {scale: Math.sqrt(along * across), ratio: along / across};
    }

    /**
     * A button that can be dragged. `drag(x, y)` and `nudge(direction, shift)` return the values of
     * the component that change; `which()` says whose they are, if not the chosen one's.
     */
    grip(kind, drag, nudge, which = () => this.chosen) {
      const button = lab.build("button", {class: kind, type: "button", "aria-label": "Handle"});
      const change = (values) => this.changed(which(), lab.shaped({...this.components[which()], ...values}));
      button.addEventListener("pointerdown", (event) => {
        this.dragging = true;
        button.setPointerCapture(event.pointerId);
        button.focus({preventScroll: true}); // Safari does not focus a button that is pressed
        event.preventDefault();
      });
      button.addEventListener("pointermove", (event) => {
        if (!button.hasPointerCapture(event.pointerId)) return;
        const box = this.root.getBoundingClientRect();
        const px = Math.min(box.width, Math.max(0, event.clientX - box.left));
        const py = Math.min(box.height, Math.max(0, event.clientY - box.top));
        change(drag(this.view.x_at(px), this.view.y_at(py)));
      });
      button.addEventListener("lostpointercapture", () => { this.dragging = false; });
      button.addEventListener("keydown", (event) => {
        if (!(event.key in KEYS)) return;
        event.preventDefault();
        change(nudge(KEYS[event.key], event.shiftKey));
      });
      return button;
    }
  }

  function at(button, view, x, y) {
    button.style.translate = `${view.across(x)}px ${view.down(y)}px`;
  }

  function name(button, text) {
    button.setAttribute("aria-label", `${text}. Arrow keys change it.`);
  }

  const tidy = (value) => Math.round(value * 1e6) / 1e6;
  const wrapped = (angle) => angle - 360 * Math.round(angle / 360);

  Object.assign(lab, {Handles});
})(globalThis.ScoreLab ??= {});
