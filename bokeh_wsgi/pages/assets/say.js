// Sentences with names in them: say(element)`Deleted “${title}”.`
// A name is text, and kept apart, so that one that is written from right to left does not turn the sentence round.

export function name(text) {
  const isolated = document.createElement("bdi");
  isolated.textContent = text;
  return isolated;
}

export const say = (element) => (texts, ...names) =>
  element.replaceChildren(...texts.flatMap((text, index) => (index ? [name(names[index - 1]), text] : [text])));
