// Measures pages with Lighthouse and axe-core in one headless Chromium.
// Usage: node measure.mjs '{"chrome": …, "runs": …, "pages": [{"name", "url", "hidden"}]}'
// Writes one line of JSON a measurement to standard output; audit/report.py reads them.

import axe from "axe-core";
import lighthouse, {desktopConfig} from "lighthouse";
import puppeteer from "puppeteer-core";

const {chrome, runs, pages} = JSON.parse(process.argv[2]);
const CONFIGS = {mobile: undefined, desktop: desktopConfig}; // undefined: Lighthouse's own, a phone
const LIMIT = 120_000; // milliseconds for one measurement; most take five seconds
const TRIES = 3;
let browser;
const tell = (measured) => process.stdout.write(JSON.stringify(measured) + "\n");

try {
  for (const page of pages) {
    for (const screen of Object.keys(CONFIGS)) {
      for (let run = 0; run < runs; run += 1) tell(await patiently(() => withLighthouse(page, screen)));
    }
    for (const scheme of ["light", "dark"]) tell(await patiently(() => withAxe(page, scheme)));
  }
} finally {
  await browser?.close();
}

// Now and then a headless browser stops answering for good: another one is asked then.
async function patiently(measure) {
  for (let left = TRIES; left; left -= 1) {
    browser ??= await puppeteer.launch({
      executablePath: chrome,
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
    });
    let timer;
    const late = new Promise((done) => (timer = setTimeout(done, LIMIT)));
    const answer = measure();
    answer.catch(() => {}); // of one that is given up, nobody hears
    const measured = await Promise.race([answer, late]).finally(() => clearTimeout(timer));
    if (measured) return measured;
    browser.process().kill("SIGKILL");
    browser = undefined;
  }
  throw new Error(`no answer from ${chrome} in ${TRIES} times ${LIMIT / 1000} s`);
}

async function withLighthouse({name, url, hidden}, screen) {
  const port = Number(new URL(browser.wsEndpoint()).port);
  // A page that asks search engines to pass it by is not blamed for that.
  const skipAudits = hidden ? ["is-crawlable"] : null;
  const {lhr} = await lighthouse(url, {port, logLevel: "error", skipAudits}, CONFIGS[screen]);
  if (lhr.runtimeError) throw new Error(`${name}: ${lhr.runtimeError.message}`);
  const value = (id) => lhr.audits[id]?.numericValue ?? null;
  const scores = Object.fromEntries(Object.values(lhr.categories).map((c) => [c.id, Math.round(100 * c.score)]));
  const inScore = Object.values(lhr.categories).flatMap((c) => c.auditRefs.filter((r) => r.weight > 0).map((r) => r.id));
  const faults = inScore
    .map((id) => lhr.audits[id])
    .filter((audit) => audit.score !== null && audit.score < 0.9 && audit.scoreDisplayMode !== "informative")
    .map((audit) => `${audit.id}: ${audit.displayValue || (audit.details?.items ?? []).slice(0, 3)
      .map((item) => item.node?.snippet ?? item.description ?? item.source ?? "").join(" ") || audit.title}`);
  return {
    kind: "lighthouse", name, screen, scores, faults,
    bytes: value("total-byte-weight"), lcp: value("largest-contentful-paint"),
    cls: value("cumulative-layout-shift"), tbt: value("total-blocking-time"),
  };
}

async function withAxe({name, url}, scheme) {
  const tab = await browser.newPage();
  await tab.setViewport({width: 1280, height: 900});
  await tab.emulateMediaFeatures([{name: "prefers-color-scheme", value: scheme}]);
  await tab.goto(url, {waitUntil: "load"});
  await tab.evaluate(axe.source);
  const violations = await tab.evaluate(async () => {
    for (let y = 0; y <= document.body.scrollHeight; y += 600) {
      scrollTo({top: y, behavior: "instant"}); // what waits for the reader's eye is there, too
      await new Promise((done) => setTimeout(done, 20));
    }
    const {violations} = await axe.run();
    return violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" ")}`);
  });
  await tab.close();
  return {kind: "axe", name, scheme, violations};
}
