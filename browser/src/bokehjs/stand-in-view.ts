import { LongIndex } from "../long/long-index";
import type { Numbers } from "../long/pyramid";
import { SourceColumns } from "../long/source-columns";
import type { Model } from "./bokeh";
import {
  type Canvas, type Geometry, type GlyphRendererView, type GlyphView, type Selection, type ViewClass, glyphModule,
} from "./glyphs";
import { StandIn } from "./stand-in";
import { KINDS, editTools, longGlyph } from "./stand-in-choice";

/**
 * A view of glyph renderers, to be put in place of BokehJS's (3.9, 3.10): where a source is long, it gives the glyph, each time it is
 * painted, only the rows that make up the picture.
 *
 * At all other times the glyph has the columns themselves, so that hover, tap and selection tools, which look up rows by
 * number, find all rows; its spatial index is answered from the columns.
 */
export function standInView(base: ViewClass<GlyphRendererView>): ViewClass<GlyphRendererView> {
  const Base = base as new (...given: never[]) => GlyphRendererView;

  return class StandInView extends Base {
    declare private stand?: StandIn;

    override async build_glyph_view(model: Model): Promise<GlyphView> {
      const glyph = await super.build_glyph_view(model);
      const { index_data } = glyph;
      // BokehJS calls this whenever a glyph gets rows.
      glyph.index_data = () => {
        if (this.stand && glyph === this.glyph) this.stand.showIndex();
        else if (!setScanIndex(glyph)) index_data.call(glyph);
      };
      return glyph;
    }

    override connect_signals(): void {
      const { data_source } = this.model;
      const { streaming, patching, change } = data_source;
      // Before BokehJS's own slots.
      for (const signal of [streaming, patching, change]) {
        this.connect(signal, () => SourceColumns.of(data_source).signalled());
      }
      const { glyph, selection_glyph, nonselection_glyph, hover_glyph, muted_glyph } = this;
      for (const { model } of [glyph, selection_glyph, nonselection_glyph, muted_glyph, hover_glyph ?? glyph]) {
        this.connect(model.change, () => this.stand?.restyle());
      }
      super.connect_signals();
      // A tool may edit the glyph from now on. BokehJS 3.10 does not always signal a toolbar's `active_changed`.
      const check = () => {
        if ((this.stand === undefined) !== (longGlyph(this) === null)) void this.update_data();
      };
      const watch = () => {
        for (const { properties } of editTools(this)) this.connect(properties.active!.change, check);
        check();
      };
      this.connect(this.plot_view.model.toolbar.properties.tools!.change, watch);
      watch();
    }

    override async set_data(changed?: number[]): Promise<void> {
      const long = longGlyph(this);
      if (long) {
        this.stand ??= new StandIn(this, () => super.map_data());
        await this.stand.change(long);
      } else {
        this.stand?.leave();
        delete this.stand;
        await super.set_data(changed);
      }
    }

    override async set_visuals(): Promise<void> {
      if (!this.stand) await super.set_visuals();
    }

    override _paint(ctx: Canvas): void {
      if (this.stand) this.stand.paint(ctx);
      else super._paint(ctx);
    }

    override hit_test(geometry: Geometry): Selection | null {
      return this.stand && this.model.visible ? this.stand.hitTest(geometry) : super.hit_test(geometry);
    }

    override draw_legend(...given: Parameters<GlyphRendererView["draw_legend"]>): void {
      if (!this.stand?.drawLegend(...given)) super.draw_legend(...given);
    }

    override remove(): void {
      this.stand?.leave();
      super.remove();
    }
  };
}

/** Lines and areas need an index for their bounds only: look at the rows when they are asked for. Returns false for others. */
function setScanIndex(glyph: GlyphView): boolean {
  const kind = KINDS[glyph.model.type];
  if (!kind || (kind.form !== "line" && kind.form !== "area")) return false;
  const columns = glyph as unknown as Record<string, Numbers>;
  const along = [columns[kind.sorted]!], across = kind.values.map((name) => columns[name]!);
  const [x, y] = kind.sorted === "x" ? [along, across] : [across, along];
  const { Indices } = glyphModule("core/types");
  glyph._index = new LongIndex({ rows: glyph._data_size ?? 0, x, y }, null, (size) => new Indices(size));
  return true;
}
