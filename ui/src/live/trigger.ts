// SPDX-License-Identifier: Apache-2.0
// Finds the trigger in samples, as an oscilloscope does.
import type { SeriesSet } from '../report/data';
import type { Waveform } from './types';
import { rmsOf, setOf, type Waves } from './waves';

export type Edge = 'rising' | 'falling';

/// A crossing counts after the signal was this share of its range on the other side: noise does not
/// trigger twice.
const HYSTERESIS_RATIO = 0.02;

/// Where the samples last pass the level in the direction of the edge, as a fractional index within
/// [first, last]; null if they do not.
export function findCrossing(
  samples: readonly (number | null)[],
  level: number,
  edge: Edge,
  first: number,
  last: number,
): number | null {
  const sign = edge === 'rising' ? 1 : -1;
  let low = Infinity;
  let high = -Infinity;
  for (const value of samples) {
    if (value !== null) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const room = HYSTERESIS_RATIO * (high - low);
  let armed = false;
  let found: number | null = null;
  for (let i = 1; i < samples.length; ++i) {
    const before = samples[i - 1] ?? null;
    const value = samples[i] ?? null;
    if (before === null || value === null) {
      armed = false;
      continue;
    }
    armed ||= sign * (before - level) < -room;
    if (armed && sign * (value - level) >= 0) {
      armed = false;
      const share = value === before ? 0 : (level - before) / (value - before);
      const at = i - 1 + Math.min(Math.max(share, 0), 1);
      if (at >= first && at <= last) {
        found = at;
      }
    }
  }
  return found;
}

export interface Shot {
  /// Seconds from the trigger; without one, from the beginning of what is shown.
  voltages: SeriesSet;
  currents: SeriesSet;
  /// The ½-cycle values on the same axis.
  rms: Waves;
  /// UTC of time 0, in seconds since 1970.
  zero: number;
  triggered: boolean;
}

export interface TriggerSetup {
  channel: string;
  level: number;
  edge: Edge;
}

/// The samples from `before` seconds ahead of the trigger to `after` seconds past it. Without a
/// trigger the newest samples; null if `must` asks for one.
export function takeShot(
  waveform: Waveform,
  startSeconds: number,
  before: number,
  after: number,
  trigger: TriggerSetup | null,
  must: boolean,
): Shot | null {
  const rate = waveform.rate_Hz;
  const entries = Object.entries(waveform.channels);
  const count = entries[0]?.[1].length ?? 0;
  const ahead = before * rate;
  const past = after * rate;
  const samples = trigger === null ? undefined : waveform.channels[trigger.channel];
  const crossing =
    trigger === null || samples === undefined
      ? null
      : findCrossing(samples, trigger.level, trigger.edge, ahead, count - 1 - past);
  if (crossing === null && must) {
    return null;
  }
  const zero = crossing ?? Math.max(count - 1 - past, 0);
  const from = Math.max(Math.ceil(zero - ahead - 1e-9), 0);
  const to = Math.min(Math.floor(zero + past + 1e-9), count - 1);
  const x: number[] = [];
  for (let i = from; i <= to; ++i) {
    x.push((i - zero) / rate);
  }
  const shown = Object.fromEntries(
    entries.map(([input, values]) => [input, values.slice(from, to + 1)]),
  );
  return {
    voltages: setOf(x, shown, 'V'),
    currents: setOf(x, shown, 'I'),
    rms: rmsOf(waveform, startSeconds + zero / rate),
    zero: startSeconds + zero / rate,
    triggered: crossing !== null,
  };
}

/// A range of values that rarely changes: it grows at once and shrinks only when much is unused.
export function steadyRange(
  before: readonly [number, number] | undefined,
  set: SeriesSet,
  hidden: ReadonlySet<string>,
): readonly [number, number] {
  let peak = 0;
  for (const line of set.series) {
    if (hidden.has(line.name)) {
      continue;
    }
    for (const value of line.values) {
      peak = Math.max(peak, Math.abs(value ?? 0));
    }
  }
  const full = before?.[1] ?? 0;
  if (peak * 1.02 <= full && peak > 0.55 * full) {
    return before ?? [-1, 1];
  }
  const wanted = peak === 0 ? 1 : peak * 1.15;
  const size = 10 ** Math.floor(Math.log10(wanted));
  const steps = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  const top = (steps.find((step) => step * size >= wanted) ?? 10) * size;
  return [-top, top];
}
