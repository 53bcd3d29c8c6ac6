import { LineRows } from "../long/line-rows";
import type { LongColumn } from "../long/long-column";
import { LongIndex } from "../long/long-index";
import { type Marks, MarkRows } from "../long/mark-rows";
import { PixelColumns, type ScreenAxis } from "../long/pixel-columns";
import { BREAK, RowList } from "../long/row-list";
import { type Run, between, runsOf } from "../long/runs";
import { SegmentRows } from "../long/segment-rows";
import { SourceColumns } from "../long/source-columns";
import {
  type Canvas, type Geometry, type GlyphRendererView, type GlyphView, type Indices, type IndicesClass, type Scale, type Selection,
  type Uniform, glyphModule,
} from "./glyphs";
import { PickedSource } from "./picked-source";
import { type LongGlyph, glyphsOf, isSeparate, specOf } from "./stand-in-choice";

/** Parts of a pixel that have rows of their own at rest, and while something moves. */
const FINE = 8, COARSE = 1;
/** As far as this a thick line may go up and down, in device pixels: without a graphics processor, ten million take seconds. */
const FARTHEST = 2_000_000;
/** So few rows a pixel are all drawn. */
const FEW = 16;
/** Marks are told apart by such parts of a pixel, or by larger ones where more would be drawn, at rest and while something moves. */
const MARKS = 2, MANY = 50_000, MANY_MOVING = 10_000, MOST_DOUBLINGS = 10;
/** After so long without a change the picture is drawn finely, and after so many times as long as that takes. */
const REST_MS = 150, REST = 2;
/** Where others shine through, so many marks one above the other are drawn. */
const MOST_LAYERS = 40;
/** A pointer is near a line within so many pixels and half the line's width. */
const NEAR = 3;

/** The rows of one renderer's view, in place of all. */
export class StandIn {
  #long!: LongGlyph;
  /** Views of glyphs have the attributes that are the same for all rows. */
  #isStyled = false;
  /** Another view of the renderer's rows has taken over. */
  #hasLeft = false;
  /** What the rows depend on. */
  #key = "";
  #bins = COARSE;
  #restMs = REST_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #rows = new RowList();
  readonly #marks = new MarkRows();
  readonly #segments = new SegmentRows();
  /** How the rows were chosen. */
  #rowsKey = "";
  /** All rows in the frame are drawn. */
  #isExact = true;
  #index: LongIndex<Indices> | null = null;
  /** How far marks reach from their points. */
  #reach = 0;
  #largest = 0;

  /** `mapData` computes the glyphs' screen coordinates. */
  constructor(private readonly view: GlyphRendererView, private readonly mapData: () => void) {}

  /** The data have changed. */
  async change(long: LongGlyph): Promise<void> {
    const { view } = this;
    this.#long = long;
    this.#index = null;
    this.#rowsKey = "";
    if (!this.#isStyled) {
      this.#isStyled = true;
      const glyphs = glyphsOf(view);
      await Promise.all(glyphs.map((glyph) => glyph.set_data(this.#picked([0]), this.#Indices.all_set(1))));
      if (this.#hasLeft) return;
      for (const glyph of glyphs) this.#style(glyph, [0]);
    }
    if (isSeparate(long.kind)) this.#measure();
    this.#showRows();
    view.plot_view.invalidate_dataranges = true;
  }

  /** Attributes of a glyph have changed. */
  restyle(): void {
    this.#isStyled = false;
    this.#key = "";
  }

  /** All rows are drawn from now on. */
  leave(): void {
    this.#hasLeft = true;
    clearTimeout(this.#timer);
  }

  paint(ctx: Canvas): void {
    const { inspected } = this.view.model.data_source;
    // BokehJS paints again when these change.
    const { indices, line_indices, multiline_indices, image_indices, selected_glyphs } = inspected;
    this.view._previous_inspected = { indices, line_indices, multiline_indices, image_indices, selected_glyphs };
    ctx.save();
    const begun = performance.now();
    try {
      if (isSeparate(this.#long.kind)) this.#paintSeparate(ctx);
      else this.#paintLine(ctx);
      if (this.#bins === FINE) this.#restMs = Math.max(REST_MS, REST * (performance.now() - begun));
      this.#refineLater();
    } finally {
      ctx.restore();
      this.#showRows();
    }
  }

  #refineLater(): void {
    clearTimeout(this.#timer);
    if (this.#bins === FINE || this.#isExact) return;
    this.#timer = setTimeout(() => {
      this.#bins = FINE;
      this.view.request_paint();
    }, this.#restMs);
  }

  hitTest(geometry: Geometry): Selection | null {
    const { view } = this;
    const { kind, rows } = this.#long;
    const { sorted } = kind;
    const { glyph } = view;
    const isAlong = geometry.type === "point" || (geometry.type === "span" && (geometry.direction === "h") === (sorted === "x"));
    if (isSeparate(kind) || !isAlong) return glyph.hit_test(geometry);
    // BokehJS looks at each row: give it those nearby.
    const near = NEAR + widthOf(glyph) / 2;
    const at = sorted === "x" ? geometry.sx : geometry.sy;
    const columns = new PixelColumns({ ...this.#sortedAxis, start: at - near, end: at + near }, 1);
    const [a, b] = columns.rowsIn(this.#long.sorted.values);
    const from = Math.max(0, a - 1), to = Math.min(rows, b + 1);
    for (const [name, { values }] of this.#columns) {
      const part = values.subarray(from, to);
      define(glyph, name, part);
      define(glyph, `s${name}`, Float32Array.from(part, this.#scale(name).s_compute));
    }
    glyph._data_size = to - from;
    try {
      const hit = glyph.hit_test(geometry);
      if (hit && from > 0) hit.line_indices = hit.line_indices.map((row) => row + from);
      return hit;
    } finally {
      this.#showRows();
    }
  }

  /** Draw the legend's glyph with the attributes of its row. Returns false if all rows have the same. */
  drawLegend(
    ctx: unknown, x0: number, x1: number, y0: number, y1: number, field: string | null, label: unknown, index: number | null,
  ): boolean {
    if (!this.#long.isVaried) return false;
    const { glyph, model } = this.view;
    const column = field === null ? undefined : (model.data_source.data[field] as ArrayLike<unknown> | undefined);
    const row = index ?? (column ? Math.max(0, Array.prototype.indexOf.call(column, label)) : 0);
    this.#style(glyph, [row]);
    glyph.draw_legend_for_index(ctx, { x0, x1, y0, y1 }, 0);
    return true;
  }

  get #Indices(): IndicesClass {
    return glyphModule("core/types").Indices;
  }

  /** Each coordinate's column. */
  get #columns(): [string, LongColumn][] {
    const { kind, sorted, values } = this.#long;
    return [[kind.sorted, sorted], ...kind.values.map((name, i): [string, LongColumn] => [name, values[i]!])];
  }

  #scale(name: string): Scale {
    const { x_scale, y_scale } = this.view.coordinates;
    return name.startsWith("x") ? x_scale : y_scale;
  }

  get #sortedAxis(): ScreenAxis {
    return axisOf(this.#scale(this.#long.kind.sorted));
  }

  /** What the rows of the view depend on. */
  #viewKey(): string {
    const { coordinates: { x_scale, y_scale }, canvas, model } = this.view;
    const ends = [x_scale, y_scale].flatMap(({ source_range: from, target_range: to }) => [from.start, from.end, to.start, to.end]);
    return [...ends, canvas.pixel_ratio, SourceColumns.of(model.data_source).version].join();
  }

  /** The sizes of rows, if they differ. */
  get #sizes(): ArrayLike<number> | null {
    const field = specOf(this.view.glyph, "size").field;
    return field === undefined ? null : (this.view.model.data_source.data[field] as ArrayLike<number>);
  }

  #measure(): void {
    const { glyph } = this.view;
    this.#largest = Number((glyph.size as Uniform | undefined)?.value ?? 0) || 0;
    const sizes = this.#sizes;
    for (let row = 0; sizes && row < sizes.length; row++) if (sizes[row]! > this.#largest) this.#largest = sizes[row]!;
    this.#reach = this.#largest / 2 + widthOf(glyph);
  }

  #paintLine(ctx: Canvas): void {
    const { view } = this;
    const { glyph, hover_glyph, model } = view;
    const { selected, inspected } = model.data_source;
    const { rows, kind: { form } } = this.#long;
    const all: Run[] = [[0, rows]];
    const isArea = form === "area";
    // BokehJS does not select areas when they are hit, and takes a hit of any glyph of the source for one of a line.
    const isWhole = !isArea && selected.selected_glyph === glyph.model;
    const isHit = isArea ? inspected.selected_glyphs.includes(glyph.model) : inspected.selected_glyph !== null;
    const hovered = !hover_glyph ? [] : isHit ? all : isArea ? [] : runsOf(inspected.indices, rows);
    if (selected.indices.length === 0 && !isWhole) {
      this.#paintRuns(ctx, hovered.length > 0 ? hover_glyph! : model.muted ? view.muted_glyph : glyph, hovered.length > 0 ? hovered : all);
      return;
    }
    const chosen = isWhole || isArea ? all : runsOf(selected.indices, rows);
    if (!isWhole) this.#paintRuns(ctx, view.nonselection_glyph, isArea ? all : between(chosen, rows));
    this.#paintRuns(ctx, view.selection_glyph, chosen);
    if (hover_glyph) this.#paintRuns(ctx, hover_glyph, isArea ? all : hovered);
  }

  /** Paint the rows of these runs, each for itself. */
  #paintRuns(ctx: Canvas, glyph: GlyphView, runs: readonly Run[]): void {
    const { kind: { form, values }, rows, sorted } = this.#long;
    const { view } = this;
    const { pixel_ratio } = view.canvas;
    const isAll = runs.length === 1 && runs[0]![0] === 0 && runs[0]![1] === rows;
    this.#look();
    const rowsKey = isAll ? `${this.#bins}` : "";
    if (rowsKey === "" || rowsKey !== this.#rowsKey) {
      this.#rowsKey = rowsKey;
      const lines = new LineRows(sorted, this.#long.values, axisOf(this.#scale(values[0]!)), form === "line");
      const isThick = form === "line" && widthOf(glyph) * pixel_ratio > 1;
      let bins = this.#bins;
      do {
        const columns = new PixelColumns(this.#sortedAxis, pixel_ratio * bins);
        const margin = Math.ceil((widthOf(glyph) / 2) * columns.ratio) + bins;
        this.#rows.clear();
        this.#isExact = true;
        for (const [i, [from, to]] of runs.entries()) {
          if (i > 0) this.#rows.push(BREAK);
          if (!lines.add(this.#rows, columns, from, to, FEW * columns.count / bins, margin)) this.#isExact = false;
        }
      } while (isThick && !this.#isExact && (bins /= 2) >= 1 && this.#travel() * pixel_ratio > FARTHEST);
    }
    this.#paintRows(ctx, glyph);
  }

  /** How far the line through the chosen rows goes up and down. */
  #travel(): number {
    const { kind, values: [{ values }] } = this.#long as LongGlyph & { values: [LongColumn] };
    const { s_compute } = this.#scale(kind.values[0]!);
    let travel = 0, before = NaN;
    for (const row of this.#rows.rows) {
      const at = row < 0 ? NaN : s_compute(values[row]!);
      travel += Math.abs(at - before) || 0;
      before = at;
    }
    return travel;
  }

  /** See whether anything has changed since the last time. */
  #look(): void {
    const key = this.#viewKey();
    if (key === this.#key) return;
    this.#bins = COARSE;
    this.#key = key;
    this.#rowsKey = "";
  }

  #paintSeparate(ctx: Canvas): void {
    const { view } = this;
    this.#look();
    this.#isExact = true;
    const { glyph, hover_glyph, model: { data_source: { selected, inspected }, muted } } = view;
    const { rows } = this.#long;
    // As for lines.
    const hovered = !hover_glyph ? null
      : inspected.selected_glyph !== null ? new Uint8Array(rows).fill(1)
      : inspected.indices.length > 0 ? bitsOf(inspected.indices, rows) : null;
    const chosen = selected.indices.length > 0 ? bitsOf(selected.indices, rows) : null;
    if (chosen) {
      this.#paintWanted(ctx, view.nonselection_glyph, (row) => !chosen[row] && !hovered?.[row]);
      this.#paintWanted(ctx, view.selection_glyph, (row) => chosen[row] === 1 && !hovered?.[row]);
    } else this.#paintWanted(ctx, muted ? view.muted_glyph : glyph, hovered && ((row) => !hovered[row]));
    if (hovered) this.#paintWanted(ctx, hover_glyph!, (row) => hovered[row] === 1);
  }

  #paintWanted(ctx: Canvas, glyph: GlyphView, isWanted: ((row: number) => boolean) | null): void {
    const { sorted, values, kind } = this.#long;
    const isFine = this.#bins === FINE;
    const ratio = this.view.canvas.pixel_ratio * MARKS;
    const along = new PixelColumns(this.#sortedAxis, ratio);
    const up = values.length > 0 ? new PixelColumns(axisOf(this.#scale(kind.values[0]!)), ratio) : null;
    const reach = Math.ceil(this.#reach * ratio);
    // Marks one above the other look like one that is less transparent.
    const canMerge = !this.#long.isVaried && !this.view.glyph.has_webgl() && !(glyph.hatch_pattern as Uniform | undefined)?.value;
    this.#rows.clear();
    if (kind.form === "segments") {
      const [y0, x1, y1] = values as [LongColumn, LongColumn, LongColumn];
      this.#segments.add(this.#rows, { x0: sorted, y0, x1, y1 }, along, up!, reach, isWanted);
    } else {
      const fewest = isFine ? (FEW * along.count) / MARKS : MANY_MOVING;
      // At rest, cells are at most half as wide as marks.
      const widest = this.#sizes ? 0 : Math.floor(Math.log2((this.#largest / 2) * ratio));
      const doublings = isFine ? Math.max(0, widest) : MOST_DOUBLINGS;
      const deep = canMerge || isOpaque(glyph) ? 1 : MOST_LAYERS;
      const marks: Marks = { reach, fewest, most: isFine ? MANY : MANY_MOVING, doublings, deep, sizes: this.#sizes };
      const isExact = this.#marks.add(this.#rows, along, sorted.values, up && { values: values[0]!.values, pixels: up }, marks, isWanted);
      if (!isExact) this.#isExact = false;
    }
    if (this.#long.isVaried) {
      this.#style(this.view.glyph, this.#rows.rows);
      if (glyph !== this.view.glyph) this.#style(glyph, this.#rows.rows);
    }
    const { layers } = this.#marks;
    if (kind.form !== "segments" && layers && canMerge) asLayers(glyph, layers, () => this.#paintRows(ctx, glyph));
    else this.#paintRows(ctx, glyph);
  }

  /** Give the glyph these rows and paint them. */
  #paintRows(ctx: Canvas, glyph: GlyphView): void {
    const { length } = this.#rows;
    if (length === 0) return;
    const base = this.view.glyph;
    if (this.#sizes) void base.set_data(this.#picked(this.#rows.rows), this.#Indices.all_set(length));
    else {
      for (const [name, { values }] of this.#columns) define(base, name, this.#rows.pick(values));
      base._data_size = length;
    }
    if (base.has_webgl()) base.glglyph!.set_data_changed();
    this.mapData();
    glyph.paint(ctx, upTo(length));
  }

  /** Attributes other than coordinates, for these rows. */
  #style(glyph: GlyphView, rows: ArrayLike<number>): void {
    glyph.set_visuals(this.#picked(rows), this.#Indices.all_set(rows.length));
    glyph.after_visuals();
  }

  #picked(rows: ArrayLike<number>): PickedSource {
    return new PickedSource(this.view.model.data_source, rows);
  }

  /** The glyph has all rows, by their numbers. */
  #showRows(): void {
    const { glyph } = this.view;
    const isRounded = this.#long.kind.values.length === 0;
    for (const [name, { values }] of this.#columns) {
      define(glyph, name, values);
      const screen = (row: number) => Math.fround(this.#scale(name).s_compute(values[row]!));
      define(glyph, `s${name}`, byRow(values.length, isRounded ? (row) => Math.round(screen(row)) : screen));
    }
    const sizes = this.#sizes;
    if (sizes) {
      define(glyph, "size", { is_scalar: false, length: sizes.length, get: (row: number) => sizes[row] });
      define(glyph, "max_size", this.#largest);
    }
    glyph._data_size = this.#long.rows;
    this.showIndex();
  }

  showIndex(): void {
    const { kind, rows, sorted, values } = this.#long;
    if (!this.#index) {
      const along = (name: string) => this.#columns.filter(([other]) => other.startsWith(name)).map(([, column]) => column.values);
      const [x, y] = [along("x"), along("y")].map((columns) => (columns.length > 0 ? columns : [new Uint8Array(rows)]));
      // Segments reach further than their first ends, by which they are sorted.
      const known = kind.form === "segments" ? null : { sorted, values, isAlongX: kind.sorted === "x" };
      this.#index = new LongIndex({ rows, x: x!, y: y! }, known, (size) => new this.#Indices(size));
    }
    this.view.glyph._index = this.#index;
  }
}

/** Of its line; 0 if it has none. */
function widthOf(glyph: GlyphView): number {
  return Number((glyph.line_width as Uniform | undefined)?.value ?? 0) || 0;
}

function bitsOf(indices: readonly number[], rows: number): Uint8Array {
  const bits = new Uint8Array(rows);
  for (const row of indices) bits[row] = 1;
  return bits;
}

let numbers = new Int32Array(0);

/** 0, 1, 2, … */
function upTo(length: number): Int32Array {
  if (numbers.length < length) numbers = Int32Array.from({ length: 2 * length }, (_, i) => i);
  return numbers.subarray(0, length);
}

/** Whether nothing shines through, as far as can be seen without looking at colours. */
function isOpaque(glyph: GlyphView): boolean {
  return !glyph.has_webgl() && looksOf(glyph).every(({ alpha }) => alpha.value === 1);
}

/** How the inside or the line of a glyph looks. */
interface Look {
  readonly name: string;
  readonly color: Uniform;
  readonly alpha: Uniform;
}

function looksOf(glyph: GlyphView): Look[] {
  const uniforms = glyph as unknown as Record<string, Uniform>;
  return ["fill", "line"].flatMap((part) => {
    const name = `${part}_alpha`, color = uniforms[`${part}_color`], alpha = uniforms[name];
    return color && alpha ? [{ name, color, alpha }] : [];
  });
}

/** Paint each mark as so many of them, one above the other, look. */
function asLayers(glyph: GlyphView, layers: Uint16Array, paint: () => void): void {
  const looks = looksOf(glyph);
  for (const { name, color, alpha } of looks) {
    // Colours are 0xRRGGBBAA; browsers and BokehJS have 255 steps.
    const own = Number(color.value) & 0xff;
    const through = 1 - Math.round(Number(alpha.value) * own) / 0xff;
    const get = (i: number) => ((1 - through ** layers[i]!) * 0xff) / (own || 1);
    define(glyph, name, { is_Scalar: () => false, length: layers.length, get });
  }
  try {
    paint();
  } finally {
    for (const { name, alpha } of looks) define(glyph, name, alpha);
  }
}

function axisOf({ type, source_range: source, target_range: target, s_compute }: Scale): ScreenAxis {
  return {
    start: Math.min(target.start, target.end),
    end: Math.max(target.start, target.end),
    descends: (source.end - source.start) * (target.end - target.start) < 0,
    above: type === "LogScale" ? 0 : -Infinity,
    compute: s_compute,
  };
}

/** Something like an array, of which only the rows that are asked for are computed. */
function byRow(length: number, value: (row: number) => number): object {
  return new Proxy({ length }, {
    get: (target, key) => (typeof key === "string" && key !== "length" ? value(Number(key)) : Reflect.get(target, key)),
  });
}

function define(glyph: GlyphView, name: string, value: unknown): void {
  Object.defineProperty(glyph, name, { configurable: true, enumerable: true, value });
}
