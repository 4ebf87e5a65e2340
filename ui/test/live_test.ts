// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axisNumbers, clockTicks, timeTicks } from '../src/charts/time_chart';
import { epochSeconds, isoOf, localTime, utcTitle, zoneAt } from '../src/lib/local_time';
import { stickyScale } from '../src/lib/sticky_scale';
import { formatFragment, parseFragment } from '../src/live/address';
import { missingCompanion } from '../src/live/analysis';
import { errorText } from '../src/live/api';
import { counterDigits } from '../src/live/counter';
import { mergeNewest, thresholdLevels } from '../src/live/disturbances';
import { barsOf, highestOrder } from '../src/live/harmonics';
import { problemsOf } from '../src/live/health';
import { markedSpans, marksOf } from '../src/live/mark_strips';
import { phaseOfLabel, seriesOf, usualColumns } from '../src/live/log_series';
import { Minute } from '../src/live/minute';
import { numberOf, qualityOf } from '../src/live/quality';
import type { Disturbance, LogRows, Reading, Waveform } from '../src/live/types';
import { limitLevels, rmsOf, samplesOf } from '../src/live/waves';
import { phaseAngleOf, wiringHints } from '../src/live/wiring_hints';

process.env['TZ'] = 'Europe/Berlin';

function reading(change: Partial<Reading> = {}): Reading {
  return {
    label: 'Vln a',
    value: 230,
    unit: 'V',
    time: '2026-01-05T08:00:00Z',
    flagged: false,
    complete: true,
    clock_ok: true,
    sync_ok: true,
    ...change,
  };
}

test('the address holds any value and comes back the same', () => {
  const parameters = { page: 'trends', meter: 'a&b=c #1', cols: 'kW tot,Vln a' };
  assert.deepEqual(parseFragment(formatFragment(parameters)), parameters);
  assert.equal(formatFragment({ page: 'scope', mode: '' }), '#page=scope');
});

test('marks are told apart, and a value that is not there has none', () => {
  assert.deepEqual(qualityOf(reading(), true), { available: true, held: false, marks: [] });
  const doubtful = reading({ flagged: true, complete: false, clock_ok: false, sync_ok: false });
  assert.deepEqual(qualityOf(doubtful, false), {
    available: true,
    held: true,
    marks: ['flagged', 'incomplete', 'clock', 'sync'],
  });
  for (const missing of [undefined, reading({ value: null }), reading({ value: NaN })]) {
    assert.equal(qualityOf(missing, true).available, false);
    assert.equal(numberOf(missing), null);
  }
});

test('times are local with their zone, and keep their digits', () => {
  const iso = '2026-01-05T08:00:03.123456789Z';
  assert.equal(localTime(iso, 6), '2026-01-05 09:00:03.123456');
  assert.equal(zoneAt(iso), 'UTC+01:00');
  assert.equal(zoneAt('2026-07-05T08:00:00Z'), 'UTC+02:00');
  assert.equal(utcTitle(iso), '2026-01-05 08:00:03.123456 UTC');
  assert.equal(localTime(null), '—');
  assert.ok(
    Math.abs(epochSeconds(iso) - (Date.parse('2026-01-05T08:00:03Z') / 1e3 + 0.123456789)) < 1e-6,
  );
  assert.equal(isoOf(epochSeconds('2026-01-05T08:00:03.999999Z')), '2026-01-05T08:00:03.999999Z');
});

test('ticks of a clock show the day where it begins', () => {
  const at = (text: string) => Date.parse(text) / 1000;
  assert.deepEqual(clockTicks([at('2026-01-05T22:30:00Z'), at('2026-01-05T23:00:00Z')]), [
    '23:30',
    '01-06',
  ]);
  assert.deepEqual(clockTicks([at('2026-01-05T08:00:01Z'), at('2026-01-05T08:00:01.5Z')]), [
    '09:00:01.0',
    '09:00:01.5',
  ]);
});

test('ticks of an axis are not rounded', () => {
  assert.deepEqual(axisNumbers([-2.5, 0, 2.5], 1), ['−2.5', '0.0', '2.5']);
  assert.deepEqual(axisNumbers([0, 20000, 40000], 1e-3), ['0', '20', '40']);
  assert.deepEqual(axisNumbers([0, 0.025], 1), ['0.000', '0.025']);
  assert.deepEqual(timeTicks([0, 0.0025, 0.005]), ['0.0 ms', '2.5 ms', '5.0 ms']);
  assert.deepEqual(timeTicks([0, 0.02]), ['0 ms', '20 ms']);
  assert.deepEqual(timeTicks([0, 2, 4]), ['0 s', '2 s', '4 s']);
});

test('a counter has fixed digits', () => {
  assert.deepEqual(counterDigits(12.3456), { leading: '000\u2009000\u20090', rest: '12.346' });
  assert.deepEqual(counterDigits(-1234.5), { leading: '000\u200900', rest: '−1\u2009234.500' });
  assert.deepEqual(counterDigits(0), { leading: '000\u2009000\u200900', rest: '0.000' });
  assert.equal(counterDigits(null).rest, '—');
  const { leading, rest } = counterDigits(123456789.9996);
  assert.equal(leading + rest, '123\u2009456\u2009790.000');
});

test('a scale does not go back and forth at a power of ten', () => {
  const above = stickyScale(undefined, [1000.2], 'V');
  assert.equal(above.unit, 'kV');
  const below = stickyScale(above, [999.1], 'V');
  assert.deepEqual(below, above);
  assert.equal(stickyScale(below, [940], 'V').unit, 'V');
  assert.equal(stickyScale(stickyScale(undefined, [99.5], 'A'), [100.1], 'A').decimals, 2);
});

test('the last minute forgets what is older and breaks where nothing came', () => {
  const minute = new Minute();
  const put = (now: number, value: number | null) =>
    minute.add(now, ['x'], new Map([['x', reading({ label: 'x', value })]]));
  put(0, 1);
  put(1000, 5);
  put(10_000, 2);
  assert.deepEqual(
    minute.line('x', 10_000).map(([, value]) => value),
    [1, 5, null, 2],
  );
  put(60_500, 3);
  assert.deepEqual(minute.extremes(['x']), [2, 5]);
  assert.equal(minute.line('x', 60_500)[0]?.[1], 5);
  assert.equal(minute.line('x', 60_500).slice(-1)[0]?.[0], 1);
  assert.equal(minute.extremes(['y']), null);
});

test('harmonics stand at their orders, as shares or absolute', () => {
  const spectrum = reading({ value: [100, 50, null, 200] });
  assert.deepEqual(barsOf(spectrum, 1, null, false), [null, 100, 50, null, 200]);
  assert.deepEqual(barsOf(spectrum, 1, 230, true), [null, 230, 115, null, 460]);
  assert.deepEqual(barsOf(spectrum, 1, null, true), [null, null, null, null, null]);
  assert.equal(highestOrder([barsOf(spectrum, 1, null, false), [null, 100, null]]), 4);
  assert.equal(highestOrder([[null, null]]), 0);
});

test('phasors tell the rotation, a reversed current and a missing voltage', () => {
  const phasors = (angles: number[], phi: number[], rms = [230, 230, 230]) => [
    ...angles.map((angle, k) => ({ input: `V${k + 1}`, rms: rms[k] as number, angle })),
    ...angles.map((angle, k) => ({
      input: `I${k + 1}`,
      rms: 10,
      angle: angle - (phi[k] as number),
    })),
  ];
  const good = phasors([0, -120.3, 119.8], [18, 20, 15]);
  assert.deepEqual(wiringHints(good), { rotation: 'right', reversed: [], missing: [] });
  assert.equal(phaseAngleOf(good, 'I2'), 20);
  assert.equal(wiringHints(phasors([0, 120, -120], [18, 20, 15])).rotation, 'left');
  assert.equal(wiringHints(phasors([0, 0, 0], [0, 0, 0])).rotation, 'none');
  assert.deepEqual(wiringHints(phasors([0, -120, 120], [18, -165, 15])).reversed, ['I2']);
  assert.deepEqual(wiringHints(phasors([0, -120, 120], [170, -165, 175])).reversed, []);
  assert.deepEqual(wiringHints(phasors([0, -120, 120], [170, 10, 175])).reversed, ['I2']);
  assert.deepEqual(wiringHints(phasors([0, -120, 120], [9, 9, 9], [230, 2, 230])).missing, ['V2']);
});

const rows: LogRows = {
  columns: [
    { label: 'Vln b', unit: 'V' },
    { label: 'kW tot', unit: 'kW' },
    { label: 'Vll bc', unit: 'V' },
  ],
  rows: 3,
  time: ['2026-01-05T08:00:00Z', '2026-01-05T08:01:00Z', '2026-01-05T08:05:00Z'],
  values: [
    [230, 231, 229],
    [5, null, 7],
    [400, 401, 402],
  ],
  low: [
    [220, 221, 219],
    [1, null, 2],
    [390, 391, 392],
  ],
  high: [
    [240, 241, 239],
    [9, null, 8],
    [410, 411, 412],
  ],
  gap_before: [false, false, true],
  flagged: [false, true, true],
  complete: [true, true, false],
  clock_ok: [true, true, true],
  sync_ok: [true, true, true],
};

test('marks of points are spans, and none reaches over missing rows', () => {
  const at = (time: string) => Date.parse(`2026-01-05T${time}Z`) / 1e3;
  assert.deepEqual(markedSpans(rows), [
    [
      'flagged',
      [
        [at('08:00:00'), at('08:01:00')],
        [at('08:05:00'), at('08:05:00')],
      ],
    ],
    ['incomplete', [[at('08:05:00'), at('08:05:00')]]],
  ]);
  assert.deepEqual(marksOf(rows, 0), []);
});

test('rows of a log become lines by unit, broken where rows are missing', () => {
  const [volts, power] = seriesOf(rows);
  const start = Date.parse('2026-01-05T08:00:00Z') / 1000;
  assert.deepEqual(volts?.x, [start, start + 60, start + 180, start + 300]);
  assert.deepEqual(volts?.series[0]?.values, [230, 231, null, 229]);
  assert.deepEqual(volts?.series[0]?.low, [220, 221, null, 219]);
  assert.deepEqual(power?.series[0]?.high, [9, null, null, 8]);
  const phases = volts?.series.map((line) => line.phase);
  assert.equal(phases?.[0], 1);
  assert.notEqual(phases?.[1], 1, 'two lines of one chart do not look the same');
});

test('labels name their phase', () => {
  const expected: [string, number | null][] = [
    ['Vln a', 0],
    ['Vll bc', 1],
    ['I c sd mx', 2],
    ['V2 THD', 1],
    ['I4 ang', 3],
    ['I 4', 3],
    ['kW tot', null],
    ['Freq', null],
  ];
  for (const [label, phase] of expected) {
    assert.equal(phaseOfLabel(label), phase, label);
  }
});

test('columns that nobody chose: voltages and the total power, else some of one unit', () => {
  assert.deepEqual(usualColumns(rows.columns), ['Vln b', 'kW tot']);
  assert.deepEqual(
    usualColumns([
      { label: 'kVARh del', unit: 'kVARh' },
      { label: 'kWh del', unit: 'kWh' },
    ]),
    ['kVARh del'],
  );
  assert.deepEqual(usualColumns([]), []);
});

test('what the process as a whole suffers from is said once, meters apart', () => {
  const checks = [
    { name: 'meter a', status: 'failing', message: 'out' },
    { name: 'store', status: 'failing', message: 'the disk is full' },
    { name: 'web', status: 'ok', message: '' },
  ];
  assert.deepEqual(problemsOf({ checks }), ['store: the disk is full']);
});

test('lists merge without doubles, newest first', () => {
  const merged = mergeNewest([{ id: 3 }, { id: 1 }], [{ id: 2 }, { id: 3 }], (entry) => entry.id);
  assert.deepEqual(
    merged.map(({ id }) => id),
    [3, 2, 1],
  );
});

test('threshold lines are drawn only over the waves that they are about', () => {
  const event = { threshold_percent: 90, reference_V: 230, channel_set: 'L-N' } as Disturbance;
  const [up, down] = thresholdLevels(event, '4w-wye', false);
  assert.ok(Math.abs((up as number) - 0.9 * 230 * Math.SQRT2) < 1e-9);
  assert.equal(down, -(up as number));
  assert.deepEqual(thresholdLevels({ ...event, channel_set: 'L-L' }, '3w-wye', false), []);
  assert.equal(thresholdLevels({ ...event, channel_set: 'L-L' }, 'delta', false).length, 2);
  // Over rms values a threshold is one line, at its own height.
  assert.deepEqual(thresholdLevels(event, '4w-wye', true), [207]);
  assert.deepEqual(limitLevels([85, null], 200, true), [170]);
  assert.deepEqual(limitLevels([85, 110], null, true), []);
});

test('of a long disturbance beginning and end are on one axis, broken between', () => {
  const part = (start: string, values: number[]): Waveform => ({
    start,
    rate_Hz: 100,
    channels: { V1: values, I1: values },
    rms: { time: [start], channels: { V1: [7], I1: [1] } },
  });
  const wave = {
    ...part('2026-01-05T08:00:00Z', [1, 2]),
    recovery: part('2026-01-05T08:01:00Z', [3, 4]),
  };
  const { voltages } = samplesOf(wave, Date.parse('2026-01-05T08:00:00Z') / 1e3);
  assert.deepEqual(voltages.series[0]?.values, [1, 2, null, 3, 4]);
  assert.deepEqual(voltages.x.slice(0, 2), [0, 0.01]);
  assert.deepEqual(voltages.x.slice(3), [60, 60.01]);
  assert.deepEqual(rmsOf(wave, 0).currents.series[0]?.values, [1, null, 1]);
});

test('a COMTRADE file without its other half is noticed before it is sent', () => {
  const files = (...names: string[]) => names.map((name) => ({ name }));
  assert.match(missingCompanion(files('a.cfg')) ?? '', /a\.cfg .*a\.dat/);
  assert.match(missingCompanion(files('a.DAT')) ?? '', /a\.cfg/);
  assert.equal(missingCompanion(files('a.CFG', 'A.dat')), null);
  assert.equal(missingCompanion(files('a.cff')), null);
});

test('an error body is shown in its own words', () => {
  assert.equal(errorText('{"error":"no such log"}', 404), 'no such log');
  assert.equal(errorText('{"error":{"message":"no such log"}}', 404), 'no such log');
  assert.equal(errorText('too large', 413), 'too large');
  assert.match(errorText('<html>', 502), /502/);
  assert.match(errorText('', 500), /500/);
});
