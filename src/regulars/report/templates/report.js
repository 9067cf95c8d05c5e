"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const panels = data.panels;
  const root = document.documentElement;
  const ROWS_AT_ONCE = 50;
  const OLD_AFTER_DAYS = 35;
  const NOTHING = "\u2013";

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };

  // ---- rows: columns as they were written, looked up by name ----
  const columnsOf = (panel) => {
    if (!panel.byName) {
      panel.byName = new Map(
        panel.columns.map((column) => [
          column.name,
          column.words ? { ...column, data: column.data.map((number) => column.words[number]) } : column,
        ]),
      );
    }
    return panel.byName;
  };
  const positionsOf = (panel) => {
    const choice = panel.select ? chosen(panel) : "";
    const positions = Array.from({ length: panel.count }, (_, at) => at);
    if (!choice) return positions;
    const values = columnsOf(panel).get(panel.select).data;
    return positions.filter((at) => String(values[at]) === choice);
  };

  // ---- state: in the address, so that a view can be kept and sent ----
  const STATE = {
    tab: data.tabs[0], segment: "", recipe: "", cluster: "", country: "", orders: "", value: "",
    worth: "", search: "", sort: "", task: "", level: "", recommended: "", category: "",
  };
  const state = { ...STATE };
  const readAddress = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const name of Object.keys(STATE)) state[name] = given.get(name) ?? STATE[name];
    if (!data.tabs.includes(state.tab)) state.tab = data.tabs[0];
  };
  const writeAddress = ({ isStep = false } = {}) => {
    const kept = Object.entries(state).filter(([name, value]) => value !== "" && value !== STATE[name]);
    const address = `#${new URLSearchParams(kept)}`;
    if (address === location.hash || (address === "#" && !location.hash)) return;
    history[isStep ? "pushState" : "replaceState"](null, "", address);
  };
  // without a choice the first value is shown, unless the panel can show all
  const chosen = (panel) => {
    const values = columnsOf(panel).get(panel.select).data;
    const isKnown = (wanted) => wanted && values.some((value) => String(value) === wanted);
    if (isKnown(state[panel.select])) return state[panel.select];
    return panel.all ? "" : String(values[0]);
  };

  // ---- numbers as people read them ----
  const group = (number, digits) =>
    number.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const write = (value, kind) => {
    if (value === null || value === undefined || value === "") return NOTHING;
    if (kind === "money") {
      const sign = value < 0 ? "\u2212" : "";
      const size = Math.abs(value);
      return `${sign}${data.currency.symbol}${group(size, size < 1000 ? 2 : 0)}`;
    }
    if (kind === "share") return `${group(100 * value, Math.abs(value) < 0.1 ? 2 : 1)}%`;
    if (kind === "count") return group(value, 0);
    if (kind === "number") {
      if (Number.isInteger(value)) return group(value, 0);
      if (Math.abs(value) < 0.001) return value.toExponential(1);
      return group(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3);
    }
    if (kind === "date") {
      const [year, month, day] = value.split("-").map(Number);
      return new Date(year, month - 1, day).toLocaleDateString("en-GB", {
        day: "numeric", month: "short", year: "numeric",
      });
    }
    if (kind === "flag") return value ? "yes" : "no";
    return String(value);
  };
  const NUMBERS = new Set(["money", "share", "count", "number"]);

  // ---- CSV: the rows that are shown, in the order shown ----
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    let text = String(value);
    // a spreadsheet would run these as formulas
    if (/^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const toCsv = (columns, positions) =>
    `${[columns.map((column) => column.name), ...positions.map((at) => columns.map((column) => column.data[at]))]
      .map((row) => row.map(cell).join(","))
      .join("\r\n")}\r\n`;
  const save = (name, text) => {
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    const link = make("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };
  const slug = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^-+|-+$/g, "");

  const announce = (text) => {
    document.getElementById("announce").textContent = text;
  };

  // ---- tables ----
  const compare = (one, other) => {
    if (typeof one === "number" || typeof one === "boolean") return one - other;
    return String(one).localeCompare(String(other), "en", { numeric: true });
  };
  class Table {
    constructor(place, { name, columns, positions, sort = "", onSort = () => {}, label }) {
      Object.assign(this, { place, name, columns, positions, sort, onSort, label, shown: ROWS_AT_ONCE });
      this.count = make("span", { class: "count", role: "status" });
      this.body = make("tbody");
      this.head = make("tr");
      this.more = make("button", { type: "button", class: "quiet more" });
      this.more.addEventListener("click", () => {
        this.shown += 4 * ROWS_AT_ONCE;
        this.fill();
      });
      const download = make("button", { type: "button", class: "quiet" }, "Download CSV");
      download.addEventListener("click", () => this.download());
      const scroll = make(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": `Table: ${label}` },
        make("table", {}, make("thead", {}, this.head), this.body),
      );
      place.append(make("div", { class: "table-head" }, this.count, download), scroll, this.more);
      this.columnsChanged(columns);
    }

    columnsChanged(columns) {
      this.columns = columns;
      this.head.replaceChildren(
        ...columns.map((column) => {
          const button = make("button", { type: "button" }, column.label);
          button.addEventListener("click", () => this.sortBy(column.name));
          return make(
            "th",
            { scope: "col", class: NUMBERS.has(column.kind) ? "number" : null, "data-column": column.name },
            button,
          );
        }),
      );
      this.update(this.positions());
    }

    sortBy(name) {
      const isNumber = NUMBERS.has(this.columns.find((column) => column.name === name).kind);
      const [first, second] = isNumber ? [`-${name}`, name] : [name, `-${name}`];
      this.sort = this.sort === first ? second : first;
      this.onSort(this.sort);
      this.update(this.found);
      const [way, column] = [this.sort.startsWith("-") ? "falling" : "rising", name.replaceAll("_", " ")];
      announce(`Sorted by ${column}, ${way}.`);
    }

    update(positions) {
      this.found = positions;
      this.shown = ROWS_AT_ONCE;
      const isFalling = this.sort.startsWith("-");
      const name = this.sort.replace(/^-/, "");
      const column = this.columns.find((candidate) => candidate.name === name);
      this.ordered = column ? this.inOrder(column, isFalling) : [...positions];
      for (const heading of this.head.children) {
        const isSorted = column && heading.dataset.column === name;
        heading.setAttribute("aria-sort", isSorted ? (isFalling ? "descending" : "ascending") : "none");
      }
      this.fill();
    }

    // what is missing stays at the end, whichever way
    inOrder(column, isFalling) {
      const isMissing = (at) => column.data[at] === null || column.data[at] === undefined;
      const known = this.found.filter((at) => !isMissing(at));
      known.sort((one, other) => {
        const difference = compare(column.data[one], column.data[other]);
        return (isFalling ? -difference : difference) || one - other;
      });
      return [...known, ...this.found.filter(isMissing)];
    }

    fill() {
      this.body.replaceChildren(
        ...this.ordered.slice(0, this.shown).map((at) =>
          make("tr", {}, ...this.columns.map((column) => this.cellOf(column, at))),
        ),
      );
      const total = this.ordered.length;
      const limit = Math.min(this.shown, total);
      this.count.textContent = this.counted
        ? this.counted(total)
        : `${group(total, 0)} ${total === 1 ? "row" : "rows"}`;
      this.more.hidden = limit >= total;
      this.more.textContent = `Show more (${group(limit, 0)} of ${group(total, 0)})`;
    }

    cellOf(column, at) {
      const value = column.data[at];
      const text = write(value, column.kind);
      const kind = NUMBERS.has(column.kind) ? "number" : text.length > 34 ? "long" : "short";
      return make("td", { class: text === NOTHING ? `${kind} nothing` : kind }, text);
    }

    download() {
      const parts = ["regulars", this.name, ...(this.named ? this.named() : [])];
      const name = `${parts.filter(Boolean).map(slug).join("_")}_${data.asOf}_${this.ordered.length}-rows.csv`;
      save(name, toCsv(this.columns, this.ordered));
      announce(`${this.ordered.length} rows downloaded.`);
    }
  }

  const tables = new Map();
  const showTable = (key) => {
    const panel = panels[key];
    const place = document.querySelector(`[data-rows="${key}"]`);
    if (!panel || !place) return;
    const byName = columnsOf(panel);
    if (tables.has(key)) {
      tables.get(key).update(positionsOf(panel));
      return;
    }
    const table = new Table(place, {
      name: key,
      label: panel.title,
      columns: panel.table.map((name) => byName.get(name)),
      positions: () => positionsOf(panel),
    });
    table.named = () => [panel.select ? chosen(panel) : ""];
    tables.set(key, table);
  };

  // ---- charts ----
  const drawn = new Map();
  const slashed = (value) => (value === null ? null : value.replaceAll("-", "/"));
  const valuesOf = (panel) => {
    const columns = [...columnsOf(panel).values()];
    return positionsOf(panel).map((at) =>
      // dates with slashes are midnights here, with dashes in Greenwich
      Object.fromEntries(
        columns.map((column) => [
          column.name,
          column.kind === "date" ? slashed(column.data[at]) : column.data[at],
        ]),
      ),
    );
  };
  const draw = async (place) => {
    const key = place.dataset.chart;
    const panel = panels[key];
    const width = place.clientWidth;
    const mark = `${root.dataset.theme} ${width} ${panel.select ? chosen(panel) : ""}`;
    if (!window.vegaEmbed || !width || drawn.get(key)?.mark === mark) return;
    drawn.get(key)?.view?.finalize();
    delete place.dataset.drawn;
    drawn.set(key, { mark });
    const view = await regularsCharts.draw(place, panel.spec, {
      datasets: { rows: valuesOf(panel), ...(data.world && { world: data.world }) },
      theme: data.themes[root.dataset.theme],
      locale: data.locale,
    });
    place.dataset.drawn = "true";
    if (drawn.get(key)?.mark === mark) drawn.set(key, { mark, view });
  };
  const waiting = new Set();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) {
          waiting.add(entry.target);
          watcher.unobserve(entry.target);
        }
      }
      drawNext();
    },
    { rootMargin: "500px" },
  );
  let isDrawing = false;
  const drawNext = async () => {
    if (isDrawing || !window.vegaEmbed) return;
    isDrawing = true;
    while (waiting.size) {
      const [place] = waiting;
      waiting.delete(place);
      await draw(place);
      await new Promise((done) => setTimeout(done));
    }
    isDrawing = false;
  };
  const watchCharts = (part) => all(".plot", part).forEach((place) => watcher.observe(place));
  const redraw = () => {
    for (const place of all(".part:not([hidden]) .plot")) {
      watcher.unobserve(place);
      watcher.observe(place);
    }
  };

  // ---- lists of facts about what is chosen ----
  const showFacts = (place) => {
    const panel = panels[place.dataset.facts];
    const byName = columnsOf(panel);
    const [at] = positionsOf(panel);
    place.replaceChildren(
      ...panel.table
        .filter((name) => name !== "note" || byName.get(name).data[at])
        .flatMap((name) => {
          const column = byName.get(name);
          return [make("dt", {}, column.label), make("dd", {}, write(column.data[at], column.kind))];
        }),
    );
  };
  const showFindings = (part) => {
    for (const place of all("[data-finding]", part)) {
      const panel = panels[place.dataset.finding];
      const key = panel.select && !panel.all ? chosen(panel) : "";
      place.textContent = panel.findings[key] ?? "";
      place.hidden = !place.textContent;
    }
  };

  // ---- the list of customers ----
  let customers = null;
  const fillOptions = (select, values, current) => {
    const [first] = select.options;
    const names = [...new Set(values.filter((value) => value !== null && value !== undefined))].sort();
    select.replaceChildren(
      first,
      ...names.map((name) => make("option", { value: name }, String(name).replaceAll("_", " "))),
    );
    select.value = names.includes(current) ? current : "";
  };
  const startCustomers = () => {
    const panel = panels.customer_list;
    const place = document.getElementById("customers-table");
    if (!panel || !place || customers) return;
    const form = document.getElementById("filters");
    const byName = columnsOf(panel);
    const groups = panels.customer_clusters ? columnsOf(panels.customer_clusters) : new Map();
    const recipes = [...groups.keys()].filter((name) => name !== "contact_rank");
    const WANTED = [
      "contact_rank", "customer_id", "segment", "group_name", "campaign", "risk_reason", "value_reason", "churn_probability_90d",
      "value_at_risk_90d", "contact_gain", "is_worth_contact", "clv_90d", "clv_90d_low", "clv_90d_high",
      "next_purchase_window", "suggested_products", "best_send_weekday",
      "best_send_hour", "recency_days", "frequency", "monetary", "country", "confidence_tier",
      "timing_persona", "withheld_reason",
    ];
    const shownColumns = () => {
      const columns = WANTED.filter((name) => byName.has(name))
        .map((name) => byName.get(name))
        .filter((column) => column.name !== "withheld_reason" || column.data.some((value) => value !== null));
      if (groups.has(state.recipe)) columns.splice(3, 0, { ...groups.get(state.recipe), label: "Cluster" });
      return columns;
    };
    const texts = ["customer_id", "segment", "risk_reason", "value_reason", "country", "campaign"]
      .filter((name) => byName.has(name))
      .map((name) => byName.get(name).data);
    const searched = Array.from({ length: panel.count }, (_, at) =>
      texts.map((values) => values[at] ?? "").join("\n").toLowerCase(),
    );
    // those of the control group are worth a contact too, but get none
    const isToContact = (at) => {
      const group = byName.get("group_name")?.data[at];
      return group ? group === "treatment" : byName.get("is_worth_contact").data[at];
    };
    const found = () => {
      const value = (name, at) => byName.get(name).data[at];
      const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
      const orders = state.orders === "" ? null : Number(state.orders);
      const worth = state.value === "" ? null : Number(state.value);
      const cluster = state.cluster && groups.get(state.recipe)?.data;
      const positions = [];
      for (let at = 0; at < panel.count; at += 1) {
        if (state.segment && value("segment", at) !== state.segment) continue;
        if (state.country && value("country", at) !== state.country) continue;
        if (cluster && cluster[at] !== state.cluster) continue;
        if (orders !== null && value("frequency", at) < orders) continue;
        // an expected value that is not known is no reason to hide somebody
        const expected = value("clv_90d", at);
        if (worth !== null && expected !== null && expected < worth) continue;
        if (state.worth && !isToContact(at)) continue;
        if (words.length && !words.every((word) => searched[at].includes(word))) continue;
        positions.push(at);
      }
      return positions;
    };
    fillOptions(form.segment, byName.get("segment").data, state.segment);
    fillOptions(form.country, byName.get("country").data, state.country);
    form.recipe.append(
      ...recipes.map((name) => make("option", { value: name }, name.replaceAll("_", " "))),
    );
    const table = new Table(place, {
      name: "customers",
      label: panel.title,
      columns: shownColumns(),
      positions: found,
      sort: state.sort,
      onSort: (sort) => {
        state.sort = sort;
        writeAddress();
      },
    });
    table.counted = (total) =>
      total === panel.count
        ? `${group(total, 0)} customers`
        : `${group(total, 0)} of ${group(panel.count, 0)} customers`;
    table.named = () => [
      state.segment, state.cluster, state.country, state.orders && `orders-from-${state.orders}`,
      state.value && `value-from-${state.value}`, state.worth && "to-contact", state.search,
    ];
    const show = () => {
      form.search.value = state.search;
      form.segment.value = state.segment;
      form.country.value = state.country;
      form.recipe.value = recipes.includes(state.recipe) ? state.recipe : "";
      form.orders.value = state.orders;
      form.value.value = state.value;
      form.worth.checked = Boolean(state.worth);
      form.cluster.disabled = !groups.has(state.recipe);
      fillOptions(form.cluster, groups.get(state.recipe)?.data ?? [], state.cluster);
      table.sort = state.sort;
      table.columnsChanged(shownColumns());
    };
    const NAMES = ["search", "segment", "recipe", "cluster", "country", "orders", "value"];
    const taken = () => {
      const recipe = state.recipe;
      for (const name of NAMES) state[name] = form[name].value.trim();
      state.worth = form.worth.checked ? "yes" : "";
      if (state.recipe !== recipe) state.cluster = "";
      writeAddress();
      if (state.recipe !== recipe) show();
      else table.update(found());
    };
    form.addEventListener("input", taken);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      for (const name of [...NAMES, "worth"]) state[name] = "";
      writeAddress();
      show();
      announce("Filters cleared.");
    });
    customers = { show };
    show();
  };

  // ---- what a tab shows ----
  const fill = (part) => {
    for (const select of all("[data-choice]", part)) {
      const options = [...select.options].map((option) => option.value);
      const wanted = state[select.dataset.choice];
      select.value = options.includes(wanted) ? wanted : options[0];
    }
    showFindings(part);
    all("[data-facts]", part).forEach(showFacts);
    for (const place of all("[data-rows]", part)) {
      if (place.tagName !== "DETAILS" || place.open) showTable(place.dataset.rows);
    }
    for (const item of all("li[data-category]", part)) {
      if (part.id !== "part-insights") continue;
      item.hidden = Boolean(state.category) && item.dataset.category !== state.category;
    }
    const segments = panels.segment_facts;
    for (const card of all(".segment-card", part)) {
      card.setAttribute("aria-pressed", String(segments && card.dataset.segment === chosen(segments)));
    }
    if (segments) {
      for (const button of all("#see-customers", part)) button.textContent = `See ${chosen(segments)} customers`;
    }
    if (part.id === "part-customers") {
      startCustomers();
      customers?.show();
    }
    watchCharts(part);
  };
  const openTab = ({ isFocused = false } = {}) => {
    for (const name of data.tabs) {
      const isOpen = name === state.tab;
      const tab = document.getElementById(`tab-${name}`);
      tab.setAttribute("aria-selected", String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      document.getElementById(`part-${name}`).hidden = !isOpen;
      if (isOpen) {
        if (isFocused) tab.focus();
        tab.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    }
    fill(document.getElementById(`part-${state.tab}`));
  };
  const go = (name, { isFocused = false } = {}) => {
    state.tab = name;
    writeAddress({ isStep: true });
    openTab({ isFocused });
    if (!isFocused) window.scrollTo(0, 0);
  };
  const choose = (name, value) => {
    state[name] = value;
    if (name === "recipe") state.cluster = "";
    writeAddress();
    fill(document.getElementById(`part-${state.tab}`));
    redraw();
  };

  // ---- light and dark ----
  const remembered = () => {
    try {
      return localStorage.getItem("regulars-theme");
    } catch {
      return null;
    }
  };
  const setTheme = (name) => {
    root.dataset.theme = name;
    const button = document.getElementById("theme");
    button.setAttribute("aria-pressed", String(name === "dark"));
    redraw();
  };

  // ---- print everything: light, all tabs, all charts ----
  const printAll = async () => {
    const before = root.dataset.theme;
    root.dataset.theme = "light";
    const parts = all(".part");
    const hidden = parts.map((part) => part.hidden);
    for (const part of parts) {
      part.hidden = false;
      fill(part);
    }
    for (const place of all(".plot")) await draw(place);
    document.body.classList.add("print-all");
    window.print();
    document.body.classList.remove("print-all");
    parts.forEach((part, at) => {
      part.hidden = hidden[at];
    });
    setTheme(before);
  };

  // ---- start ----
  readAddress();
  const wantsDark = window.matchMedia("(prefers-color-scheme: dark)");
  setTheme(remembered() ?? (wantsDark.matches ? "dark" : "light"));
  wantsDark.addEventListener("change", (event) => {
    if (!remembered()) setTheme(event.matches ? "dark" : "light");
  });
  document.getElementById("theme").addEventListener("click", () => {
    const name = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("regulars-theme", name);
    } catch {
      // a browser that keeps nothing for files still shows the theme
    }
    setTheme(name);
  });
  document.getElementById("print").addEventListener("click", printAll);

  const tabs = all("[role=tab]");
  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => go(data.tabs[at]));
    tab.addEventListener("keydown", (event) => {
      const last = tabs.length - 1;
      const to = {
        ArrowRight: at === last ? 0 : at + 1,
        ArrowLeft: at === 0 ? last : at - 1,
        Home: 0,
        End: last,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      go(data.tabs[to], { isFocused: true });
    });
  });
  for (const select of all("[data-choice]")) {
    select.addEventListener("change", () => choose(select.dataset.choice, select.value));
  }
  for (const card of all(".segment-card")) {
    card.addEventListener("click", () => choose("segment", card.dataset.segment));
  }
  for (const button of all("[data-go]")) button.addEventListener("click", () => go(button.dataset.go));
  document.getElementById("see-customers")?.addEventListener("click", () => {
    if (panels.segment_facts) state.segment = chosen(panels.segment_facts);
    go("customers");
  });
  for (const place of all("details[data-rows]")) {
    place.addEventListener("toggle", () => {
      if (place.open) showTable(place.dataset.rows);
    });
  }
  for (const event of ["hashchange", "popstate"]) {
    window.addEventListener(event, () => {
      readAddress();
      openTab();
    });
  }
  let resized = 0;
  window.addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(redraw, 150);
  });

  const [year, month, day] = data.asOf.split("-").map(Number);
  const age = Math.round((Date.now() - new Date(year, month - 1, day).getTime()) / 86400000);
  const pill = document.getElementById("age");
  pill.textContent = age <= 0 ? "data of today" : age === 1 ? "data 1 day old" : `data ${group(age, 0)} days old`;
  pill.classList.toggle("old", age > OLD_AFTER_DAYS);
  pill.hidden = false;

  openTab();
  // the charts' library stands below this script
  document.addEventListener("DOMContentLoaded", () => {
    drawNext();
    root.dataset.ready = "true";
  });
})();
