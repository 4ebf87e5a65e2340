// SPDX-License-Identifier: Apache-2.0
// Numbers, units and times as text: five significant digits, SI prefixes by magnitude, an em dash
// for what is not available.

export const NOT_AVAILABLE = '—';

export type Value = number | null | undefined;

const PREFIXES: readonly [number, string][] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1, ''],
  [1e-3, 'm'],
  [1e-6, 'µ'],
];

const PREFIXED_UNITS = new Set(['V', 'A', 'W', 'VA', 'VAR', 'Wh', 'VAh', 'VARh', 's']);

export function isAvailable(value: Value): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

const withMinus = (text: string) => text.replace('-', '−');

/// How to show values of one unit together: value × factor with `decimals` places and `unit`.
export interface Scale {
  factor: number;
  unit: string;
  decimals: number;
}

/// The scale with which the largest of the values has five significant digits.
export function scaleOf(values: Iterable<Value>, unit: string): Scale {
  let base = unit;
  let toBase = 1;
  if (unit.startsWith('k') && PREFIXED_UNITS.has(unit.slice(1))) {
    base = unit.slice(1);
    toBase = 1000;
  }
  let largest = 0;
  for (const value of values) {
    if (isAvailable(value)) {
      largest = Math.max(largest, Math.abs(value * toBase));
    }
  }
  // 999.996 becomes 1.0000 k, not 1000.0.
  const rounded = Number(largest.toPrecision(5));
  let prefix: readonly [number, string] = [1, ''];
  if (PREFIXED_UNITS.has(base) && rounded > 0) {
    prefix = PREFIXES.find(([size]) => rounded >= size) ?? [1e-6, 'µ'];
  }
  const shown = rounded / prefix[0];
  let decimals = 4;
  if (base === '°') {
    decimals = 2;
  } else if (base === '%') {
    decimals = shown >= 100 ? 2 : 3;
  } else if (shown >= 1) {
    decimals = Math.max(0, 4 - Math.floor(Math.log10(shown)));
  }
  const shownUnit = base === '1' ? '' : prefix[1] + base;
  return { factor: toBase / prefix[0], unit: shownUnit, decimals };
}

/// The number alone, in a scale.
export function number(value: Value, scale: Scale): string {
  if (!isAvailable(value)) {
    return NOT_AVAILABLE;
  }
  const text = (value * scale.factor).toFixed(scale.decimals);
  return withMinus(Number(text) === 0 ? text.replace('-', '') : text);
}

/// One value with its unit: "230.40 V", "20.120 kV".
export function quantity(value: Value, unit: string): string {
  if (!isAvailable(value)) {
    return NOT_AVAILABLE;
  }
  const scale = scaleOf([value], unit);
  return scale.unit === '°' || scale.unit === ''
    ? number(value, scale) + scale.unit
    : `${number(value, scale)} ${scale.unit}`;
}

/// A duration or a time from the start of the recording: "83.4 ms", "1.2345 s", "2 min 03.5 s".
export function seconds(value: Value): string {
  if (!isAvailable(value)) {
    return NOT_AVAILABLE;
  }
  const size = Math.abs(value);
  if (size >= 120) {
    const minutes = Math.trunc(size / 60);
    const sign = value < 0 ? '−' : '';
    const rest = (size - minutes * 60).toFixed(1).padStart(4, '0');
    return `${sign}${minutes} min ${rest} s`;
  }
  if (size >= 1 || size === 0) {
    return withMinus(`${value.toFixed(size >= 10 ? 3 : 4)} s`);
  }
  if (size >= 1e-3) {
    return withMinus(`${(value * 1e3).toFixed(size >= 0.1 ? 1 : 2)} ms`);
  }
  return withMinus(`${(value * 1e6).toFixed(1)} µs`);
}

/// Both ends of a span in one unit: "610.0 … 730.0 ms".
export function span(from: number, to: number): string {
  const size = Math.max(Math.abs(from), Math.abs(to));
  const [factor, unit] = size < 1 ? [1e3, 'ms'] : [1, 's'];
  const digits = Math.min(Math.max(Math.ceil(-Math.log10((to - from) * factor)) + 3, 1), 7);
  const text = (value: number) => withMinus((value * factor).toFixed(digits));
  return `${text(from)} … ${text(to)} ${unit}`;
}

/// "2015-09-17 10:52:53.065" of an ISO 8601 text with up to nine digits of a second.
export function dateTime(iso: string | null, digits = 6): string {
  if (iso === null) {
    return NOT_AVAILABLE;
  }
  const [date = '', rest = ''] = iso.replace('Z', '').split('T');
  const [clock = '', fraction = ''] = rest.split('.');
  return `${date} ${clock}.${fraction.slice(0, digits).padEnd(digits, '0')}`;
}

/// "10:52:53.065" of an ISO 8601 text.
export function clock(iso: string | null, digits = 4): string {
  return dateTime(iso, digits).split(' ').pop() ?? NOT_AVAILABLE;
}

/// Time of day, UTC, of `offset` seconds after an ISO 8601 instant, to the microsecond.
export function timeOfDay(iso: string, offset: number): string {
  const match = /T(\d+):(\d+):(\d+)(?:\.(\d+))?/.exec(iso);
  if (match === null) {
    return NOT_AVAILABLE;
  }
  const [, hours, minutes, secs, fraction = '0'] = match;
  const start =
    Number(hours) * 3600 + Number(minutes) * 60 + Number(secs) + Number(`0.${fraction}`);
  const micros = Math.round((start + offset) * 1e6);
  const day = 86400e6;
  const inDay = ((micros % day) + day) % day;
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  const hms = `${two(inDay / 3600e6)}:${two((inDay / 60e6) % 60)}:${two((inDay / 1e6) % 60)}`;
  return `${hms}.${String(inDay % 1e6).padStart(6, '0')}`;
}
