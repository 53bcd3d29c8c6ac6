// Giving a document another title.
import {call} from "./calls.js";
import {setTitle, tell} from "./rows.js";

const dialog = document.getElementById("rename");
const field = document.getElementById("rename-name");
const problem = document.getElementById("rename-problem");
let row = null;

export function askTitle(renamed) {
  row = renamed;
  field.value = row.dataset.title;
  problem.textContent = "";
  dialog.showModal();
  field.select();
}

dialog.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  try {
    const {title} = await call("PATCH", row.dataset.href, {title: field.value});
    setTitle(row, title);
    dialog.close();
    tell`Renamed to “${title}”.`;
  } catch (error) {
    problem.textContent = error.message;
    field.focus();
  }
});
