import { LONG } from "../long/long-column";
import { type CDSView, type CDSViewView, type ViewClass, glyphModule } from "./glyphs";

/**
 * A view of CDSViews, to be put in place of BokehJS's (3.9, 3.10): if all rows of a long source are shown, it does not write down
 * all of their numbers at each change, but only when something asks for them.
 */
export function longCDSView(base: ViewClass<CDSViewView>): ViewClass<CDSViewView> {
  const Base = base as new (...given: never[]) => CDSViewView;

  return class LongCDSView extends Base {
    override compute_indices(): void {
      const { model } = this;
      const rows = this.parent.data_source.get_value().get_length() ?? 1;
      for (const name of [...LISTS, ...Object.keys(same)]) delete (model as unknown as Record<string, unknown>)[name];
      if (model.filter.type !== "AllIndices" || rows < LONG) return super.compute_indices();
      const known = model.properties.indices!.is_unset ? null : model.indices;
      if (known?.size !== rows || known.count !== rows) {
        model.indices = glyphModule("core/types").Indices.all_set(rows);
      }
      Object.assign(model, same);
      const compute = () => super.compute_indices();
      for (const name of LISTS) {
        Object.defineProperty(model, name, {
          configurable: true,
          get() {
            for (const list of LISTS) delete this[list];
            compute();
            return this[name];
          },
          set(value: unknown) {
            delete this[name];
            this[name] = value;
          },
        });
      }
    }
  };
}

/** Lists of all row numbers. */
const LISTS = ["_indices", "indices_array", "indices_map"];

/** Methods of a CDSView that has all rows: numbers in it are those of the source. */
const same: ThisType<CDSView> & object = {
  get_subset_index(row: number) {
    return row;
  },
  has_subset_index(row: number) {
    return row >= 0 && row < this.indices.size;
  },
  convert_selection_from_subset: (selection: unknown) => selection,
  convert_selection_to_subset: (selection: unknown) => selection,
  convert_indices_from_subset: (rows: unknown) => rows,
  get_reference_point(column: ArrayLike<unknown>, value: unknown) {
    const row = Array.prototype.findIndex.call(column, (item) => item == value);
    return row < 0 ? null : row;
  },
};
