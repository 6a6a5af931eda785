"use strict";
// Put into a copy of a page, before all else. Looks at the finished page as a reader does, and
// tells the page that frames it what it finds, as JSON.
const faults = [];
// What the page asks for beside itself is against the policy that the copy has.
document.addEventListener("securitypolicyviolation", (event) => {
  if (event.effectiveDirective !== "script-src-elem") faults.push(`asks for ${event.blockedURI}`);
});
window.addEventListener("error", (event) => faults.push(event.message), true);

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function drawing(figure) {
  const svg = figure.querySelector("svg");
  const paper = svg.viewBox.baseVal;
  const boxes = all("text", svg).map((text) => [text.textContent.trim(), text.getBBox()]);
  const words = boxes.filter(([text]) => text !== "");
  const outside = words.filter(([, box]) =>
    box.x < 0 || box.y < 0 || box.x + box.width > paper.width || box.y + box.height > paper.height);
  const meet = (a, b) => Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 2
    && Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 6;
  const overlapping = words.flatMap(([one, a], i) =>
    words.slice(i + 1).filter(([, b]) => meet(a, b)).map(([other]) => `${one} | ${other}`));
  const marks = all("path, circle, rect, polyline, polygon, line", svg).filter((mark) => {
    const box = mark.getBBox();
    return box.width + box.height > 0;
  });
  return {
    id: figure.id.replace("figure-", ""),
    marks: marks.length,
    outside: outside.map(([text]) => text),
    overlapping,
    // In pixels of the screen.
    smallest: Math.min(...words.map(([, box]) => box.height * svg.getBoundingClientRect().width / paper.width)),
  };
}

// Clicks each column's name twice; the columns that are not in order then.
function unsorted() {
  const wrong = [];
  for (const table of all("table.sortable")) {
    all("th button", table).forEach((button, column) => {
      const isNumber = button.parentElement.classList.contains("number");
      for (const sign of [1, -1]) {
        button.click();
        const cells = [...table.tBodies[0].rows].map((row) => row.cells[column]);
        const values = cells.map((cell) => isNumber ? Number(cell.dataset.value) : cell.textContent);
        const inOrder = (a, b) => isNumber
          ? Number.isNaN(b) || sign * (b - a) >= 0
          : sign * b.localeCompare(a) >= 0;
        const said = button.parentElement.getAttribute("aria-sort");
        if (!values.every((value, i) => i === 0 || inOrder(values[i - 1], value))
            || said !== (sign === 1 ? "ascending" : "descending")) {
          wrong.push(`${table.id}: ${button.textContent}, ${said}`);
        }
      }
    });
  }
  return wrong;
}

function lookedUp(layer, neuron) {
  const form = document.getElementById("lookup");
  if (!form || form.hidden) return null;
  [form.elements.layer.value, form.elements.neuron.value] = [layer, neuron];
  form.requestSubmit();
  return form.querySelector("output").textContent;
}

window.addEventListener("load", () => {
  const main = document.querySelector("main").cloneNode(true);
  for (const control of all("form, script, noscript", main)) control.remove();
  const cells = all("table.sortable td").map((cell) => cell.dataset.value ?? cell.textContent);
  const wide = all("body, body *:not(svg *)").filter((element) =>
    !element.closest(".drawing, .wide") && element.scrollWidth > element.clientWidth + 1
    && element.clientWidth > 0 && getComputedStyle(element).display !== "inline");
  const found = {
    width: innerWidth,
    overflow: document.documentElement.scrollWidth - innerWidth,
    cut: wide.map((element) => `${element.localName}.${element.className}: ${element.textContent.slice(0, 60)}`),
    text: main.textContent.replace(/\s+/g, " "),
    cells,
    sections: all("main section").filter((section) => section.offsetHeight > 40).map((section) => section.id),
    figures: all("figure").map(drawing),
    buttons: all("th button").length,
    unsorted: unsorted(),
    neuron: lookedUp(1, 2),
    requests: performance.getEntriesByType("resource").map((entry) => entry.name),
    faults,
  };
  parent.postMessage(JSON.stringify(found), "*");
});
