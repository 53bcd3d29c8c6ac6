// The people in the share dialog: a row for each, with the right they have and a way to take it back.
import {name} from "./say.js";

const RIGHTS = [["read", "can see"], ["write", "can change"]];

function rightChooser(user, right) {
  const select = document.createElement("select");
  select.className = "field";
  select.setAttribute("aria-label", `Right of ${user}`);
  for (const [value, text] of RIGHTS) select.add(new Option(text, value, false, value === right));
  return select;
}

function remover(user) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain grave";
  const unseen = document.createElement("span");
  unseen.className = "unseen";
  unseen.append(" ", name(user));
  button.append("Remove", unseen);
  return button;
}

function person({user, right}, {change, remove}) {
  const row = document.createElement("li");
  row.className = "person line";
  const shown = name(user);
  shown.className = "grow";
  const select = rightChooser(user, right);
  select.addEventListener("change", () => change(user, select.value));
  const button = remover(user);
  button.addEventListener("click", () => remove(user));
  row.append(shown, select, button);
  return row;
}

/** Show `shares` in the list; `change(user, right)` and `remove(user)` are what its controls do. */
export function showPeople(list, shares, deeds) {
  // The list is made anew: the focus stays on what it was on, or on what came into its place.
  const controls = () => [...list.querySelectorAll("select, button")];
  const before = controls().indexOf(document.activeElement);
  list.replaceChildren(...shares.map((share) => person(share, deeds)));
  if (before >= 0) controls().at(Math.min(before, controls().length - 1))?.focus();
}
