// What can be done with a document: one menu, shown below the button of the row it is about.

const menu = document.getElementById("menu");
const choices = [...menu.querySelectorAll(".choice")];
const GAP = 4;
let button = null;
let wasOpen = false;

function place() {
  const near = button.getBoundingClientRect();
  const {offsetWidth: width, offsetHeight: height} = menu;
  const below = near.bottom + GAP + height <= innerHeight || near.top < height + GAP;
  menu.style.left = `${scrollX + Math.max(GAP, near.right - width)}px`;
  menu.style.top = `${scrollY + (below ? near.bottom + GAP : near.top - GAP - height)}px`;
}

function open(from, prepare) {
  button = from;
  prepare(from.closest(".document"));
  menu.setAttribute("aria-label", from.textContent.trim());
  menu.showPopover();
  place();
  button.setAttribute("aria-expanded", "true");
  choices[0].focus({preventScroll: true});
}

function step(event) {
  const here = choices.indexOf(document.activeElement);
  const to = {ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1}[event.key];
  if (event.key === "Tab") {
    // Back to the button, from where Tab goes on.
    menu.hidePopover();
    return;
  }
  if (to === undefined) return;
  event.preventDefault();
  choices.at(to % choices.length).focus();
}

/** `prepare(row)` comes before the menu is shown; `deeds` are what its choices do: `deeds.rename(row)`. */
export function rowMenus(prepare, deeds) {
  for (const more of document.querySelectorAll(".more")) {
    more.hidden = false;
    // The browser closes an open menu on this very press.
    more.addEventListener("pointerdown", () => (wasOpen = button === more && menu.matches(":popover-open")));
    more.addEventListener("click", () => {
      if (!wasOpen) open(more, prepare);
      wasOpen = false;
    });
  }
  menu.addEventListener("keydown", step);
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "closed") button.setAttribute("aria-expanded", "false");
  });
  for (const choice of choices) {
    choice.addEventListener("click", () => {
      menu.hidePopover();
      button.focus({preventScroll: true});
      deeds[choice.dataset.do](button.closest(".document"));
    });
  }
  addEventListener("resize", () => menu.hidePopover());
}
