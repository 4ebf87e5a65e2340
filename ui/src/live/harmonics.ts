// SPDX-License-Identifier: Apache-2.0
// The spectrum registers as bars by order.
import { arrayOf } from './quality';
import type { Reading } from './types';

/// Values by order from a register whose first element is of order `first`. As a share of the
/// fundamental they are as they come; absolute they are that share of it.
export function barsOf(
  reading: Reading | undefined,
  first: number,
  fundamental: number | null,
  absolute: boolean,
): (number | null)[] {
  const values: (number | null)[] = Array.from({ length: first }, () => null);
  for (const percent of arrayOf(reading)) {
    values.push(
      !absolute
        ? percent
        : percent === null || fundamental === null
          ? null
          : (percent / 100) * fundamental,
    );
  }
  return values;
}

/// The highest order of which there is a value; 0 without any.
export function highestOrder(sets: readonly (readonly (number | null)[])[]): number {
  let highest = 0;
  for (const values of sets) {
    for (let order = values.length - 1; order > highest; --order) {
      if (values[order] !== null) {
        highest = order;
      }
    }
  }
  return highest;
}
