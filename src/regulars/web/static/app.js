// What the pages need beyond htmx: upload progress, dropped files, the slider's number.
(() => {
  "use strict";

  document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = document.getElementById("upload-progress");
    if (!bar || !event.detail.lengthComputable) return;
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
