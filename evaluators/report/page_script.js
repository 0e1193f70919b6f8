// Sorts a table by the heading that is clicked (one way, the other way, as it was), and marks what is wider than its box.
// Without this script the tables just stand there, and still scroll.
(() => {
  "use strict";
  // Of words the first are looked for, of numbers the largest.
  const ofWords = { none: "ascending", ascending: "descending", descending: "none" };
  const ofNumbers = { none: "descending", descending: "ascending", ascending: "none" };

  function order(index, sign) {
    return (one, other) => {
      const [a, b] = [one.cells[index], other.cells[index]];
      const [x, y] = [a.dataset.number, b.dataset.number];
      // What has no number (failed, skipped, empty) stays at the end both ways.
      if ((x === undefined) !== (y === undefined)) return x === undefined ? 1 : -1;
      if (x !== undefined) return sign * (Number(x) - Number(y));
      return sign * a.textContent.localeCompare(b.textContent, "en", { numeric: true });
    };
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const asWritten = [...body.rows];
    if (asWritten.length < 2) continue;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const next = head.classList.contains("number") ? ofNumbers : ofWords;
        const wanted = next[head.getAttribute("aria-sort")];
        for (const each of heads) each.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", wanted);
        const sign = wanted === "descending" ? -1 : 1;
        body.append(...(wanted === "none" ? asWritten : [...asWritten].sort(order(index, sign))));
      });
    });
  }

  const boxes = new ResizeObserver((entries) => {
    for (const { target } of entries) target.parentElement.classList.toggle("wide", target.scrollWidth > target.clientWidth + 1);
  });
  for (const box of document.querySelectorAll("figure > .scroll")) boxes.observe(box);
})();
