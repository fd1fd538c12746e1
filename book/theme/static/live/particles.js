// The particles, written straight into the pixels of a canvas: every particle adds a soft dot to an
// array of weights, and a table turns the weight of a pixel into its opacity. Twenty thousand dots
// take about two milliseconds, and where they lie on top of each other the colour deepens.
"use strict";
(function (lab) {
  const TRAILS = 7; // how many particles leave a trail
  const MEMORY = 160; // and over how many steps

  class Particles {
    constructor(canvas) {
      this.canvas = canvas;
      this.context = canvas.getContext("2d");
      this.trail = {points: new Float64Array(2 * TRAILS * MEMORY), count: 0};
    }

    /** Draws points [x0, y0, ...] seen through `view`; `pixels` device pixels to a CSS pixel. */
    draw(points, view, color, pixels) {
      const {width, height} = this.canvas;
      if (!(width && height)) return;
      if (this.image?.width !== width || this.image?.height !== height) {
        this.image = this.context.createImageData(width, height);
        this.ink = new Uint32Array(this.image.data.buffer);
        this.weight = new Uint8ClampedArray(width * height);
      }
      const {ink, weight} = this;
      ink.fill(0);
      weight.fill(0);
      const {offsets, amounts, reach} = this.dot(points.length / 2, pixels, width);
      const table = this.table(color);
      const scale = view.scale * pixels, left = view.left * pixels, top = view.top * pixels;
      const right = width - reach, bottom = height - reach, size = offsets.length;
      for (let i = 0; i < points.length; i += 2) {
        const x = Math.round(left + points[i] * scale), y = Math.round(top - points[i + 1] * scale);
        if (!(x >= reach && y >= reach && x < right && y < bottom)) continue; // NaN is nowhere
        const at = y * width + x;
        for (let k = 0; k < size; k++) {
          const pixel = at + offsets[k];
          const sum = weight[pixel] += amounts[k]; // clamped at 255
          ink[pixel] = table[sum > 255 ? 255 : sum];
        }
      }
      this.context.putImageData(this.image, 0, 0);
    }

    /** A round soft dot: smaller and fainter the more there are. */
    dot(n, pixels, width) {
      const key = `${n} ${pixels} ${width}`;
      if (this.kept?.key === key) return this.kept;
      const radius = pixels * (n > 8000 ? 1.0 : n > 2000 ? 1.35 : n > 300 ? 1.8 : 2.6);
      const full = n > 8000 ? 62 : n > 2000 ? 92 : n > 300 ? 150 : 215;
      const reach = Math.ceil(radius);
      const offsets = [], amounts = [];
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          const amount = full * Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dx, dy)));
          if (amount < 1) continue;
          offsets.push(dy * width + dx);
          amounts.push(amount);
        }
      }
      return this.kept = {
        key, reach, offsets: Int32Array.from(offsets), amounts: Uint8Array.from(amounts),
      };
    }

    /** Pixels of a colour [r, g, b] for the weights 0 to 255; canvas memory is little-endian RGBA. */
    table([r, g, b]) {
      const key = `${r} ${g} ${b}`;
      if (this.shades?.key === key) return this.shades.table;
      const table = Uint32Array.from({length: 256}, (_, weight) => {
        const alpha = Math.round(255 * (1 - Math.exp(-weight / 110)) / (1 - Math.exp(-255 / 110)));
        return ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
      });
      this.shades = {key, table};
      return table;
    }

    forget() {
      this.trail.count = 0;
    }

    /** Remembers where the particles that leave a trail are now. */
    remember(points) {
      const {trail} = this;
      const slot = 2 * TRAILS * (trail.count++ % MEMORY);
      for (let i = 0; i < 2 * TRAILS; i++) trail.points[slot + i] = points[i] ?? NaN;
    }

    drawTrails(view, colors, paper, pixels) {
      const {context, trail} = this;
      context.setTransform(pixels, 0, 0, pixels, 0, 0);
      context.lineJoin = "round";
      const first = Math.max(0, trail.count - MEMORY);
      for (let k = 0; k < TRAILS; k++) {
        const place = (step) => {
          const at = 2 * TRAILS * (step % MEMORY) + 2 * k;
          return [view.across(trail.points[at]), view.down(trail.points[at + 1])];
        };
        context.beginPath();
        for (let step = first; step < trail.count; step++) context.lineTo(...place(step));
        context.lineWidth = 1.4;
        context.strokeStyle = colors[k % colors.length];
        context.stroke();
        if (!trail.count) continue;
        context.beginPath();
        context.arc(...place(trail.count - 1), 4, 0, 2 * Math.PI);
        context.fillStyle = colors[k % colors.length];
        context.strokeStyle = paper;
        context.fill();
        context.stroke();
      }
      context.setTransform(1, 0, 0, 1, 0, 0);
    }
  }

  Object.assign(lab, {Particles});
})(globalThis.ScoreLab ??= {});
