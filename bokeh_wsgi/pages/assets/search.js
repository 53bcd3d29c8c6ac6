// Finding documents by words of their title or owner, in any order, as one types.
// Enter opens the first that is left, the arrow down goes to it, Escape shows all again.

const field = document.getElementById("search");
const found = document.getElementById("found");
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const rows = () => [...document.querySelectorAll(".document")];
const firstShown = () => rows().find((row) => !row.hidden)?.querySelector("a");

function told(shown, all) {
  if (shown === 0) return "No document has that in its title or its owner’s name.";
  return `${shown} of ${all}`;
}

/** Show what fits what is typed, and say how many that are. */
export function refilter() {
  const words = plain(field.value).split(/\s+/).filter(Boolean);
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

/** Show the field, where there is a list. */
export function searchBox() {
  if (!field) return;
  field.closest(".search").hidden = false;
  field.addEventListener("input", refilter);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      field.value = "";
      refilter();
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
  refilter();
}
