import { type Model, type Source, type View, bokeh } from "./bokeh";

// Types of BokehJS's glyphs and their renderers, as in 3.9 and 3.10.

/** How an attribute of a glyph gets its values. */
export interface Spec {
  readonly field?: string;
  readonly value?: unknown;
  readonly expr?: unknown;
  readonly transform?: unknown;
}

/** Rows of a source as a set. */
export interface Indices {
  readonly count: number;
  set(row: number): void;
  ones(): number[];
}

export interface IndicesClass {
  new (size: number): Indices;
  all_set(size: number): Indices & { readonly size: number };
}

/** Numbers, texts or colours of rows, or one for all. */
export interface Uniform {
  readonly is_scalar?: boolean;
  readonly value?: unknown;
  get(row: number): unknown;
}

export interface GlyphView extends View {
  readonly line_width?: unknown;
  readonly hatch_pattern?: unknown;
  readonly size?: unknown;
  readonly base: GlyphView | null;
  readonly decorations: ReadonlyMap<unknown, unknown>;
  readonly glglyph?: { set_data_changed(): void };
  _index: unknown;
  _data_size: number | null;
  index_data(): void;
  map_data(): void;
  has_webgl(): boolean;
  set_data(source: object, indices: Indices, changed?: number[]): Promise<void>;
  set_visuals(source: object, indices: Indices): void;
  after_visuals(): void;
  paint(ctx: unknown, indices: ArrayLike<number>): void;
  hit_test(geometry: Geometry): Selection | null;
  draw_legend_for_index(ctx: unknown, box: object, index: number): void;
}

export interface Geometry {
  readonly type: "point" | "span" | "rect" | "poly";
  readonly direction?: "h" | "v";
  readonly sx: number;
  readonly sy: number;
}

export interface Selection {
  indices: number[];
  line_indices: number[];
  readonly multiline_indices: unknown;
  readonly image_indices: unknown;
  readonly selected_glyph: Model | null;
  readonly selected_glyphs: Model[];
}

export interface Scale {
  readonly type: string;
  readonly source_range: Model & { readonly start: number; readonly end: number };
  readonly target_range: { start: number; end: number };
  readonly s_compute: (value: number) => number;
}

export interface CDSView extends Model {
  readonly filter: Model;
  indices: Indices & { readonly size: number };
}

export interface CDSViewView extends View {
  readonly model: CDSView;
  readonly parent: View & { readonly data_source: { get_value(): { get_length(): number | null } } };
  compute_indices(): void;
}

export interface GlyphRenderer extends Model {
  readonly data_source: Source & { selected: Selection; inspected: Selection; get_length(): number | null };
  readonly glyph: Model;
  readonly view: CDSView;
  readonly visible: boolean;
  readonly muted: boolean;
  readonly tags: readonly unknown[];
}

export interface GlyphRendererView extends View {
  readonly model: GlyphRenderer;
  readonly glyph: GlyphView;
  readonly selection_glyph: GlyphView;
  readonly nonselection_glyph: GlyphView;
  readonly hover_glyph?: GlyphView;
  readonly muted_glyph: GlyphView;
  readonly decimated_glyph: GlyphView;
  readonly coordinates: { readonly x_scale: Scale; readonly y_scale: Scale };
  readonly plot_view: View & {
    invalidate_dataranges: boolean;
    readonly model: Model & { readonly use_map?: boolean; readonly toolbar: Model & { readonly tools: readonly Tool[] } };
  };
  readonly canvas: { readonly pixel_ratio: number };
  _previous_inspected: unknown;
  connect_signals(): void;
  connect(signal: unknown, slot: () => void): void;
  request_paint(): void;
  set_data(changed?: number[]): Promise<void>;
  set_visuals(): Promise<void>;
  update_data(changed?: number[]): Promise<void>;
  map_data(): void;
  _paint(ctx: Canvas): void;
  hit_test(geometry: Geometry): Selection | null;
  draw_legend(
    ctx: unknown, x0: number, x1: number, y0: number, y1: number, field: string | null, label: unknown, index: number | null,
  ): void;
  build_glyph_view(glyph: Model): Promise<GlyphView>;
}

export interface Canvas {
  save(): void;
  restore(): void;
}

export interface Tool extends Model {
  readonly active: boolean;
  readonly renderers?: readonly Model[] | "auto" | null;
  readonly tools?: readonly Tool[];
}

export type ViewClass<T extends View> = abstract new (...given: never[]) => T;

interface GlyphModules {
  "core/types": { Indices: IndicesClass };
  "models/renderers/glyph_renderer": {
    GlyphRenderer: { prototype: GlyphRenderer };
    GlyphRendererView: ViewClass<GlyphRendererView>;
  };
  "models/sources/cds_view": { CDSView: { prototype: CDSView }; CDSViewView: ViewClass<CDSViewView> };
}

export function glyphModule<Name extends keyof GlyphModules>(name: Name): GlyphModules[Name] {
  return (bokeh().require as (name: string) => GlyphModules[Name])(name);
}
