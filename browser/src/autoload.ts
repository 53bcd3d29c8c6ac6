import type { Embeds } from "./embed/embeds";
import { type Tag, elementFor, ownTags, readTag } from "./embed/tags";

/**
 * Shared by all tags of a page, which may run different versions of this script: the `Embeds` of each server, by base.
 * Only `add` is used, so the versions are compatible.
 */
interface Shared {
  byBase: Record<string, Promise<Pick<Embeds, "add">>>;
  ran: WeakSet<HTMLScriptElement>;
}

const page = globalThis as { bokehWSGIEmbeds?: Shared };
const shared = (page.bokehWSGIEmbeds ??= { byBase: {}, ran: new WeakSet() });

/** Every tag runs this script; only the first of a base runs the imported modules. */
async function start({ base, version }: Tag): Promise<Embeds> {
  return (await import("./embed/embeds")).start(base, version);
}

async function show(script: HTMLScriptElement): Promise<void> {
  const tag = readTag(script);
  const embeds = (shared.byBase[tag.base] ??= start(tag));
  // Before the next tag runs, so that elements are in the order of the tags.
  const element = await elementFor(tag);
  await (await embeds).add(tag, element);
}

for (const script of ownTags(shared.ran)) {
  show(script).catch((error: unknown) => console.error("bokeh_wsgi: a plot cannot be shown:", error, script));
}
