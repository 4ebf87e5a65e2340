// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as format from '../src/lib/format';

test('a live value has five significant digits and an SI prefix', () => {
  const rows: [number, string, string][] = [
    [230.4, 'V', '230.40 V'],
    [20120, 'V', '20.120 kV'],
    [1204, 'kW', '1.2040 MW'],
    [0.3183, 'kW', '318.30 W'],
    [0.0123456, 'A', '12.346 mA'],
    [-58.1, 'VAR', '−58.100 VAR'],
    [49.9798, 'Hz', '49.980 Hz'],
    [0.98123, '1', '0.9812'],
    [-120.004, '°', '−120.00°'],
    [2.2361, '%', '2.236 %'],
    [1e-9, 'A', '0.0010 µA'],
    [0, 'V', '0.0000 V'],
  ];
  for (const [value, unit, text] of rows) {
    assert.equal(format.quantity(value, unit), text);
  }
});

test('rounding up carries over into the next prefix', () => {
  assert.equal(format.quantity(999.996, 'V'), '1.0000 kV');
});

test('what is not available is an em dash and never a zero', () => {
  for (const value of [null, undefined, NaN, Infinity]) {
    assert.equal(format.quantity(value, 'V'), '—');
    assert.equal(format.seconds(value), '—');
  }
});

test('values of one column share the scale of the largest', () => {
  const scale = format.scaleOf([12, null, -15000], 'V');
  assert.equal(format.number(12, scale), '0.012');
  assert.equal(format.number(-15000, scale), '−15.000');
  assert.equal(scale.unit, 'kV');
});

test('no negative zero is shown', () => {
  const scale = format.scaleOf([100], 'V');
  assert.equal(format.number(-0.0001, scale), '0.00');
});

test('durations take the unit that suits them', () => {
  const rows: [number, string][] = [
    [0.0834, '83.40 ms'],
    [0.4342, '434.2 ms'],
    [1.23456, '1.2346 s'],
    [123.5, '2 min 03.5 s'],
    [0.000012, '12.0 µs'],
    [-0.01, '−10.00 ms'],
  ];
  for (const [value, text] of rows) {
    assert.equal(format.seconds(value), text);
  }
});

test('a time of day goes past midnight and keeps microseconds', () => {
  assert.equal(format.timeOfDay('2017-05-25T08:13:16.677000000Z', 0.09), '08:13:16.767000');
  assert.equal(format.timeOfDay('2017-05-25T23:59:59.999999000Z', 0.000002), '00:00:00.000001');
});

test('a date and time keep their digits', () => {
  const iso = '2015-09-17T10:52:53.065000000Z';
  assert.equal(format.dateTime(iso), '2015-09-17 10:52:53.065000');
  assert.equal(format.clock(iso, 3), '10:52:53.065');
  assert.equal(format.dateTime(null), '—');
});

test('a span has both ends in one unit', () => {
  assert.equal(format.span(0, 0.2), '0.0 … 200.0 ms');
  assert.equal(format.span(0.5, 2), '0.500 … 2.000 s');
});
