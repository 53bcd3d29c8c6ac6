import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFloatHex } from "../src/columns/ramp";

test("Python's float.hex() is parsed exactly, for all exponents", () => {
  const view = new DataView(new ArrayBuffer(8));
  for (let exponent = 0; exponent < 2047; exponent++) {
    for (const mantissa of [0n, 1n, 0xfffffffffffffn, 0x123456789abcdn]) {
      view.setBigUint64(0, (BigInt(exponent) << 52n) | mantissa);
      const digits = mantissa.toString(16).padStart(13, "0");
      const power = Math.max(exponent, 1) - 1023;
      const text = `0x${exponent === 0 ? 0 : 1}.${digits}p${power < 0 ? "" : "+"}${power}`;
      assert.equal(parseFloatHex(text), view.getFloat64(0), text);
      assert.equal(parseFloatHex(`-${text}`), -view.getFloat64(0), text);
    }
  }
  assert.ok(Object.is(parseFloatHex("-0x0.0p+0"), -0));
});

test("other texts are refused", () => {
  for (const text of ["", "1.5", "inf", "nan", "0x1p", "0x2.0p+0", undefined, null]) {
    assert.throws(() => parseFloatHex(text), /not a float.hex/);
  }
});
