"use strict";
// Draws a specification of regulars.charts in the width of its place: the report and the app do it alike.
const regularsCharts = (() => {
  const wrapped = (title, letters) => {
    const lines = [""];
    for (const word of title.split(" ")) {
      if (lines.at(-1) && lines.at(-1).length + word.length >= letters) lines.push("");
      lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trim();
    }
    return lines;
  };
  const distinctOf = (spec, field) => new Set(spec.datasets.rows.map((row) => row[field])).size;
  // a layer without a row, such as last year's in the first year, would give the axis no extent
  const TESTS = [
    [/^\(?datum\.(\w+)\)?$/, (value) => Boolean(value)],
    [/^!datum\.(\w+)$/, (value) => !value],
    [/^isValid\(datum\.(\w+)\)$/, (value) => value !== null && value !== undefined],
    [/^\(datum\['(\w+)'\] !== null\)$/, (value) => value !== null],
  ];
  const hasRows = (layer, rows) => {
    const tests = (layer.transform ?? []).flatMap(({ filter }) =>
      TESTS.map(([pattern, isPassed]) => [pattern.exec(filter)?.[1], isPassed]).filter(([name]) => name),
    );
    for (const channel of ["x", "y"]) {
      const { field, type } = layer.encoding?.[channel] ?? {};
      if ((type === "quantitative" || type === "temporal") && field in rows[0]) {
        tests.push([field, (value) => value !== null]);
      }
    }
    return rows.some((row) => tests.every(([name, isPassed]) => !(name in row) || isPassed(row[name])));
  };
  const dropEmptyLayers = (spec) => {
    const { rows } = spec.datasets;
    if (!spec.layer || !rows.length) return;
    const kept = spec.layer.filter((layer) => hasRows(layer, rows));
    if (kept.length) spec.layer = kept;
  };
  // on a phone names take a third of the width at most, titles wrap, and cells are too small for numbers
  const fitPhone = (spec, width) => {
    for (const { encoding } of [spec, ...(spec.layer ?? [])]) {
      if (encoding?.y?.axis?.labelLimit) encoding.y.axis.labelLimit = 108;
      if (typeof encoding?.x?.title === "string") encoding.x.title = wrapped(encoding.x.title, (width - 80) / 6.5);
      if (encoding?.x?.axis?.tickCount) encoding.x.axis.tickCount = 3;
    }
    const isGrid = spec.layer?.some((layer) => (layer.mark?.type ?? layer.mark) === "rect" && layer.encoding?.x?.field);
    if (!isGrid) return;
    const { field } = spec.layer[0].encoding.x;
    if ((width - 110) / distinctOf(spec, field) < 26) {
      spec.layer = spec.layer.filter((layer) => !layer.encoding?.text?.field);
    }
  };
  const stepsOf = (spec) => {
    const encodings = [spec, ...(spec.layer ?? [])].map((part) => part.encoding ?? {});
    const distinct = (channel) => {
      const field = encodings.map((encoding) => encoding[channel]?.field).find(Boolean);
      return field ? distinctOf(spec, field) : 1;
    };
    return distinct("y") * distinct("yOffset");
  };

  // Puts the chart into its place and returns Vega's view, to be finalised when the place goes.
  const draw = async (place, template, { datasets, theme, locale }) => {
    const width = place.clientWidth;
    const spec = { ...structuredClone(template), datasets };
    dropEmptyLayers(spec);
    if (width < 480) fitPhone(spec, width);
    if (spec.projection) spec.height = Math.min(spec.height, width * 0.55);
    // a height in steps becomes a height: Vega-Lite does not fit a width beside steps
    if (spec.height?.step) spec.height = spec.height.step * stepsOf(spec);
    // facets take their width from within, and leave room for the axis
    if (spec.spec) spec.spec.width = Math.max(width - 70, 120);
    else {
      spec.width = width;
      spec.autosize = { type: "fit-x", contains: "padding" };
    }
    const config = { ...theme, background: "transparent", padding: 2 };
    if (width < 480) {
      config.axis = { ...theme.axis, labelLimit: 108 };
      config.legend = { ...theme.legend, columns: 2 };
    }
    const result = await window.vegaEmbed(place, spec, {
      actions: false,
      ast: true,
      config,
      defaultStyle: false,
      formatLocale: locale,
      mode: "vega-lite",
      renderer: "svg",
      tooltip: { disableDefaultStyle: true, theme: "own" },
    });
    // the place has a description, and the table the numbers: marks read one by one would be noise
    place.querySelector("svg").setAttribute("aria-hidden", "true");
    return result.view;
  };
  return { draw };
})();
