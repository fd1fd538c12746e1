// Runs MathJax inside an engine without a browser. Python loads MathJax's components first, then
// this file, then calls typeset(request) with JSON in and JSON out.
"use strict";

var jax = MathJax._;
var adaptor = jax.adaptors.liteAdaptor.liteAdaptor();
jax.handlers.html_ts.RegisterHTMLHandler(adaptor);

function chtml(fontURL, adaptiveCSS) {
  return new jax.output.chtml_ts.CHTML({
    font: new jax.output.chtml.fonts.tex_ts.TeXFont({fontURL: fontURL}),
    adaptiveCSS: adaptiveCSS,
    matchFontHeight: false,
  });
}

function svg() {
  return new jax.output.svg_ts.SVG({
    font: new jax.output.svg.fonts.tex_ts.TeXFont(),
    fontCache: "local",
  });
}

function makeDocument(macros, output) {
  var tex = new jax.input.tex_ts.TeX({
    // 'noundefined' and 'noerrors' are left out: an unknown macro must be an error, not red text.
    packages: ["base", "ams", "newcommand", "configmacros", "textmacros", "mathtools", "cases",
               "boldsymbol", "color", "cancel", "braket", "centernot"],
    macros: macros,
    tags: "none",
    formatError: function (_, error) { throw error; },
  });
  return jax.mathjax.mathjax.document("", {InputJax: tex, OutputJax: output});
}

var visitor = new jax.core.MmlTree.SerializedMmlVisitor.SerializedMmlVisitor();
var book = null;

function configure(request, output) {
  book = makeDocument(JSON.parse(request), output === "svg" ? svg() : chtml("", true));
}

function typeset(request) {
  var asked = JSON.parse(request);
  try {
    var item = new book.options.MathItem(asked.tex, book.inputJax[0], asked.display);
    item.start.node = adaptor.body(book.document);
    item.setMetrics(16, 8, 1e6, 1e6, 1);
    item.convert(book);
    var box = book.outputJax.getBBox(item, book);
    return JSON.stringify({
      html: adaptor.outerHTML(item.typesetRoot),
      mathml: visitor.visitTree(item.root),
      width: box.w,
    });
  } catch (error) {
    return JSON.stringify({error: error.message || String(error)});
  }
}

// The whole style sheet, every glyph included; the caller keeps the rules that pages use.
function styleSheet(fontURL) {
  var full = makeDocument({}, chtml(fontURL, false));
  full.convert("x", {display: false, em: 16, ex: 8, containerWidth: 1e6});
  return adaptor.textContent(full.outputJax.styleSheet(full));
}
