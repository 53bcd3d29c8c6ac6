import { FrameError } from "../arrow/frame-error";
import { type Op, OpCode } from "../arrow/op";
import { MAX_DECIMALS } from "./from-integers";

/** How many decimals the op's floats have that are sent as integers; null if they are sent as they are. */
export function decimalsOf({ code, dtype, json, column, model }: Op): number | null {
  if (!json || code === OpCode.RAMP) return null;
  const { decimals } = JSON.parse(json) as { decimals?: unknown };
  if (decimals === undefined) return null;
  const isFloat = dtype === "float64" || dtype === "float32";
  if (isFloat && Number.isInteger(decimals) && (decimals as number) >= 0 && (decimals as number) <= MAX_DECIMALS) {
    return decimals as number;
  }
  throw new FrameError(`column ${column} of ${model}: there are no ${dtype} with ${JSON.stringify(decimals)} decimals`);
}
