// What stands still below the particles: the density of a law as shade and contours, its score as
// arrows. And the window through which the plane is seen.
"use strict";
(function (lab) {
  const MASSES = [0.5, 0.9, 0.99]; // what the contours hold, as in the book's other figures
  const DRAWS = 2000; // exact samples by which the contours' levels are found
  const CELLS = 8000; // at most so many cells of the grid for shade and contours, about

  /** The window: the plane's point (x, y) is at pixel (left + x * scale, top - y * scale). */
  class View {
    /** All within four standard deviations of a mean, `zoom` times as large, in width x height. */
    constructor(components, zoom, width, height) {
      const box = [Infinity, -Infinity, Infinity, -Infinity];
      for (const c of components) {
        const [along, across] = lab.variances(c);
        const [cos, sin] = lab.direction(c.angle);
        const rx = 4 * Math.sqrt(along * cos * cos + across * sin * sin);
        const ry = 4 * Math.sqrt(along * sin * sin + across * cos * cos);
        box[0] = Math.min(box[0], c.x - rx);
        box[1] = Math.max(box[1], c.x + rx);
        box[2] = Math.min(box[2], c.y - ry);
        box[3] = Math.max(box[3], c.y + ry);
      }
      this.x = (box[0] + box[1]) / 2;
      this.y = (box[2] + box[3]) / 2;
      this.spans = [box[1] - box[0], box[3] - box[2]];
      this.resize(zoom, width, height);
    }

    resize(zoom, width, height) {
      this.width = width;
      this.height = height;
      this.scale = zoom * Math.min(width / this.spans[0], height / this.spans[1]);
      this.left = width / 2 - this.x * this.scale;
      this.top = height / 2 + this.y * this.scale;
    }

    across(x) { return this.left + x * this.scale; }
    down(y) { return this.top - y * this.scale; }
    x_at(px) { return (px - this.left) / this.scale; }
    y_at(py) { return (this.top - py) / this.scale; }
  }

  class Ground {
    constructor(canvas) {
      this.canvas = canvas;
      this.context = canvas.getContext("2d");
      this.shade = document.createElement("canvas");
      const random = new lab.Random(1);
      this.noise = Float64Array.from({length: 2 * DRAWS}, () => random.normal());
      this.values = new Float64Array(0);
      this.known = {};
    }

    /**
     * Draws the law of scale * X + sigma * Z.
     * @param {object} show which of {density, contours, score} to draw.
     */
    draw(law, {scale, sigma}, components, view, show, palette, pixels) {
      const {context} = this;
      context.setTransform(pixels, 0, 0, pixels, 0, 0);
      context.clearRect(0, 0, view.width, view.height);
      if (show.density || show.contours) {
        const cell = Math.max(6, Math.sqrt((view.width * view.height) / CELLS));
        const columns = Math.ceil(view.width / cell) + 1, rows = Math.ceil(view.height / cell) + 1;
        const values = this.evaluate(law, view, cell, columns, rows);
        if (show.density) this.drawShade(values, columns, rows, cell, palette.density);
        if (show.contours) {
          context.strokeStyle = palette.contour;
          context.lineWidth = 1;
          context.beginPath();
          for (const level of this.levels(law, scale, sigma, components)) {
            contour(values, columns, rows, level, (x1, y1, x2, y2) => {
              context.moveTo(x1 * cell, y1 * cell);
              context.lineTo(x2 * cell, y2 * cell);
            });
          }
          context.stroke();
        }
      }
      if (show.score) drawArrows(context, law, view, palette.score);
      if (show.axes) drawAxes(context, view, palette);
    }

    /** log p at the corners of the cells, row by row from the top. */
    evaluate(law, view, cell, columns, rows) {
      if (this.values.length !== columns * rows) this.values = new Float64Array(columns * rows);
      for (let j = 0, at = 0; j < rows; j++) {
        const y = view.y_at(j * cell);
        for (let i = 0; i < columns; i++) this.values[at++] = law.logDensity(view.x_at(i * cell), y);
      }
      return this.values;
    }

    /** The levels of log p above which the law has the masses: quantiles over exact draws. */
    levels(law, scale, sigma, components) {
      if (this.known.components !== components) {
        this.known = {components, data: lab.sample(components, DRAWS, new lab.Random(2))};
      }
      const {data} = this.known;
      const heights = new Float64Array(DRAWS);
      for (let i = 0; i < DRAWS; i++) {
        heights[i] = law.logDensity(
          scale * data[2 * i] + sigma * this.noise[2 * i],
          scale * data[2 * i + 1] + sigma * this.noise[2 * i + 1],
        );
      }
      heights.sort();
      return MASSES.map((mass) => heights[Math.floor((1 - mass) * DRAWS)]);
    }

    /** Shade on a square-root scale, so that the tails show. */
    drawShade(values, columns, rows, cell, [r, g, b]) {
      const {shade, context} = this;
      shade.width = columns;
      shade.height = rows;
      const image = new ImageData(columns, rows);
      let peak = -Infinity;
      for (const value of values) if (value > peak) peak = value;
      for (let i = 0; i < values.length; i++) {
        image.data.set([r, g, b, 150 * Math.exp(0.5 * (values[i] - peak))], 4 * i);
      }
      shade.getContext("2d").putImageData(image, 0, 0);
      context.imageSmoothingQuality = "high";
      // A value belongs to a corner of the grid, a pixel is drawn around its centre.
      context.drawImage(shade, -cell / 2, -cell / 2, columns * cell, rows * cell);
    }
  }

  /**
   * The line values = level by marching squares: emit(x1, y1, x2, y2) for each piece, in cells.
   * values[j * columns + i] belongs to the corner (i, j).
   */
  function contour(values, columns, rows, level, emit) {
    for (let j = 0; j + 1 < rows; j++) {
      for (let i = 0; i + 1 < columns; i++) {
        const at = j * columns + i;
        const a = values[at] - level, b = values[at + 1] - level;
        const c = values[at + columns + 1] - level, d = values[at + columns] - level;
        const signs = (a > 0) + 2 * (b > 0) + 4 * (c > 0) + 8 * (d > 0);
        if (signs === 0 || signs === 15) continue;
        // Where the line crosses the top, right, bottom and left side, as far as it does.
        const cuts = [];
        if ((a > 0) !== (b > 0)) cuts.push(i + a / (a - b), j);
        if ((b > 0) !== (c > 0)) cuts.push(i + 1, j + b / (b - c));
        if ((d > 0) !== (c > 0)) cuts.push(i + d / (d - c), j + 1);
        if ((a > 0) !== (d > 0)) cuts.push(i, j + a / (a - d));
        if (cuts.length === 4) emit(...cuts);
        else {
          // A saddle: the centre says which corners belong together.
          const joined = (a + b + c + d > 0) === (a > 0);
          const order = joined ? [0, 1, 2, 3] : [0, 3, 1, 2];
          const [p, q, r, s] = order.map((k) => cuts.slice(2 * k, 2 * k + 2));
          emit(...p, ...q);
          emit(...r, ...s);
        }
      }
    }
  }

  /** Numbers along the lower and the left edge, at round values about 60 pixels apart. */
  function drawAxes(context, view, {ink, paper}) {
    const rough = 60 / view.scale, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((m) => m * power >= rough);
    const ticks = (low, high) => Array.from({length: Math.max(0, Math.floor(high / step) - Math.ceil(low / step) + 1)},
      (_, i) => (Math.ceil(low / step) + i) * step);
    const write = (value, x, y) => {
      const text = String(Number(value.toPrecision(6))).replace("-", "−");
      context.strokeText(text, x, y); // a rim of paper, to be read on points and arrows
      context.fillText(text, x, y);
    };
    context.font = "11px sans-serif";
    context.fillStyle = ink;
    context.strokeStyle = paper;
    context.lineWidth = 3;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    for (const x of ticks(view.x_at(24), view.x_at(view.width - 10))) {
      write(x, view.across(x), view.height - 6);
      context.fillRect(view.across(x) - 0.5, view.height - 5, 1, 5);
    }
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (const y of ticks(view.y_at(view.height - 24), view.y_at(10))) {
      write(y, 8, view.down(y));
      context.fillRect(0, view.down(y) - 0.5, 5, 1);
    }
  }

  /** Arrows along the score, their length growing with the logarithm of its norm. */
  function drawArrows(context, law, view, color) {
    const gap = Math.max(26, Math.min(view.width, view.height) / 15);
    const columns = Math.floor(view.width / gap), rows = Math.floor(view.height / gap);
    const [x0, y0] = [(view.width - (columns - 1) * gap) / 2, (view.height - (rows - 1) * gap) / 2];
    const arrows = [];
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        const px = x0 + i * gap, py = y0 + j * gap;
        const [sx, sy] = law.score(view.x_at(px), view.y_at(py));
        const norm = Math.hypot(sx, sy);
        if (norm > 0) arrows.push([px, py, sx / norm, -sy / norm, Math.log1p(norm)]);
      }
    }
    const lengths = arrows.map((a) => a[4]).sort((a, b) => a - b);
    const unit = (0.8 * gap) / (lengths[Math.floor(0.98 * lengths.length)] || 1);
    context.strokeStyle = context.fillStyle = color;
    context.lineWidth = 1.1;
    context.beginPath();
    const heads = new Path2D();
    for (const [px, py, ux, uy, size] of arrows) {
      const length = Math.min(size * unit, 1.1 * gap), head = Math.min(5, 0.5 * length);
      const tx = px + ux * length, ty = py + uy * length;
      const bx = tx - ux * head, by = ty - uy * head;
      context.moveTo(px, py);
      context.lineTo(bx, by);
      heads.moveTo(tx, ty);
      heads.lineTo(bx - 0.42 * head * uy, by + 0.42 * head * ux);
      heads.lineTo(bx + 0.42 * head * uy, by - 0.42 * head * ux);
      heads.closePath();
    }
    context.stroke();
    context.fill(heads);
  }

  Object.assign(lab, {View, Ground, contour});
})(globalThis.ScoreLab ??= {});
