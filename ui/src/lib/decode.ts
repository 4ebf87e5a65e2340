// SPDX-License-Identifier: Apache-2.0
// Lists of numbers that travel as base64 of little-endian floats.

function bytesOf(base64: string): DataView {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) {
    bytes[i] = text.charCodeAt(i);
  }
  return new DataView(bytes.buffer);
}

/// NaN becomes null: a chart shows a gap.
export function float32s(base64: string): (number | null)[] {
  const view = bytesOf(base64);
  const values = new Array<number | null>(view.byteLength / 4);
  for (let i = 0; i < values.length; ++i) {
    const value = view.getFloat32(4 * i, true);
    values[i] = Number.isNaN(value) ? null : value;
  }
  return values;
}

export function float64s(base64: string): number[] {
  const view = bytesOf(base64);
  const values = new Array<number>(view.byteLength / 8);
  for (let i = 0; i < values.length; ++i) {
    values[i] = view.getFloat64(8 * i, true);
  }
  return values;
}
