import type { Embeds } from "./embed/embeds";
import { type Tag, elementFor, ownTags, readTag } from "./embed/tags";

/**
 * Shared by all tags of a page, whatever versions of this script they run: by base, who shows its documents.
 * Of an `Embeds` only `add` is used here, so that it may be another version's.
 */
interface Shared {
  byBase: Record<string, Promise<Pick<Embeds, "add">>>;
  ran: WeakSet<HTMLScriptElement>;
}

const page = globalThis as { bokehWSGIEmbeds?: Shared };
const shared = (page.bokehWSGIEmbeds ??= { byBase: {}, ran: new WeakSet() });

/** Every tag runs this whole script; only the first of a base runs the modules behind `import`. */
async function start({ base, version }: Tag): Promise<Embeds> {
  return (await import("./embed/embeds")).start(base, version);
}

async function show(script: HTMLScriptElement): Promise<void> {
  const tag = readTag(script);
  const embeds = (shared.byBase[tag.base] ??= start(tag));
  // In the order of the tags: this much is done before the next one runs.
  const element = await elementFor(tag);
  await (await embeds).add(tag, element);
}

for (const script of ownTags(shared.ran)) {
  show(script).catch((error: unknown) => console.error("bokeh_wsgi: a plot cannot be shown:", error, script));
}
