// Copying to the clipboard, also where the browser keeps its clipboard from pages (over plain http).

function copyByHand(text) {
  // What is outside an open dialog cannot be selected.
  const place = document.querySelector("dialog:modal") ?? document.body;
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.className = "unseen";
  area.value = text;
  place.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  before?.focus();
  return copied;
}

/** Whether it worked. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

const SHOWN_MS = 2000;

async function copyField(button, tell) {
  const field = document.getElementById(button.dataset.copy);
  if (!(await copy(field.value))) {
    field.focus();
    field.select();
    tell("This browser does not let pages copy. The text is selected: copy it with your keyboard.");
    return;
  }
  const label = button.firstChild;
  label.data = "Copied";
  tell("Copied.");
  setTimeout(() => (label.data = "Copy"), SHOWN_MS);
}

/** Make the copy buttons work; `tell` shows or says a sentence. */
export function copyButtons(tell) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copyField(button, tell));
  }
}
