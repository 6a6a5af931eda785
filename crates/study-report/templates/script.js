"use strict";
// Tables are sorted by a click on a column's name.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const isNumber = head.classList.contains("number");
      const value = (row) => {
        const cell = row.cells[column];
        return isNumber ? Number.parseFloat(cell.dataset.value) : cell.textContent;
      };
      const compare = (a, b) => {
        const [x, y] = [value(a), value(b)];
        // Cells without a value stand last either way.
        if (isNumber && (Number.isNaN(x) || Number.isNaN(y))) return Number.isNaN(x) - Number.isNaN(y);
        return (isNumber ? x - y : x.localeCompare(y)) * (down ? -1 : 1);
      };
      const body = table.tBodies[0];
      body.append(...[...body.rows].sort(compare));
    });
  });
}
// A neuron is looked up by layer and index.
const form = document.getElementById("lookup");
if (form) {
  const { labels, layers } = JSON.parse(document.getElementById("neurons").textContent);
  const show = (value) => (value === null ? "none" : String(value).replace(/-/g, "\u2212"));
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [layer, neuron] = [form.elements.layer.value, form.elements.neuron.value].map(Number);
    const found = layers[layer]?.[neuron];
    let text = "There is no such neuron.";
    if (found) {
      const [t, effect, q, label] = found;
      const what = label === null ? "no label" : `label \u201c${labels[label]}\u201d`;
      text = `Layer ${layer}, neuron ${neuron}: ${what}; effect ${show(effect)}, t ${show(t)}, q ${show(q)}.`;
    }
    form.querySelector("output").textContent = text;
  });
}
