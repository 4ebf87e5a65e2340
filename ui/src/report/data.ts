// SPDX-License-Identifier: Apache-2.0
// The data of a report page: the shape that src/app/report_page_data.cpp writes, and what the page
// makes of it. Times are seconds from the first sample.
import { float32s, float64s } from '../lib/decode';
import { phaseOf } from '../lib/palette';

export interface PhasorJson {
  input: string;
  rms: number | null;
  angle: number | null;
}

export interface WindowJson {
  start_s: number;
  end_s: number;
  flagged: boolean;
  phasors: PhasorJson[];
}

interface TableJson {
  thinned: boolean;
  start_f64: string;
  end_f64: string;
  flagged: string;
  columns: { label: string; unit: string; f32: string }[];
}

export interface EventJson {
  type: 'dip' | 'swell' | 'interruption';
  start_s: number | null;
  start: string | null;
  end_s: number | null;
  end: string | null;
  duration_s: number | null;
  extreme_V: number | null;
  reference_V: number;
  threshold_ratio: number;
  line_to_line: boolean;
  worst_phase: number;
  phases: { involved: boolean; extreme_V: number | null }[];
}

/// A stretch of time that can be shown.
export interface SpanJson {
  start_s: number;
  start: string | null;
  end_s: number;
  end: string | null;
  duration_s: number | null;
}

export interface ChangeJson extends SpanJson {
  phase: number;
  max_V: number | null;
  max_percent: number | null;
  steady_V: number | null;
  steady_percent: number | null;
}

export interface TransientJson extends SpanJson {
  phase: number;
  peak_V: number | null;
  peak_percent: number | null;
}

export interface SignallingJson extends SpanJson {
  phase: number;
  carrier_Hz: number;
  max_percent: number | null;
}

export interface FaultJson {
  inception_s: number;
  inception: string | null;
  clearing_s: number | null;
  clearing: string | null;
  duration_s: number | null;
  phases: boolean[];
  ground: boolean;
  current_peak_A: (number | null)[];
  current_rms_A: (number | null)[];
  prefault_rms_A: (number | null)[];
  voltage_residual_V: (number | null)[];
  phase_jump_deg: (number | null)[];
}

export interface RegisterJson {
  label: string;
  unit: string;
  help: string;
  min: number | null;
  mean: number | null;
  max: number | null;
  last: number | null;
}

export interface StatusJson {
  name: string;
  initial: boolean;
  transitions: [number, boolean][];
}

export interface ReportJson {
  version: string;
  start: string | null;
  duration_s: number;
  source: {
    uri: string;
    format: string;
    station: string;
    device: string;
    trigger_s: number | null;
    samples: number;
    sample_rates_hz: number[];
    side: 'unknown' | 'primary' | 'secondary' | 'mixed';
    channels: { name: string; input: string; unit: string; scale: number }[];
  };
  system: {
    wiring: string;
    line_to_line: boolean;
    /// null where nothing tells it: no event is looked for then.
    nominal_voltage_V: number | null;
    nominal_frequency_Hz: number;
    dip_ratio: number;
    swell_ratio: number;
    interruption_ratio: number;
  };
  assumed: string[];
  warnings: string[];
  waveforms: {
    pieces: { start_s: number; step_s: number; count: number; envelope: boolean; gap: boolean }[];
    channels: { input: string; name: string; unit: string; f32: string }[];
  };
  statuses: StatusJson[];
  half_cycle: TableJson;
  trends: TableJson;
  windows: {
    of: number;
    list: WindowJson[];
    orders: number;
    harmonics: { input: string; mean_f32: string; windows_f32: string }[];
  };
  registers: RegisterJson[];
  events: EventJson[];
  changes: ChangeJson[];
  transients: TransientJson[];
  signalling: SignallingJson[];
  faults: FaultJson[];
}

/// One line of a chart, on the time axis of its set.
export interface Series {
  name: string;
  phase: number;
  unit: string;
  values: (number | null)[];
  /// Smallest and largest of the values that each point stands for.
  low?: (number | null)[];
  high?: (number | null)[];
}

export interface SeriesSet {
  x: number[];
  series: Series[];
}

export interface Harmonics {
  input: string;
  mean: (number | null)[];
  windows: (number | null)[][];
}

export interface Report {
  json: ReportJson;
  voltages: SeriesSet;
  currents: SeriesSet;
  /// Some points stand for several samples.
  envelope: boolean;
  shortestStep: number;
  rmsVoltages: SeriesSet;
  rmsCurrents: SeriesSet;
  frequency: SeriesSet;
  /// Labels of the 10/12-cycle values that can be drawn.
  trends: string[];
  harmonics: Harmonics[];
  registers: Map<string, RegisterJson>;
}

function waveforms(json: ReportJson['waveforms'], unit: string): SeriesSet {
  const x: number[] = [];
  // Where a gap precedes a piece a point without a value is put in, so that the line breaks.
  const breaks: number[] = [];
  let at = 0;
  for (const piece of json.pieces) {
    if (piece.gap && at > 0) {
      breaks.push(at);
      x.push(piece.start_s - piece.step_s / 2);
    }
    for (let k = 0; k < piece.count; ++k) {
      x.push(piece.start_s + k * piece.step_s);
    }
    at += piece.count;
  }
  const series = json.channels
    .filter((channel) => channel.unit === unit)
    .map((channel) => {
      const points = float32s(channel.f32);
      let values = points;
      if (breaks.length > 0) {
        values = [];
        let from = 0;
        for (const to of [...breaks, points.length]) {
          if (from > 0) {
            values.push(null);
          }
          for (let i = from; i < to; ++i) {
            values.push(points[i] ?? null);
          }
          from = to;
        }
      }
      return { name: channel.input, phase: phaseOf(channel.input), unit, values };
    });
  return { x, series };
}

const PHASE_OF_SUFFIX: Record<string, number> = { a: 0, b: 1, c: 2, ab: 0, bc: 1, ca: 2 };

/// Columns of a table as lines; a value stands at the middle of its interval.
function columns(json: TableJson, labels: readonly string[]): SeriesSet {
  const start = float64s(json.start_f64);
  const end = float64s(json.end_f64);
  const x = start.map((value, i) => (value + (end[i] ?? value)) / 2);
  const series: Series[] = [];
  for (const label of labels) {
    const column = json.columns.find((candidate) => candidate.label === label);
    if (column === undefined) {
      continue;
    }
    const values = float32s(column.f32);
    if (values.some((value) => value !== null)) {
      const suffix = label.split(' ').pop() ?? '';
      const phase = PHASE_OF_SUFFIX[suffix] ?? (label === 'HS Freq' ? 0 : 3);
      series.push({ name: label.replace(/^HS /, ''), phase, unit: column.unit, values });
    }
  }
  return { x, series };
}

const LINE_TO_NEUTRAL = ['HS Vln a', 'HS Vln b', 'HS Vln c', 'HS V4'];
const LINE_TO_LINE = ['HS Vll ab', 'HS Vll bc', 'HS Vll ca', 'HS V4'];

export function readReport(text: string): Report {
  const json = JSON.parse(text) as ReportJson;
  const lineToLine = columns(json.half_cycle, LINE_TO_LINE);
  const lineToNeutral = columns(json.half_cycle, LINE_TO_NEUTRAL);
  const useLineToLine = json.system.line_to_line || lineToNeutral.series.length === 0;
  const steps = json.waveforms.pieces.map((piece) => piece.step_s);
  const orders = json.windows.orders;
  return {
    json,
    voltages: waveforms(json.waveforms, 'V'),
    currents: waveforms(json.waveforms, 'A'),
    envelope: json.waveforms.pieces.some((piece) => piece.envelope),
    shortestStep: steps.reduce((least, step) => Math.min(least, step), Infinity),
    rmsVoltages: useLineToLine ? lineToLine : lineToNeutral,
    rmsCurrents: columns(json.half_cycle, ['HS I a', 'HS I b', 'HS I c', 'HS I 4', 'HS I 5']),
    frequency: columns(json.half_cycle, ['HS Freq']),
    trends: json.trends.columns
      .map((column) => column.label)
      .filter((label) => columns(json.trends, [label]).series.length > 0),
    harmonics: json.windows.harmonics.map((entry) => {
      const all = float32s(entry.windows_f32);
      return {
        input: entry.input,
        mean: float32s(entry.mean_f32),
        windows: json.windows.list.map((_, i) => all.slice(i * orders, (i + 1) * orders)),
      };
    }),
    registers: new Map(json.registers.map((register) => [register.label, register])),
  };
}

/// One 10/12-cycle quantity over the recording.
export function trendOf(report: Report, label: string): SeriesSet {
  return columns(report.json.trends, [label]);
}

/// Value of a line at a time: the nearest point, or null in a gap.
export function valueAt(set: SeriesSet, series: Series, time: number): number | null {
  const index = nearestIndex(set.x, time);
  return index === null ? null : (series.values[index] ?? null);
}

export function nearestIndex(x: readonly number[], time: number): number | null {
  if (x.length === 0) {
    return null;
  }
  let low = 0;
  let high = x.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] as number) < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const before = x[low - 1];
  return before !== undefined && time - before < (x[low] as number) - time ? low - 1 : low;
}
