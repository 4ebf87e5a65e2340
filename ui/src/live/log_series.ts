// SPDX-License-Identifier: Apache-2.0
// Rows of a log as lines of charts.
import { epochSeconds } from '../lib/local_time';
import type { Series, SeriesSet } from '../report/data';
import type { LogRows } from './types';

const PHASE_OF: Record<string, number> = { a: 0, b: 1, c: 2, ab: 0, bc: 1, ca: 2 };

/// The phase that a label names, if any: "Vln a", "V2 THD", "I a sd mx".
export function phaseOfLabel(label: string): number | null {
  const input = /^[VI]([1-5])\b/.exec(label);
  if (input !== null) {
    return Math.min(Number(input[1]) - 1, 3);
  }
  for (const word of label.split(' ')) {
    const phase = PHASE_OF[word];
    if (phase !== undefined) {
      return phase;
    }
  }
  return /^I [45]$/.test(label) ? 3 : null;
}

/// One set of lines for each unit, in the order of the columns. Where rows are missing a point without
/// a value breaks the line.
export function seriesOf(rows: LogRows): SeriesSet[] {
  const x: number[] = [];
  /// Index of the row of each point; -1 in a gap.
  const row: number[] = [];
  rows.time.forEach((time, i) => {
    const at = epochSeconds(time);
    const before = x[x.length - 1];
    if (rows.gap_before[i] === true && before !== undefined) {
      x.push((before + at) / 2);
      row.push(-1);
    }
    x.push(at);
    row.push(i);
  });
  const pick = (column: readonly (number | null)[] | undefined) =>
    row.map((i) => (i < 0 ? null : (column?.[i] ?? null)));
  const sets = new Map<string, SeriesSet>();
  rows.columns.forEach(({ label, unit }, c) => {
    const set = sets.get(unit) ?? { x, series: [] };
    sets.set(unit, set);
    const taken = set.series.map((line) => line.phase);
    const own = phaseOfLabel(label);
    const phase =
      own !== null && !taken.includes(own)
        ? own
        : ([0, 1, 2, 3].find((candidate) => !taken.includes(candidate)) ?? own ?? 3);
    const line: Series = { name: label, phase, unit, values: pick(rows.values[c]) };
    if (rows.low?.[c] !== undefined && rows.high?.[c] !== undefined) {
      line.low = pick(rows.low[c]);
      line.high = pick(rows.high[c]);
    }
    set.series.push(line);
  });
  return [...sets.values()];
}

/// Which columns to show when nobody chose: the total power, else the first of one unit.
export function usualColumns(columns: readonly { label: string; unit: string }[]): string[] {
  const voltages = columns.filter(({ label }) => /^Vl[ln] (a|b|c|ab|bc|ca)$/.test(label));
  const some = voltages.filter(({ label }) => label.startsWith('Vln'));
  const chosen = (some.length > 0 ? some : voltages).slice(0, 3).map(({ label }) => label);
  const power = columns.find(({ label }) => label === 'kW tot');
  if (power !== undefined) {
    chosen.push(power.label);
  }
  if (chosen.length > 0) {
    return chosen;
  }
  const first = columns[0];
  return columns
    .filter(({ unit }) => unit === first?.unit)
    .slice(0, 3)
    .map(({ label }) => label);
}
