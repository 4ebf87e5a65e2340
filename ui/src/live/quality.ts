// SPDX-License-Identifier: Apache-2.0
// How good a value is, from its marks and from whether it is still being renewed.
import { isAvailable } from '../lib/format';
import type { LiveKey } from './strings';
import type { Reading } from './types';

export type Mark = 'flagged' | 'incomplete' | 'clock' | 'sync';

export interface Quality {
  available: boolean;
  /// Nothing renews the value at present.
  held: boolean;
  marks: Mark[];
}

export const MARK_TEXT: Record<Mark, LiveKey> = {
  flagged: 'markFlagged',
  incomplete: 'markIncomplete',
  clock: 'markClock',
  sync: 'markSync',
};

export function qualityOf(reading: Reading | undefined, renewed: boolean): Quality {
  if (reading === undefined || !hasValue(reading)) {
    return { available: false, held: false, marks: [] };
  }
  const marks: Mark[] = [];
  if (reading.flagged) {
    marks.push('flagged');
  }
  if (!reading.complete) {
    marks.push('incomplete');
  }
  if (!reading.clock_ok) {
    marks.push('clock');
  }
  if (!reading.sync_ok) {
    marks.push('sync');
  }
  return { available: true, held: !renewed, marks };
}

function hasValue({ value }: Reading): boolean {
  return typeof value === 'number' ? Number.isFinite(value) : value !== null;
}

/// A number that is there, else null.
export function numberOf(reading: Reading | undefined): number | null {
  const value = reading?.value;
  return typeof value === 'number' && isAvailable(value) ? value : null;
}

/// The elements of an array register.
export function arrayOf(reading: Reading | undefined): readonly (number | null)[] {
  return Array.isArray(reading?.value) ? reading.value : [];
}
