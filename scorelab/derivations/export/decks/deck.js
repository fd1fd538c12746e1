// Starts a deck. A narrow screen gets the slides from top to bottom, as does a reader without
// scripts; any other one gets reveal.js. Nothing is loaded from anywhere.
"use strict";
(function () {
  const root = document.documentElement;
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  // A frame, such as the speaker's view of the next slide, is small but no phone.
  const framed = window !== window.top || new URLSearchParams(location.search).has("receiver");
  const narrow = matchMedia(framed ? "not all" : "(max-width: 600px)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const deck = document.getElementById("deck");

  // Light and dark: the reader's choice is kept, else the system's is followed.
  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("mode", root.dataset.theme); } catch (error) { /* not kept, then */ }
    play();
  });

  // The video in sight runs, for readers who do not ask for stillness.
  const sections = () => (narrow.matches ? [] : [Reveal.getCurrentSlide()]);
  function play() {
    for (const video of sections().flatMap((section) => all("video", section))) {
      if (video.offsetParent === null || still.matches) video.pause();
      else video.play().catch(() => { /* the reader can press play */ });
    }
  }
  still.addEventListener("change", play);
  narrow.addEventListener("change", () => location.reload());
  if (narrow.matches) return;

  // The bar of a running film would lie over its axes: it is there for a pointer and for the
  // keyboard. The space bar is the film's while that has the focus, and not the next slide's.
  for (const video of all("video")) {
    const bar = () => { video.controls = video.paused || video.matches(":hover, :focus"); };
    for (const kind of ["play", "pause", "pointerenter", "pointerleave", "focus", "blur"]) video.addEventListener(kind, bar);
    video.tabIndex = 0;
    video.addEventListener("keydown", (event) => { if (event.key === " ") event.stopPropagation(); });
  }

  // A slide that is too full for this reader's fonts is set smaller, by as little as will do.
  const fit = (section) => {
    const body = section.querySelector(".body");
    const full = () => body.scrollHeight > body.clientHeight + 1 || section.scrollHeight > 721;
    for (let size = 1; body && full() && size > 0.55; ) {
      size -= 0.04;
      section.style.setProperty("--fit", size.toFixed(2));
    }
  };
  const arrive = () => { fit(Reveal.getCurrentSlide()); play(); };

  root.classList.add("on");
  deck.classList.add("reveal");
  Reveal.on("ready", arrive);
  Reveal.on("slidechanged", arrive);
  Reveal.on("pdf-ready", () => {
    all("img[loading]").forEach((image) => { image.loading = "eager"; });
    all(".slides section").forEach(fit);
  });
  document.fonts.ready.then(() => { if (Reveal.isReady()) fit(Reveal.getCurrentSlide()); });
  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0.02,
    center: false,
    display: "flex",
    hash: true,
    transition: "none",
    backgroundTransition: "none",
    slideNumber: "c/t",
    totalTime: Number(deck.dataset.seconds) || null, // the speaker's clock, if a plan says so
    scrollActivationWidth: null,
    pdfSeparateFragments: false,
    pdfMaxPagesPerSlide: 1,
    plugins: typeof RevealNotes === "undefined" ? [] : [RevealNotes],
  });
})();
