// Charts: crosshair with all values at a time, drag to zoom, legend switches.
// Values and times are read back from the drawn paths, so nothing is sent twice.
(() => {
  "use strict";

  const MOST_ROWS = 12;
  const off = new Map(); // chart id → names switched off; kept when a panel is drawn anew
  let held = null; // { id, at } of the chart being read by keyboard
  let shown = null; // the reader that shows a tooltip

  const make = (tag, className, parent) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (parent) parent.append(element);
    return element;
  };

  // "M0 950l10-3 10 14M500 500h0" → [[0, 950], [10, 947], …]
  const spots = (data) => data.split("M").slice(1).flatMap((run) => {
    const numbers = run.replace("h0", "").match(/-?\d+/g).map(Number);
    let x = 0, y = 0;
    const found = [];
    for (let i = 0; i + 1 < numbers.length; i += 2) found.push([x += numbers[i], y += numbers[i + 1]]);
    return found;
  });

  // Index of the nearest number in a sorted list.
  const nearest = (list, wanted) => {
    let low = 0, high = list.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (list[middle] < wanted) low = middle; else high = middle;
    }
    return wanted - list[low] <= list[high] - wanted ? low : high;
  };

  class Reader {
    constructor(chart) {
      this.chart = chart;
      this.area = chart.querySelector(".area");
      const title = chart.querySelector(".plot > title");
      this.hover = make("div", "hover");
      this.hover.tabIndex = 0;
      this.hover.setAttribute("role", "application");
      this.hover.setAttribute("aria-label", `${title ? title.textContent : "Chart"}: left and right read values, shift selects, enter zooms, escape ends`);
      this.area.insertBefore(this.hover, this.area.children[2] || null);
      this.said = make("p", "said", chart);
      this.said.setAttribute("aria-live", "polite");
      this.legend();
      this.listen();
    }

    // What is drawn, as numbers; read when somebody begins to look, since a panel may be drawn anew in place.
    read() {
      const data = this.chart.dataset, lines = this.chart.querySelector(".lines");
      const [, , width, height] = lines.getAttribute("viewBox").split(" ").map(Number);
      this.from = Number(data.from);
      this.to = Number(data.to);
      this.width = width;
      this.height = height;
      const names = [...this.chart.querySelectorAll(".legend tbody th")];
      this.series = [...lines.querySelectorAll(".l")].map((group, index) => {
        const points = [...group.querySelectorAll("path:not(.a):not(.b)")].flatMap((path) => spots(path.getAttribute("d"))).sort((a, b) => a[0] - b[0]);
        return { group, name: names[index] ? names[index].textContent : "", points, xs: points.map((point) => point[0]) };
      }).filter((line) => line.points.length && !line.group.classList.contains("off"));
      this.xs = [...new Set(this.series.flatMap((line) => line.xs))].sort((a, b) => a - b);
      const step = Number(data.step) || 0;
      this.grid = step ? Math.min(step, 900000) : (this.to - this.from) / width > 1500 ? 60000 : 1000;
      // thinned lines keep different times: what is this near belongs together
      this.reach = Math.max(step ? step / (this.to - this.from) * width * 0.6 : 0, width / 280);
      const clock = { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      if (this.to - this.from > 300 * 864e5) clock.year = "numeric";
      if (this.grid < 60000) clock.second = "2-digit";
      try {
        this.clock = new Intl.DateTimeFormat("en-US", { ...clock, timeZone: data.zone });
      } catch {
        this.clock = new Intl.DateTimeFormat("en-US", { ...clock, timeZone: "UTC" });
      }
      const digits = Math.min(Number(data.decimals) || 0, 12);
      this.digits = new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    }

    time(x) {
      return Math.round((this.from + x / this.width * (this.to - this.from)) / this.grid) * this.grid;
    }

    value(y) {
      const data = this.chart.dataset, low = Number(data.min), high = Number(data.max);
      const value = (low + (this.height - y) / this.height * (high - low)) / Number(data.per);
      let text = Math.abs(value) >= 1e15 ? value.toExponential(2) : this.digits.format(Math.abs(value));
      if (value < 0 && /[1-9]/.test(text)) text = `\u2212${data.prefix || ""}${text.replace("-", "")}`;
      else text = (data.prefix || "") + text;
      const beyond = y <= -this.height ? "≥ " : y >= 2 * this.height ? "≤ " : "";
      // a long unit stands above the axis already
      return beyond + text + (data.unit && data.unit.length < 8 ? `\u00a0${data.unit}` : "");
    }

    // Shows the readings at the time nearest to `x` (canvas units); `y` is where the pointer is, if there is one.
    show(x, y) {
      if (!this.xs.length) return;
      if (shown && shown !== this) shown.hide();
      shown = this;
      this.at = this.xs[nearest(this.xs, x)];
      const rows = this.series.flatMap((line) => {
        const point = line.points[nearest(line.xs, this.at)];
        return Math.abs(point[0] - this.at) <= this.reach ? [{ line, point }] : [];
      }).sort((a, b) => a.point[1] - b.point[1]);
      let near = -1;
      if (y !== undefined) rows.forEach((row, i) => { if (near < 0 || Math.abs(row.point[1] - y) < Math.abs(rows[near].point[1] - y)) near = i; });
      const first = Math.max(0, Math.min(near - MOST_ROWS / 2, rows.length - MOST_ROWS));
      this.marks(rows);
      this.tip(rows.slice(first, first + MOST_ROWS), rows[near], rows.length);
    }

    marks(rows) {
      this.hover.querySelectorAll("i, b").forEach((mark) => mark.remove());
      make("i", "", this.hover).style.left = `${this.at / this.width * 100}%`;
      for (const { line, point } of rows) {
        if (point[1] < 0 || point[1] > this.height) continue;
        const dot = make("b", "", this.hover);
        dot.style.left = `${point[0] / this.width * 100}%`;
        dot.style.top = `${point[1] / this.height * 100}%`;
        dot.style.background = getComputedStyle(line.group).stroke;
      }
    }

    tip(rows, near, all) {
      const tip = this.box || (this.box = make("div", "readout", this.chart));
      tip.replaceChildren();
      this.words = this.clock.format(this.time(this.at));
      make("p", "", tip).textContent = this.words;
      for (const row of rows) {
        const entry = make("div", row === near && all > 1 ? "near" : "", tip);
        const key = row.line.group.cloneNode(false);
        const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        svg.setAttribute("class", "key");
        const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
        path.setAttribute("d", "M1 5h14");
        key.append(path);
        svg.append(key);
        const name = make("span", "", entry);
        name.append(svg, row.line.name);
        make("strong", "", entry).textContent = this.value(row.point[1]);
      }
      if (all > rows.length) make("p", "", tip).textContent = `and ${all - rows.length} more`;
      this.words += rows.map((row) => `; ${row.line.name} ${this.value(row.point[1])}`).join("");
      const outer = this.chart.getBoundingClientRect(), inner = this.hover.getBoundingClientRect();
      const at = inner.left - outer.left + this.at / this.width * inner.width;
      const right = this.at > this.width / 2;
      const room = tip.offsetWidth + 14;
      const left = right ? at - room : at + 14;
      tip.style.left = `${Math.max(-8, Math.min(left, outer.width - tip.offsetWidth + 8))}px`;
      tip.style.top = `${inner.top - outer.top}px`;
    }

    hide() {
      this.hover.replaceChildren();
      if (this.box) this.box.remove();
      this.box = this.anchor = null;
      this.said.textContent = "";
      if (shown === this) shown = null;
    }

    place(event) {
      const box = this.hover.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width * this.width, (event.clientY - box.top) / box.height * this.height];
    }

    band(a, b) {
      const band = this.hover.querySelector("u") || make("u", "", this.hover);
      const ends = [a, b].map((x) => Math.max(0, Math.min(x, this.width)) / this.width * 100).sort((x, y) => x - y);
      band.style.left = `${ends[0]}%`;
      band.style.width = `${ends[1] - ends[0]}%`;
    }

    zoom(a, b) {
      const [from, to] = [a, b].map((x) => Math.max(0, Math.min(x, this.width))).sort((x, y) => x - y).map((x) => Math.round(this.from + x / this.width * (this.to - this.from)));
      this.hide();
      if (to > from) this.chart.dispatchEvent(new CustomEvent("loggia:zoom", { bubbles: true, detail: { from, to } }));
    }

    listen() {
      const hover = this.hover;
      hover.addEventListener("pointerenter", () => { if (this.anchor == null) this.read(); });
      hover.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        this.read();
        const [x, y] = this.place(event);
        if (event.pointerType === "touch") return this.show(x, y);
        event.preventDefault();
        hover.setPointerCapture(event.pointerId);
        this.anchor = x;
        this.pixel = event.clientX;
      });
      hover.addEventListener("pointermove", (event) => {
        if (!this.series) this.read();
        const [x, y] = this.place(event);
        this.show(x, y);
        if (this.anchor != null && event.buttons & 1 && this.pixel != null) this.band(this.anchor, x);
      });
      hover.addEventListener("pointerup", (event) => {
        const far = this.pixel != null && Math.abs(event.clientX - this.pixel) > 8;
        const anchor = this.anchor;
        this.pixel = this.anchor = null;
        if (far && anchor != null) this.zoom(anchor, this.place(event)[0]);
      });
      hover.addEventListener("pointercancel", () => { this.pixel = null; this.hide(); });
      hover.addEventListener("pointerleave", (event) => {
        if (event.pointerType !== "touch" && this.pixel == null && held?.id !== this.chart.id) this.hide();
      });
      hover.addEventListener("focus", () => {
        if (!hover.matches(":focus-visible")) return;
        this.read();
        held = { id: this.chart.id, at: held?.id === this.chart.id ? held.at : this.to };
        this.show((held.at - this.from) / (this.to - this.from) * this.width);
        this.say();
      });
      hover.addEventListener("blur", () => {
        this.hide();
        // a panel drawn anew takes its focus with it: that is no leaving
        setTimeout(() => { if (hover.isConnected && held?.id === this.chart.id && document.activeElement !== hover) held = null; });
      });
      hover.addEventListener("keydown", (event) => this.key(event));
    }

    key(event) {
      if (event.key === "Escape") { held = null; return this.hide(); }
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (!this.series) this.read();
      if (!this.xs.length) return;
      if (event.key === "Enter" && this.anchor != null && shown === this) { event.preventDefault(); return this.zoom(this.anchor, this.at); }
      const now = shown === this ? this.xs.indexOf(this.at) : this.xs.length - 1;
      const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity }[event.key];
      if (!by) return;
      event.preventDefault();
      const before = this.xs[now];
      const next = Math.max(0, Math.min(now + by, this.xs.length - 1));
      this.show(this.xs[next]);
      if (event.shiftKey) this.band(this.anchor ??= before, this.at);
      else { this.anchor = null; this.hover.querySelectorAll("u").forEach((band) => band.remove()); }
      held = { id: this.chart.id, at: this.time(this.at) };
      this.say();
    }

    say() {
      this.said.textContent = this.words || "";
    }

    // Names become switches; without script they are only names.
    legend() {
      const groups = [...this.chart.querySelectorAll(".lines > .l")];
      [...this.chart.querySelectorAll(".legend tbody th")].forEach((head, index) => {
        const group = groups[index];
        if (!group || groups.length < 2) return;
        const button = make("button");
        button.type = "button";
        button.title = head.textContent;
        button.append(...head.childNodes);
        head.append(button);
        const beside = this.chart.querySelector(`.end text[data-line="${index}"]`);
        const set = (on) => {
          group.classList.toggle("off", !on);
          if (beside) beside.classList.toggle("off", !on);
          button.setAttribute("aria-pressed", String(on));
        };
        const toggle = () => {
          const names = off.get(this.chart.id) || new Set();
          off.set(this.chart.id, names);
          if (!names.delete(button.title)) names.add(button.title);
          set(!names.has(button.title));
          this.series = null;
        };
        set(!off.get(this.chart.id)?.has(button.title));
        button.addEventListener("click", toggle);
        if (beside) beside.addEventListener("click", toggle);
      });
    }
  }

  const begin = () => {
    for (const chart of document.querySelectorAll(".chart[data-from]")) {
      // by what is there, not by a mark: a swap may keep the element and drop what was added
      if (chart.querySelector(".hover") || !chart.querySelector(".lines")) continue;
      const reader = new Reader(chart);
      if (held?.id === chart.id && (document.activeElement === document.body || !document.activeElement)) reader.hover.focus({ preventScroll: true, focusVisible: true });
    }
  };

  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; begin(); });
  };

  document.addEventListener("pointerdown", (event) => {
    if (shown && !shown.hover.contains(event.target)) shown.hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown) shown.hide();
  });
  const start = () => {
    begin();
    new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
