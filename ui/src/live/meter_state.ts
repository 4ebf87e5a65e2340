// SPDX-License-Identifier: Apache-2.0
// The states of a meter in words and as the colour of a lamp.
import { t, type LiveKey } from './strings';
import type { Meter } from './types';

const STATES: Record<string, LiveKey> = {
  starting: 'stateStarting',
  measuring: 'stateMeasuring',
  'source-lost': 'stateLost',
  ended: 'stateEnded',
  failed: 'stateFailed',
};

export function stateName(state: string): string {
  const key = STATES[state];
  return key === undefined ? state : t(key);
}

export function isMeasuring(meter: Meter | undefined): boolean {
  return meter?.state === 'measuring';
}

/// Class of the lamp beside the name.
export function lampOf(meter: Meter): 'good' | 'waiting' | 'bad' {
  return meter.state === 'measuring' ? 'good' : meter.state === 'starting' ? 'waiting' : 'bad';
}
