// SPDX-License-Identifier: Apache-2.0
// Dips, swells and interruptions as the API tells them.
import type { Disturbance } from './types';
import { limitLevels } from './waves';

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

/// Where the threshold of a disturbance is drawn; nowhere where the waves are not those that it is
/// about.
export function thresholdLevels(event: Disturbance, wiring: string, rms: boolean): number[] {
  return event.channel_set === 'L-L' && wiring !== 'delta'
    ? []
    : limitLevels([event.threshold_percent], event.reference_V, rms);
}
