// What a page can do beyond being read. Every part works alone; without this script the book reads
// as well. No framework, no build step, nothing from another host.
"use strict";
(function () {
  const root = document.documentElement;
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  // What an address names; one that was cut in two names nothing on the page.
  const named = (hash) => {
    try { return decodeURIComponent(hash.slice(1)); } catch (error) { return hash.slice(1); }
  };

  // Light and dark: the reader's choice is kept, else the system's is followed.
  document.getElementById("theme")?.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("mode", root.dataset.theme); } catch (error) { /* not kept, then */ }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
    let chosen = null;
    try { chosen = localStorage.getItem("mode"); } catch (error) { /* nothing chosen */ }
    if (!chosen) root.dataset.theme = event.matches ? "dark" : "light";
  });

  // The contents of the book on a narrow screen.
  const menu = document.getElementById("menu");
  const sidebar = document.getElementById("sidebar");
  const openMenu = (open) => {
    sidebar.classList.toggle("open", open);
    menu.setAttribute("aria-expanded", String(open));
  };
  menu?.addEventListener("click", () => openMenu(!sidebar.classList.contains("open")));
  document.addEventListener("click", (event) => {
    const here = event.target.closest("#sidebar a[href^='#']");
    if (here || !event.target.closest("#sidebar, #menu")) openMenu(false);
  });
  sidebar?.querySelector(".current")?.scrollIntoView({block: "nearest"});

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      openMenu(false);
      hidePreview();
    }
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      openMenu(true);
      document.getElementById("find-q")?.focus();
    }
  });

  // A link arrives: a fold that holds its target opens, and the page follows the target, which late
  // layout moves, until it rests or the reader moves.
  const arrive = () => {
    const target = location.hash && document.getElementById(named(location.hash));
    if (!target) return;
    for (let at = target.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
    const taken = new AbortController();
    for (const kind of ["wheel", "touchstart", "keydown", "pointerdown"]) {
      addEventListener(kind, () => taken.abort(), {signal: taken.signal, passive: true});
    }
    let place = null, still = 0;
    const follow = () => {
      if (taken.signal.aborted) return;
      const now = target.getBoundingClientRect().top + scrollY;
      still = now === place ? still + 1 : 0;
      place = now;
      target.scrollIntoView();
      if (still < 10) requestAnimationFrame(follow);
      else if (document.readyState !== "complete") addEventListener("load", follow, {once: true, signal: taken.signal});
      else taken.abort();
    };
    follow();
  };
  addEventListener("hashchange", arrive);
  document.addEventListener("click", (event) => { // the same address again changes nothing in it
    const link = event.target.closest("a[href^='#']");
    if (link?.hash && link.hash === location.hash) arrive();
  });
  arrive();
  // Paper gets what is said in folds, but neither sources nor solutions that the reader left folded.
  const onlyCode = (fold) => fold.querySelector("pre") && !fold.querySelector("p:not(summary p), li, div.math, img, table");
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = all("details:not([open], .solution, .cite, .save)").filter((fold) => !onlyCode(fold));
    unfolded.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => unfolded.forEach((fold) => { fold.open = false; }));

  // Nor would paper wait for a font, such as that of integral signs, which no formula seen so far needs.
  const fetchFonts = () => document.fonts.forEach((font) => font.load().catch(() => { /* as if never asked */ }));
  const whenIdle = window.requestIdleCallback ?? ((task) => setTimeout(task));
  const soon = () => setTimeout(() => whenIdle(fetchFonts), 1000);
  if (document.readyState === "complete") soon();
  else addEventListener("load", soon, {once: true});
  addEventListener("beforeprint", fetchFonts);

  // Where the reader is, in the list of the page's sections.
  const links = new Map(all(".contents a[href^='#']").map((a) => [named(a.hash), a]));
  if (links.size) {
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        links.forEach((a) => a.classList.remove("here"));
        links.get(entry.target.id).classList.add("here");
      }
    }, {rootMargin: "0px 0px -75% 0px"});
    links.forEach((a, id) => { const section = document.getElementById(id); if (section) watch.observe(section); });
  }

  // TeX of a formula; whatever is copied holds TeX in place of glyphs.
  const texOf = (math) => math.querySelector("annotation")?.textContent.trim() ?? "";
  const delimited = (math) => (math.matches("div") ? `$$\n${texOf(math)}\n$$` : `$${texOf(math)}$`);
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return;
    const range = selection.getRangeAt(0);
    const within = (node) => (node.nodeType === 1 ? node : node.parentElement)?.closest(".math");
    // A formula is copied whole: it makes no sense cut in two.
    const [first, last] = [within(range.startContainer), within(range.endContainer)];
    const whole = range.cloneRange();
    if (first) whole.setStartBefore(first);
    if (last) whole.setEndAfter(last);
    const copied = whole.cloneContents();
    const formulas = all(".math", copied);
    if (!formulas.length) return;
    formulas.forEach((math) => math.replaceWith(delimited(math)));
    all(".copy, .headerlink, .eqno, .takeaway", copied).forEach((extra) => extra.remove());
    event.clipboardData.setData("text/plain", copied.textContent.trim());
    event.preventDefault();
  });

  const copyText = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch (error) {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  // What was copied is said to those who do not see the button change.
  const said = document.createElement("div");
  said.className = "sr";
  said.setAttribute("role", "status");
  document.body.append(said);
  const copyButton = (label, about, text) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    const word = button.appendChild(document.createElement("span"));
    word.textContent = label;
    if (about) button.insertAdjacentHTML("beforeend", '<span class="sr"></span>');
    if (about) button.lastChild.textContent = ` of ${about}`;
    button.addEventListener("click", async () => {
      const done = await Promise.resolve(text(button)).then(copyText, () => false);
      button.focus({preventScroll: true});
      word.textContent = done ? "Copied" : "Not copied";
      said.textContent = "";
      setTimeout(() => { said.textContent = `${word.textContent}: ${label.replace(/^Copy */, "")}${about && ` of ${about}`}`; }, 50);
      setTimeout(() => { word.textContent = label; }, 2000);
    });
    return button;
  };
  // The LaTeX of a derivation comes as a script, since from disk nothing else can be loaded.
  const latexOf = async (name, address) => {
    if (!window.scorelabLatex?.[name]) {
      await new Promise((done, failed) => {
        const script = document.createElement("script");
        Object.assign(script, {src: address, onload: done, onerror: failed});
        document.head.append(script);
      });
    }
    return window.scorelabLatex[name];
  };
  all("div.math").forEach((math) => {
    const number = math.querySelector(".eqno")?.firstChild.textContent ?? "";
    math.append(copyButton("Copy TeX", number && `equation ${number}`, () => texOf(math)));
  });
  all(".takeaway").forEach((line) => {
    const {name, latex} = line.dataset;
    line.querySelector(".how").prepend(copyButton("Copy LaTeX", name, () => latexOf(name, latex)));
  });
  all("details.cite").forEach((fold) => {
    const [line, entry] = ["cite", "pre"].map((part) => fold.querySelector(part));
    const name = line && fold.closest(".takeaway").dataset.name;
    line?.after(" ", copyButton("Copy", `the citation of ${name}`, () => line.textContent));
    if (!entry) return;
    // A book that does not know its address is cited at that where it is read, if others can go there.
    if ("at" in entry.dataset && location.protocol.startsWith("http")) {
      const address = new URL(entry.dataset.at, location.href.split("#")[0]);
      entry.textContent = entry.textContent.replace(/\n\}$/, `,\n  url = {${address}}\n}`);
    }
    entry.before(copyButton("Copy BibTeX", name ?? "this page", () => entry.textContent));
  });
  // One button for code, which moves to the code under the pointer.
  const copyCode = copyButton("Copy", "", (button) => button.parentElement.querySelector("pre").textContent.replace(/\n$/, ""));
  const offerFor = (event) => {
    const code = event.target.closest?.(".highlight");
    if (code && copyCode.parentElement !== code) code.append(copyCode);
  };
  document.addEventListener("pointerover", offerFor);
  document.addEventListener("focusin", offerFor);

  // A look at an equation, a figure, a reference or a word, without leaving the line. What is on
  // another page cannot be fetched from disk; the words' definitions come with the page.
  const preview = document.createElement("div");
  preview.className = "preview";
  preview.id = "preview";
  preview.setAttribute("role", "tooltip");
  const words = document.querySelector("template#words")?.content;
  let waiting = 0;
  let shownFor = null;
  function hidePreview() {
    clearTimeout(waiting);
    preview.remove();
    shownFor?.removeAttribute("aria-describedby");
    shownFor = null;
  }
  const previewOf = (link) => {
    if (!link.hash || link.matches(".headerlink")) return null;
    const id = named(link.hash);
    const word = words?.querySelector(`[data-word="${CSS.escape(id)}"]`);
    if (word) return word;
    if (link.pathname !== location.pathname) return null;
    const target = document.getElementById(id);
    return target?.closest("div.math, figure, div.citation") ?? null;
  };
  const showPreview = (link, target, ...more) => {
    hidePreview();
    const copy = document.importNode(target, true);
    copy.removeAttribute("id");
    all("[id]", copy).forEach((inner) => inner.removeAttribute("id"));
    all(".copy", copy).forEach((button) => button.remove());
    all("[tabindex]", copy).forEach((inner) => inner.removeAttribute("tabindex"));
    all("video", copy).forEach((video) => video.removeAttribute("controls"));
    preview.replaceChildren(copy, ...more);
    document.body.append(preview);
    shownFor = link;
    link.setAttribute("aria-describedby", preview.id);
    const at = link.getBoundingClientRect();
    preview.style.left = `${Math.max(8, Math.min(at.left, innerWidth - preview.offsetWidth - 8)) + scrollX}px`;
    const above = at.top > preview.offsetHeight + 12;
    preview.style.top = `${scrollY + (above ? at.top - preview.offsetHeight - 8 : at.bottom + 8)}px`;
  };
  const previewSoon = (event) => {
    const link = event.target.closest?.("article a.internal[href*='#']");
    if (!link || link === shownFor) return;
    const target = previewOf(link);
    if (!target) return;
    clearTimeout(waiting);
    waiting = setTimeout(showPreview, event.type === "focusin" ? 0 : 220, link, target);
  };
  const hideSoon = () => { clearTimeout(waiting); waiting = setTimeout(hidePreview, 150); };
  const leaving = (event) => {
    if (event.target.closest?.("article a.internal[href*='#'], .preview")) hideSoon();
  };
  if (matchMedia("(hover: hover)").matches) {
    document.addEventListener("pointerover", previewSoon);
    document.addEventListener("pointerout", leaving);
    // The pointer may come to rest on the preview itself.
    preview.addEventListener("pointerover", () => clearTimeout(waiting));
  }
  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.("a:focus-visible")) previewSoon(event);
  });
  document.addEventListener("focusout", leaving);
  // A finger cannot hover: its first touch shows what the link leads to, the second follows it.
  document.addEventListener("click", (event) => {
    if (event.pointerType !== "touch" || event.target.closest?.(".preview")) return;
    const link = event.target.closest?.("article a.internal[href*='#']");
    const target = link && link !== shownFor && previewOf(link);
    if (!target || target.matches("figure")) return hidePreview();
    event.preventDefault();
    showPreview(link, target, Object.assign(document.createElement("a"), {className: "onward", href: link.href, textContent: "Go there"}));
  });

  // The script of live figures, when the first of them comes near or the address holds its state.
  const lively = all("[data-script]");
  const enliven = () => {
    if (!lively.length) return;
    document.head.append(Object.assign(document.createElement("script"), {src: lively[0].dataset.script}));
    lively.length = 0;
    nearby.disconnect();
  };
  const nearby = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) enliven();
  }, {rootMargin: "600px"});
  lively.forEach((figure) => nearby.observe(figure));
  if (location.hash.startsWith("#live=")) enliven();
  addEventListener("hashchange", () => { if (location.hash.startsWith("#live=")) enliven(); });

  // Videos run while they are seen, and only for readers who do not ask for stillness.
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const videos = all("video.scorelab-video");
  const stopped = new WeakSet(); // by the reader, who means it
  const departing = new WeakSet(); // by this script, as the video left the screen
  const seen = new WeakSet();
  const begin = (video) => {
    if (!seen.has(video) || stopped.has(video)) return;
    video.play().catch(() => { /* the reader can press play */ });
  };
  const rest = (video) => {
    seen.delete(video);
    if (video.paused) return;
    departing.add(video);
    video.pause();
  };
  const onScreen = new IntersectionObserver((entries) => {
    for (const {target: video, isIntersecting} of entries) {
      if (!isIntersecting) rest(video);
      else if (!still.matches) {
        seen.add(video);
        // The poster is the film's end: where it leads is seen before it begins.
        setTimeout(begin, video.currentTime ? 0 : 1200, video);
      }
    }
  }, {threshold: 0.25});
  videos.forEach((video) => {
    video.addEventListener("pause", () => { if (!departing.delete(video)) stopped.add(video); });
    video.addEventListener("play", () => stopped.delete(video));
    onScreen.observe(video);
  });
  still.addEventListener("change", () => { if (still.matches) videos.forEach(rest); });
})();
