import { type BokehDocument, bokeh } from "./bokeh";
import { glyphModule } from "./glyphs";
import { longCDSView } from "./long-cds-view";
import { standInView } from "./stand-in-view";

/** Documents whose long sources are drawn from the rows in view. */
const documents = new WeakSet<object>();
const checked = new WeakSet<object>();

/** The methods that are replaced or called, which BokehJS does not document. */
const RENDERER = ["set_data", "set_visuals", "map_data", "_paint", "hit_test", "draw_legend"];
const CDS_VIEW = ["compute_indices"];

/** Draw the long sources of this document from the rows in view: before it has views. */
export function useStandIns(document: BokehDocument): void {
  documents.add(document);
  const { version } = bokeh();
  if (checked.has(bokeh()) || !/^3\.(9|10)\./.test(version)) return;
  checked.add(bokeh());
  const { GlyphRenderer, GlyphRendererView } = glyphModule("models/renderers/glyph_renderer");
  const { CDSView, CDSViewView } = glyphModule("models/sources/cds_view");
  const has = (view: { prototype: object }, names: string[]) => names.every((name) => name in view.prototype);
  if (!has(GlyphRendererView, RENDERER) || !has(CDSViewView, CDS_VIEW)) return;
  replaceView(GlyphRenderer.prototype, GlyphRendererView, standInView(GlyphRendererView));
  replaceView(CDSView.prototype, CDSViewView, longCDSView(CDSViewView));
}

/** Build another view for models of these documents. */
function replaceView(prototype: object, original: unknown, ours: unknown): void {
  Object.defineProperty(prototype, "default_view", {
    configurable: true,
    get(this: { document?: object | null }) {
      return this.document && documents.has(this.document) ? ours : original;
    },
    // Subclasses have views of their own.
    set(value: unknown) {
      Object.defineProperty(this, "default_view", { configurable: true, writable: true, value });
    },
  });
}
