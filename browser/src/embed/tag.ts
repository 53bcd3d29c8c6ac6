/** What an embed tag says: the attributes of the `<script>` element that runs autoload.js. */
export interface Tag {
  /** Where the server is mounted, with a slash at the end. */
  base: string;
  docid: string;
  /** Id or name of the one model to show; null: the whole document. */
  model: string | null;
  token: string;
  /** That of the BokehJS which the server has. */
  version: string;
  /** Id of the element to draw into; null: right after the tag. */
  elementId: string | null;
  script: HTMLScriptElement;
}
