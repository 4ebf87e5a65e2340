// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { float32s, float64s } from '../src/lib/decode';
import { phaseOf } from '../src/lib/palette';
import { nearestIndex, readReport, valueAt, type ReportJson } from '../src/report/data';

function base64Of(values: readonly number[], bytes: 4 | 8): string {
  const buffer = Buffer.alloc(values.length * bytes);
  values.forEach((value, i) => {
    if (bytes === 4) {
      buffer.writeFloatLE(value, 4 * i);
    } else {
      buffer.writeDoubleLE(value, 8 * i);
    }
  });
  return buffer.toString('base64');
}

function smallReport(): ReportJson {
  return {
    version: '0',
    start: null,
    duration_s: 1,
    source: {
      uri: '',
      format: '',
      station: '',
      device: '',
      trigger_s: null,
      samples: 0,
      sample_rates_hz: [],
      side: 'unknown',
      channels: [],
    },
    system: {
      wiring: '4w-wye',
      line_to_line: false,
      nominal_voltage_V: 230,
      nominal_frequency_Hz: 50,
      dip_ratio: 0.9,
      swell_ratio: 1.1,
      interruption_ratio: 0.05,
    },
    assumed: [],
    warnings: [],
    waveforms: {
      pieces: [
        { start_s: 0, step_s: 0.1, count: 2, envelope: false, gap: true },
        { start_s: 0.2, step_s: 0.05, count: 2, envelope: false, gap: false },
        { start_s: 0.8, step_s: 0.1, count: 1, envelope: true, gap: true },
      ],
      channels: [{ input: 'V2', name: 'UB', unit: 'V', f32: base64Of([1, 2, 3, NaN, 5], 4) }],
    },
    statuses: [],
    half_cycle: {
      thinned: false,
      start_f64: base64Of([0, 0.01], 8),
      end_f64: base64Of([0.02, 0.03], 8),
      flagged: '00',
      columns: [
        { label: 'HS Vln a', unit: 'V', f32: base64Of([230, 231], 4) },
        { label: 'HS Vln b', unit: 'V', f32: base64Of([NaN, NaN], 4) },
      ],
    },
    trends: { thinned: false, start_f64: '', end_f64: '', flagged: '', columns: [] },
    windows: { of: 0, list: [], orders: 0, harmonics: [] },
    registers: [],
    events: [],
    changes: [],
    transients: [],
    signalling: [],
    faults: [],
  };
}

test('numbers travel as little-endian base64 and NaN is no value', () => {
  assert.deepEqual(float32s(base64Of([1.5, NaN, -2], 4)), [1.5, null, -2]);
  assert.deepEqual(float64s(base64Of([0.1, 1e300], 8)), [0.1, 1e300]);
  assert.deepEqual(float32s(''), []);
});

test('a gap breaks the line, a change of rate does not', () => {
  const { voltages } = readReport(JSON.stringify(smallReport()));
  const close = voltages.x.map((time) => Number(time.toFixed(6)));
  assert.deepEqual(close, [0, 0.1, 0.2, 0.25, 0.75, 0.8]);
  assert.deepEqual(voltages.series[0]?.values, [1, 2, 3, null, null, 5]);
  assert.equal(voltages.series[0]?.phase, 1);
});

test('an rms value stands at the middle of its window; a column without values is left out', () => {
  const { rmsVoltages } = readReport(JSON.stringify(smallReport()));
  assert.deepEqual(
    rmsVoltages.x.map((time) => Number(time.toFixed(9))),
    [0.01, 0.02],
  );
  assert.deepEqual(
    rmsVoltages.series.map((line) => line.name),
    ['Vln a'],
  );
});

test('a cursor reads the nearest point', () => {
  const x = [0, 1, 2, 4];
  for (const [time, index] of [
    [-5, 0],
    [0.4, 0],
    [0.6, 1],
    [2.9, 2],
    [3.1, 3],
    [99, 3],
  ] as const) {
    assert.equal(nearestIndex(x, time), index);
  }
  assert.equal(nearestIndex([], 1), null);
  const { voltages } = readReport(JSON.stringify(smallReport()));
  const line = voltages.series[0];
  assert.ok(line);
  assert.equal(valueAt(voltages, line, 0.11), 2);
  assert.equal(valueAt(voltages, line, 0.5), null);
});

test('neutral inputs are no phase', () => {
  assert.deepEqual(['V1', 'I2', 'V3', 'V4', 'I5'].map(phaseOf), [0, 1, 2, 3, 3]);
});
