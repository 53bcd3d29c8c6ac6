declare module "*.wasm" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module "*.wasm.deflate" {
  const base64: string;
  export default base64;
}

declare module "*.worker.js" {
  const code: string;
  export default code;
}

/** Not among flechette's exports: its reader of a single message. */
declare module "@uwdata/flechette/src/decode/message.js" {
  export interface DataType {
    typeId: number;
    bitWidth?: number;
    children?: { type: DataType }[];
  }

  /** Of a schema message the fields, of a record batch message the rest. */
  export interface Content {
    fields: { name: string; type: DataType }[];
    length: number;
    regions: { offset: number; length: number }[];
    compression: object | null;
    body: Uint8Array;
  }

  export function decodeMessage(bytes: Uint8Array, index: number): { content: Content };
}
