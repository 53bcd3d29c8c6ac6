import { LONG, type LongColumn } from "../long/long-column";
import { SourceColumns } from "../long/source-columns";
import type { Model, Source } from "./bokeh";
import type { GlyphRendererView, GlyphView, Spec, Tool } from "./glyphs";

/** Tags of a source or renderer that decide it. */
const ALWAYS = "bokeh_wsgi.view", NEVER = "bokeh_wsgi.all_rows";

/** How a glyph's coordinates are used: one must be sorted; the others lie across it. */
export interface Kind {
  readonly sorted: "x" | "y" | "x0";
  readonly values: readonly string[];
  /** Lines and edges of areas connect rows; marks and segments are separate. */
  readonly form: "line" | "area" | "marks" | "segments";
  /** The picture at gaps depends on more than the rows next to them. */
  readonly isWhole?: boolean;
}

export const KINDS: Readonly<Record<string, Kind>> = {
  Line: { sorted: "x", values: ["y"], form: "line" },
  Step: { sorted: "x", values: ["y"], form: "line" },
  VArea: { sorted: "x", values: ["y1", "y2"], form: "area" },
  HArea: { sorted: "y", values: ["x1", "x2"], form: "area" },
  VAreaStep: { sorted: "x", values: ["y1", "y2"], form: "area", isWhole: true },
  HAreaStep: { sorted: "y", values: ["x1", "x2"], form: "area", isWhole: true },
  Scatter: { sorted: "x", values: ["y"], form: "marks" },
  Segment: { sorted: "x0", values: ["y0", "x1", "y1"], form: "segments" },
  VSpan: { sorted: "x", values: [], form: "marks" },
  HSpan: { sorted: "y", values: [], form: "marks" },
};

const EDIT_TOOLS = /(Draw|Edit)Tool$/;
/** Attributes of rows on which more depends than their colour. */
const SHAPES = ["angle", "marker", "line_width"];

/** The columns of a glyph that is drawn from the rows of its view. */
export interface LongGlyph {
  readonly kind: Kind;
  readonly rows: number;
  readonly sorted: LongColumn;
  readonly values: readonly LongColumn[];
  /** Whether attributes other than coordinates differ between rows. */
  readonly isVaried: boolean;
}

/** Its columns, if the glyph can be drawn from the rows of its view; null: from all rows. */
export function longGlyph(view: GlyphRendererView): LongGlyph | null {
  const { model, glyph } = view;
  const kind = KINDS[glyph.model.type];
  const source = model.data_source;
  const tags = [...model.tags, ...((source as Model & { tags?: unknown[] }).tags ?? [])];
  if (!kind || tags.includes(NEVER) || !("data" in source) || glyph.decorations.size > 0) return null;
  const rows = source.get_length() ?? 0;
  if (rows < (tags.includes(ALWAYS) ? 2 : LONG) || model.view.filter.type !== "AllIndices" || view.plot_view.model.use_map) return null;
  const { x_scale, y_scale } = view.coordinates;
  if (![x_scale, y_scale].every(({ type, source_range }) => /^L(inear|og)Scale$/.test(type) && source_range.type !== "FactorRange")) return null;
  if (isEdited(view) || othersDiffer(view, [kind.sorted, ...kind.values])) return null;
  if (kind.form === "line" && glyphsOf(view).some(isDashed)) return null;
  const columns = SourceColumns.of(source);
  const column = (name: string): LongColumn | null => {
    const { field, value, transform } = specOf(glyph, name);
    if (transform != null) return null;
    if (typeof value === "number") return columns.constant(value, rows);
    const found = field !== undefined && Object.hasOwn(source.data, field) ? columns.column(field, source.data[field]) : null;
    return found?.length === rows ? found : null;
  };
  const sorted = column(kind.sorted);
  if (!sorted?.ascends) return null;
  const values = kind.values.map(column);
  if (!values.every((found) => found !== null)) return null;
  if (kind.isWhole && values.some(({ hasGaps }) => hasGaps)) return null;
  const varied = isSeparate(kind) ? glyphsOf(view).filter((each) => variedAttributes(each).length > 0) : [];
  const isVaried = varied.length > 0;
  if (!varied.every((each) => isPlain(each, source.data))) return null;
  return { kind, rows, sorted, values, isVaried };
}

/** Whether each row is drawn for itself. */
export function isSeparate({ form }: Kind): boolean {
  return form === "marks" || form === "segments";
}

/** The plot's tools that may move the rows of glyphs. */
export function editTools({ plot_view }: GlyphRendererView): Tool[] {
  const { tools } = plot_view.model.toolbar;
  return tools.flatMap((tool) => [tool, ...(tool.tools ?? [])]).filter(({ type }) => EDIT_TOOLS.test(type));
}

/** Whether a tool is active that moves the rows of this glyph. */
function isEdited(view: GlyphRendererView): boolean {
  return editTools(view).some(({ active, renderers }) => active && Array.isArray(renderers) && renderers.includes(view.model));
}

/** The glyph, and those for selected, muted or hovered rows. */
export function glyphsOf(view: GlyphRendererView): GlyphView[] {
  const { glyph, selection_glyph, nonselection_glyph, hover_glyph, muted_glyph, decimated_glyph } = view;
  const others = [selection_glyph, nonselection_glyph, muted_glyph, decimated_glyph];
  return [glyph, ...others, ...(hover_glyph ? [hover_glyph] : [])];
}

/** Whether a glyph for selected, muted or hovered rows has coordinates or a column of sizes of its own. */
function othersDiffer(view: GlyphRendererView, coordinates: readonly string[]): boolean {
  const [glyph, ...others] = glyphsOf(view) as [GlyphView, ...GlyphView[]];
  return others.some((other) => {
    const differs = (name: string, attributes: readonly (keyof Spec)[]) => {
      const own = specOf(other, name), base = specOf(glyph, name);
      return attributes.some((attribute) => own[attribute] !== base[attribute]);
    };
    return other.base !== glyph || differs("size", ["field"])
      || coordinates.some((name) => differs(name, ["field", "value", "transform"]));
  });
}

/** Whether its dashes begin at the first row. */
function isDashed(glyph: GlyphView): boolean {
  const { value } = specOf(glyph, "line_dash");
  return value !== undefined && value !== "solid" && (value as ArrayLike<unknown>).length > 0;
}

export function specOf({ model }: GlyphView, name: string): Spec {
  return (model.properties[name]?.get_value() ?? {}) as Spec;
}

/** Attributes that differ between rows, but for coordinates. */
function variedAttributes({ model }: GlyphView): string[] {
  return Object.keys(model.properties).filter((name) => {
    const spec = model.properties[name]!.is_unset ? null : (model.properties[name]!.get_value() as Spec | null);
    return !/^[xy][012]?$/.test(name) && spec !== null && typeof spec === "object" && (spec.field !== undefined || spec.expr != null);
  });
}

/** Whether each row's attributes can be looked up by its number. Arrays of colours have several forms. */
function isPlain(glyph: GlyphView, data: Source["data"]): boolean {
  return variedAttributes(glyph).every((name) => {
    const { field, transform } = specOf(glyph, name);
    const isText = !name.endsWith("color") || Array.isArray(data[field!]);
    return field !== undefined && transform == null && !SHAPES.includes(name) && isText;
  });
}
