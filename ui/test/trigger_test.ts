// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCrossing, steadyRange, takeShot } from '../src/live/trigger';
import type { Waveform } from '../src/live/types';

const RATE = 10000;

function sine(count: number, frequency: number, delay = 0): number[] {
  return Array.from({ length: count }, (_, i) =>
    Math.sin(2 * Math.PI * frequency * (i / RATE - delay)),
  );
}

test('the crossing is found between the samples where the sine passes the level', () => {
  // sin(2π·50·t − φ) rises through ½ a twelfth of a period after its zero.
  const samples = sine(1000, 50, 0.00123);
  for (const [level, edge, phase] of [
    [0, 'rising', 0],
    [0.5, 'rising', 1 / 12],
    [0, 'falling', 1 / 2],
    [0.5, 'falling', 5 / 12],
  ] as const) {
    const at = findCrossing(samples, level, edge, 200, 600);
    assert.ok(at !== null);
    const time = at / RATE - 0.00123;
    const periods = time * 50 - phase;
    assert.ok(Math.abs(periods - Math.round(periods)) < 1e-4, `${level} ${edge}: ${periods}`);
    assert.ok(at >= 400 && at <= 600, 'it is the last one in the range');
  }
});

test('a level that the signal does not reach, or a gap, gives no crossing', () => {
  assert.equal(findCrossing(sine(1000, 50), 1.5, 'rising', 0, 999), null);
  assert.equal(findCrossing([-1, null, 1], 0, 'rising', 0, 2), null);
  assert.equal(findCrossing([], 0, 'rising', 0, 0), null);
});

test('noise at the level does not trigger', () => {
  const samples = sine(1000, 50).map((value, i) => value + (i % 2 === 0 ? 0.008 : -0.008));
  const found = new Set<number>();
  for (let last = 300; last < 900; last += 7) {
    const at = findCrossing(samples, 0, 'rising', 0, last);
    found.add(Math.round((at ?? 0) / 200));
    assert.ok(Math.abs(((at ?? 0) % 200) - (at! % 200 > 100 ? 200 : 0)) < 3, `${at}`);
  }
  assert.ok(found.size >= 3);
});

function waveform(delay: number): Waveform {
  return {
    start: '2026-01-01T00:00:00Z',
    rate_Hz: RATE,
    channels: { V1: sine(800, 50, delay), V2: sine(800, 50, delay + 1 / 150), I1: sine(800, 50) },
    rms: { time: [], channels: {} },
  };
}

test('whatever the phase of the samples, the picture stands still', () => {
  const trigger = { channel: 'V1', level: 0, edge: 'rising' as const };
  for (const delay of [0, 0.0031, 0.00777, 0.0123]) {
    const shot = takeShot(waveform(delay), 100, 0.008, 0.032, trigger, true);
    assert.ok(shot !== null && shot.triggered);
    const { x, series } = shot.voltages;
    assert.ok(Math.abs((x[0] as number) + 0.008) < 1.5 / RATE);
    assert.ok(Math.abs((x[x.length - 1] as number) - 0.032) < 1.5 / RATE);
    x.forEach((time, i) => {
      const expected = Math.sin(2 * Math.PI * 50 * time);
      assert.ok(Math.abs((series[0]?.values[i] as number) - expected) < 1e-3);
    });
    assert.ok(shot.zero >= 100 + 0.008 && shot.zero <= 100.08 - 0.032);
    assert.deepEqual(
      shot.currents.series.map((line) => line.name),
      ['I1'],
    );
  }
});

test('without a trigger: the newest samples, or nothing where one is asked for', () => {
  const trigger = { channel: 'V1', level: 5, edge: 'rising' as const };
  const shot = takeShot(waveform(0), 100, 0.008, 0.032, trigger, false);
  assert.equal(shot?.triggered, false);
  assert.equal(shot?.voltages.x.length, 401);
  assert.equal(takeShot(waveform(0), 100, 0.008, 0.032, trigger, true), null);
  assert.equal(takeShot(waveform(0), 100, 0.008, 0.032, null, true), null);
});

test('the range grows at once and does not follow small changes', () => {
  const set = (peak: number) => ({
    x: [0],
    series: [{ name: 'V1', phase: 0, unit: 'V', values: [-peak, peak] }],
  });
  const none = new Set<string>();
  const first = steadyRange(undefined, set(325), none);
  assert.deepEqual(first, [-400, 400]);
  assert.deepEqual(steadyRange(first, set(300), none), first);
  assert.deepEqual(steadyRange(first, set(390), none), first);
  assert.ok(steadyRange(first, set(500), none)[1] >= 500);
  assert.ok(steadyRange(first, set(100), none)[1] < 200);
  assert.ok(steadyRange(first, set(500), new Set(['V1']))[1] < 400, 'a hidden line does not count');
});
