// SPDX-License-Identifier: Apache-2.0
// Dips, swells and interruptions as the API tells them.
import { isAvailable } from '../lib/format';
import type { Disturbance } from './types';

/// Residual voltage of a dip or an interruption, largest voltage of a swell.
export function extremeOf(event: Disturbance): number | null {
  return event.residual_V ?? event.maximum_V ?? null;
}

export function percentOf(event: Disturbance): number | null {
  return event.residual_percent ?? event.maximum_percent ?? null;
}

/// One list without doubles, newest first.
export function mergeNewest<T>(
  known: readonly T[],
  more: readonly T[],
  order: (entry: T) => number,
): T[] {
  const all = new Map<number, T>();
  for (const entry of [...known, ...more]) {
    all.set(order(entry), entry);
  }
  return [...all.values()].sort((a, b) => order(b) - order(a));
}

/// Peak values of the wave at which the rms value of a sine passes the thresholds; none where the waves
/// are not those that the thresholds are about.
export function thresholdLevels(event: Disturbance, wiring: string): number[] {
  if (event.channel_set === 'L-L' && wiring !== 'delta') {
    return [];
  }
  const peak = (event.threshold_percent / 100) * event.reference_V * Math.SQRT2;
  return isAvailable(peak) && peak > 0 ? [peak, -peak] : [];
}
