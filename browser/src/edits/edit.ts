/** One change made in the page, as sent to the server: a document event in Bokeh's JSON. */
export interface Edit {
  kind: string;
  model?: { id: string };
  attr?: string;
  unset?: boolean;
  [field: string]: unknown;
}

/** What an edit sets, where only the last edit counts; null for edits that must all be sent. */
export function keyOf(
  { kind, model, attr, title }: Pick<Edit, "kind" | "model" | "attr"> & { title?: unknown },
): string | null {
  if (kind === "ModelChanged") return attributeKey(model!.id, attr!);
  return kind === "TitleChanged" && title !== undefined ? "title" : null;
}

export function attributeKey(model: string, attr: string): string {
  return `${model} ${attr}`;
}

/** Whether an edit changes the columns of a source. */
export function isOfColumns({ kind }: Edit): boolean {
  return kind.startsWith("Column");
}
