// Finding documents by words of their title or owner, in any order, as one types.
// Enter opens the first that is left, the arrow down goes to it, Escape shows all again.

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const rows = () => [...document.querySelectorAll(".document")];
const firstShown = () => rows().find((row) => !row.hidden)?.querySelector("a");

function told(shown, all) {
  if (shown === 0) return "No document has that in its title or its owner’s name.";
  return `${shown} of ${all}`;
}

function filter(text, found) {
  const words = plain(text).split(/\s+/).filter(Boolean);
  const all = rows();
  for (const row of all) {
    const searched = plain(`${row.dataset.title} ${row.dataset.owner}`);
    row.hidden = !words.every((word) => searched.includes(word));
  }
  for (const group of document.querySelectorAll(".group")) {
    group.hidden = !group.querySelector(".document:not([hidden])");
  }
  found.textContent = words.length ? told(all.filter((row) => !row.hidden).length, all.length) : "";
}

export function searchBox() {
  const field = document.getElementById("search");
  if (!field) return;
  const found = document.getElementById("found");
  field.closest(".search").hidden = false;
  field.addEventListener("input", () => filter(field.value, found));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      field.value = "";
      filter("", found);
    } else if (event.key === "Enter" && field.value) {
      firstShown()?.click();
    } else if (event.key === "ArrowDown") {
      firstShown()?.focus();
    } else {
      return;
    }
    event.preventDefault();
  });
  // A browser that goes back fills in what was typed.
  if (field.value) filter(field.value, found);
}
