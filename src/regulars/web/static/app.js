// What the pages need beyond htmx: charts, upload progress, dropped files, the slider's number.
(() => {
  "use strict";

  document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = document.getElementById("upload-progress");
    if (!bar || event.target.id !== "upload-form" || !event.detail.lengthComputable) return;
    bar.hidden = false;
    bar.value = (100 * event.detail.loaded) / event.detail.total;
    const note = document.getElementById("upload-note");
    if (note) note.hidden = event.detail.loaded < event.detail.total;
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const bar = document.getElementById("upload-progress");
    if (bar && event.target.id === "upload-form") {
      bar.hidden = true;
      document.getElementById("upload-note").hidden = true;
    }
    if (event.detail.xhr && event.detail.xhr.status === 0) {
      const place = event.detail.target;
      if (place) place.textContent = "The server did not answer. Try again.";
    }
  });

  document.addEventListener("input", (event) => {
    const shown = event.target.dataset && event.target.dataset.shown;
    if (shown) document.getElementById(shown).value = event.target.value;
  });

  // ---- charts: drawn as they come into sight, in the colours that the system asks for ----
  const shared = JSON.parse(document.body.dataset.charts ?? "null");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const views = new Map();
  const heights = new Map();
  const draw = async (place) => {
    const mark = `${dark.matches} ${place.clientWidth}`;
    if (!place.isConnected || !place.clientWidth || place.dataset.mark === mark) return;
    place.dataset.mark = mark;
    delete place.dataset.drawn;
    const { spec, rows } = JSON.parse(place.dataset.chart);
    const view = await regularsCharts.draw(place, spec, {
      datasets: { rows },
      theme: shared.themes[dark.matches ? "dark" : "light"],
      locale: shared.locale,
    });
    views.get(place)?.finalize();
    views.set(place, view);
    if (!place.isConnected) forget(place);
    place.style.minHeight = "0";
    heights.set(place.dataset.plot, place.clientHeight);
    place.dataset.drawn = "true";
  };
  const forget = (place) => {
    views.get(place)?.finalize();
    views.delete(place);
  };
  let drawing = Promise.resolve();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        watcher.unobserve(target);
        drawing = drawing.then(() => draw(target)).then(() => new Promise((done) => setTimeout(done)));
      }
    },
    { rootMargin: "500px" },
  );
  const watch = (part) => {
    if (!shared) return;
    for (const place of part.querySelectorAll(".plot")) {
      // what comes in the place of another chart begins with its height, so that the page does not jump
      if (heights.has(place.dataset.plot)) place.style.minHeight = `${heights.get(place.dataset.plot)}px`;
      watcher.observe(place);
    }
  };
  const redraw = () => {
    for (const place of views.keys()) watcher.observe(place);
  };
  let resized = 0;
  window.addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(redraw, 150);
  });
  dark.addEventListener("change", redraw);

  // ---- tables under charts stay open when their part is exchanged ----
  const opened = new Set();
  document.addEventListener(
    "toggle",
    ({ target }) => {
      if (target.isConnected && target.id) opened[target.open ? "add" : "delete"](target.id);
    },
    true,
  );

  document.addEventListener("htmx:beforeCleanupElement", ({ target }) => {
    if (target.matches?.(".plot")) forget(target);
  });
  document.addEventListener("htmx:load", ({ detail: { elt } }) => {
    for (const id of opened) {
      const details = elt.querySelector(`#${CSS.escape(id)}`);
      if (details) details.open = true;
    }
    watch(elt.parentElement ?? elt);
  });

  const drop = document.getElementById("drop");
  if (drop) {
    for (const name of ["dragenter", "dragover"]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.add("over");
      });
    }
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      if (event.dataTransfer.files.length) {
        document.getElementById("file").files = event.dataTransfer.files;
      }
    });
  }
})();
