// How search ranks what it finds, read by Sphinx's searchtools.js. The numbers are Sphinx's own;
// `score` lifts a thing whose name or label is what was asked for above the pages that mention it, and
// puts what has the letters only inside of a word, as "formula" has those of ULA, below them.
"use strict";
var Scorer = {
  objNameMatch: 11, objPartialMatch: 6, objPrio: {0: 15, 1: 5, 2: -5}, objPrioDefault: 0,
  title: 15, partialTitle: 7, term: 5, partialTerm: 2,
  score: ([, title, , description, score]) => {
    const asked = (new URLSearchParams(location.search).get("q") ?? "").trim().toLowerCase();
    const plain = words => words.toLowerCase().replace(/[^\p{Letter}\p{Number}]+/gu, " ").trim();
    // A page, or "page > section".
    if (!description) return plain(title.split(" > ").at(-1)) === plain(asked) ? score + 80 : score;
    const [name, label = ""] = title.toLowerCase().split(" · ");
    const literally = asked.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const begins = new RegExp(`(?<![\\p{Letter}\\p{Number}])${literally}`, "u");
    if (name.includes(asked) && !begins.test(name)) return score - 40;
    const slug = asked.replace(/[^\p{Letter}\p{Number}]+/gu, "-");
    if (label.replace(/^(eq|fig|tab|ex)-/, "") === slug.replace(/^(eq|fig|tab|ex)-/, "")) return score + 100;
    if (name === asked) return score + 60;
    if (label.endsWith(`-${slug}`)) return score + 40;
    if (!name.startsWith(asked)) return score;
    return description.includes("step of a derivation") ? score - 10 : score + 20; // a dozen steps
  },
};
