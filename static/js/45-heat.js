// Heatmaps: the value of a cell under the pointer, or walked to with the arrows. Everything is read from the drawing.
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  let shown = null; // the heatmap that shows a cell

  class Reader {
    constructor(chart) {
      this.chart = chart;
      this.plot = chart.querySelector(".plot");
      this.hover = document.createElement("div");
      this.hover.className = "hover";
      this.hover.tabIndex = 0;
      this.hover.setAttribute("role", "application");
      const title = this.plot.querySelector("title");
      this.hover.setAttribute("aria-label", `${title ? title.textContent : "Heatmap"}: arrows read cells, escape ends`);
      chart.querySelector(".area").append(this.hover);
      this.said = document.createElement("p");
      this.said.className = "said";
      this.said.setAttribute("aria-live", "polite");
      chart.append(this.said);
      this.hover.addEventListener("pointermove", (event) => this.point(event));
      this.hover.addEventListener("pointerdown", (event) => this.point(event));
      this.hover.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch" && document.activeElement !== this.hover) this.hide(); });
      this.hover.addEventListener("focus", () => {
        if (!this.hover.matches(":focus-visible")) return;
        this.read();
        this.show(this.at ? this.at[0] : 0, this.at ? this.at[1] : this.edges.length - 1, true);
      });
      this.hover.addEventListener("blur", () => this.hide());
      this.hover.addEventListener("keydown", (event) => this.key(event));
    }

    read() {
      const data = this.chart.dataset;
      this.rows = [...this.chart.querySelectorAll(".cells > g")].map((row) => ({ name: row.dataset.name, values: row.dataset.v.split(" ") }));
      this.edges = (data.edges || "0").split(" ").map(Number);
      this.width = this.chart.querySelector(".cells").viewBox.baseVal.width;
      const clock = { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      if (data.to - data.from > 300 * 864e5) clock.year = "numeric";
      try {
        this.clock = new Intl.DateTimeFormat("en-US", { ...clock, timeZone: data.zone });
      } catch {
        this.clock = new Intl.DateTimeFormat("en-US", { ...clock, timeZone: "UTC" });
      }
    }

    point(event) {
      this.read();
      const box = this.hover.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * this.width;
      const row = Math.floor((event.clientY - box.top) / box.height * this.rows.length);
      let column = this.edges.findIndex((edge) => edge > x) - 1;
      if (column < -1) column = this.edges.length - 1;
      this.show(row, column, false);
    }

    show(row, column, aloud) {
      if (!this.rows.length) return;
      if (shown && shown !== this) shown.hide();
      shown = this;
      row = Math.max(0, Math.min(row, this.rows.length - 1));
      column = Math.max(0, Math.min(column, this.edges.length - 1));
      this.at = [row, column];
      const data = this.chart.dataset, value = this.rows[row].values[column] ?? "–";
      // edges are rounded to the canvas: a stretch begins at a whole minute
      const at = Math.round((Number(data.from) + this.edges[column] / this.width * (data.to - data.from)) / 60000) * 60000;
      const text = value === "–" ? "no value" : `${data.prefix || ""}${value}${data.unit ? `\u00a0${data.unit}` : ""}`;
      this.box ??= this.chart.appendChild(Object.assign(document.createElement("div"), { className: "readout" }));
      const time = Object.assign(document.createElement("p"), { textContent: this.clock.format(at) });
      const entry = document.createElement("div");
      entry.append(Object.assign(document.createElement("span"), { textContent: this.rows[row].name }), Object.assign(document.createElement("strong"), { textContent: text }));
      this.box.replaceChildren(time, entry);
      this.mark(row, column);
      const outer = this.chart.getBoundingClientRect(), inner = this.hover.getBoundingClientRect();
      const x = inner.left - outer.left + this.edges[column] / this.width * inner.width;
      const left = this.edges[column] > this.width / 2 ? x - this.box.offsetWidth - 14 : x + 20;
      this.box.style.left = `${Math.max(-8, Math.min(left, outer.width - this.box.offsetWidth + 8))}px`;
      this.box.style.top = `${inner.top - outer.top}px`;
      if (aloud) this.said.textContent = `${time.textContent}; ${this.rows[row].name} ${text}`;
    }

    mark(row, column) {
      this.frame ??= this.plot.appendChild(document.createElementNS(SVG, "rect"));
      const end = this.edges[column + 1] ?? this.width;
      const part = (length, whole) => `${length / whole * 100}%`;
      for (const [name, value] of Object.entries({
        class: "cell", x: part(this.edges[column], this.width), width: part(end - this.edges[column], this.width),
        y: part(row, this.rows.length), height: part(1, this.rows.length),
      })) this.frame.setAttribute(name, value);
    }

    hide() {
      this.box?.remove();
      this.frame?.remove();
      this.box = this.frame = undefined;
      this.said.textContent = "";
      if (shown === this) shown = null;
    }

    key(event) {
      if (event.key === "Escape") return this.hide();
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity] }[event.key];
      if (!by || !this.rows) return;
      event.preventDefault();
      const [row, column] = this.at;
      this.show(row + by[0], column + by[1], true);
    }
  }

  const begin = () => {
    for (const chart of document.querySelectorAll(".chart.heat[data-edges]")) {
      // by what is there, not by a mark: a swap may keep the element and drop what was added
      if (!chart.querySelector(".hover") && chart.querySelector(".cells > g")) new Reader(chart);
    }
  };

  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; begin(); });
  };
  document.addEventListener("pointerdown", (event) => { if (shown && !shown.hover.contains(event.target)) shown.hide(); });
  const start = () => {
    begin();
    new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
