// The two pieces of HTML that show a document in another page. Made as text, so everything in them is escaped.

const escaped = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"};
const escape = (text) => text.replace(/[&<>"]/g, (character) => escaped[character]);

// Characters that turn the direction of writing would show the code as it is not.
const straight = (text) => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "");

function tag(name, attributes) {
  const parts = Object.entries(attributes).map(([key, value]) => (value === true ? key : `${key}="${escape(value)}"`));
  return `<${name} ${parts.join(" ")}></${name}>`;
}

/** `base` is the server's absolute address; `version` that of its BokehJS. */
export function scriptCode({base, docid, token, version}) {
  return tag("script", {
    src: `${base}autoload.js`,
    async: true,
    "data-bokeh-doc": docid,
    "data-bokeh-token": token,
    "data-bokeh-base": base,
    "data-bokeh-version": version,
  });
}

export function frameCode({base, docid, token, title}) {
  const src = `${base}doc/${encodeURIComponent(docid)}?embed=1&token=${encodeURIComponent(token)}`;
  return tag("iframe", {
    src,
    title: straight(title),
    width: "100%",
    height: "480",
    style: "border: 0",
    loading: "lazy",
    // The address has the token in it.
    referrerpolicy: "no-referrer",
  });
}
