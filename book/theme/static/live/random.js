// Random numbers with a seed, fast enough for forty thousand normal draws a frame.
//
// Bits: sfc32 of Chris Doty-Humphrey (PractRand), a small chaotic generator with a counter, whose
// period is at least 2^32. Normal draws: the ziggurat of Marsaglia and Tsang (2000) in Doornik's form
// (2005, "ZIGNOR"), 128 layers, the layer and the place within it from separate draws, exact tails.
"use strict";
(function (lab) {
  const LAYERS = 128;
  const TAIL = 3.442619855899; // where the lowest layer's tail begins
  const AREA = 9.91256303526217e-3; // of every layer
  const edge = new Float64Array(LAYERS + 1); // right edges of the layers, from the bottom up
  const inside = new Float64Array(LAYERS); // the share of a layer that lies under the curve for sure
  {
    const height = Math.exp(-0.5 * TAIL * TAIL);
    edge[0] = AREA / height;
    edge[1] = TAIL;
    for (let i = 2; i < LAYERS; i++) {
      const below = edge[i - 1];
      edge[i] = Math.sqrt(-2 * Math.log(AREA / below + Math.exp(-0.5 * below * below)));
    }
    edge[LAYERS] = 0;
    for (let i = 0; i < LAYERS; i++) inside[i] = edge[i + 1] / edge[i];
  }

  class Random {
    /** @param {number} seed any integer; equal seeds give equal draws. */
    constructor(seed) {
      this.state = new Int32Array([seed, 0x9e3779b9, 0x243f6a88, 1]);
      for (let i = 0; i < 16; i++) this.bits(); // mixes the seed into all of the state
    }

    /** 32 random bits, as a signed integer. */
    bits() {
      const s = this.state;
      const b = s[1], c = s[2];
      const out = (s[0] + b + s[3]) | 0;
      s[3] = s[3] + 1;
      s[0] = b ^ (b >>> 9);
      s[1] = c + (c << 3);
      s[2] = ((c << 21) | (c >>> 11)) + out;
      return out;
    }

    /** A draw from the uniform law on (0, 1): never an end, so that its logarithm is finite. */
    uniform() {
      return ((this.bits() >>> 0) + 0.5) / 4294967296;
    }

    /** A draw from N(0, 1). */
    normal() {
      for (;;) {
        const u = this.bits() / 2147483648; // on [-1, 1)
        const i = this.bits() & (LAYERS - 1);
        if (Math.abs(u) < inside[i]) return u * edge[i];
        if (i === 0) return this.tail(u < 0);
        const x = u * edge[i];
        const low = Math.exp(-0.5 * (edge[i] * edge[i] - x * x));
        const high = Math.exp(-0.5 * (edge[i + 1] * edge[i + 1] - x * x));
        if (high + this.uniform() * (low - high) < 1) return x;
      }
    }

    /** A normal draw beyond the last layer (Marsaglia, 1964). */
    tail(negative) {
      for (;;) {
        const x = Math.log(this.uniform()) / TAIL;
        if (-2 * Math.log(this.uniform()) >= x * x) return negative ? x - TAIL : TAIL - x;
      }
    }
  }

  lab.Random = Random;
})(globalThis.ScoreLab ??= {});
