// SPDX-License-Identifier: Apache-2.0
// A scale for values that change all the time: it does not go back and forth at a power of ten.
import { scaleOf, type Scale, type Value } from './format';

const MARGIN = 1.05;

function same(a: Scale, b: Scale): boolean {
  return a.factor === b.factor && a.unit === b.unit && a.decimals === b.decimals;
}

/// The scale of the values; the one before as long as values a little larger would have it.
export function stickyScale(
  before: Scale | undefined,
  values: readonly Value[],
  unit: string,
): Scale {
  const now = scaleOf(values, unit);
  if (before === undefined || same(before, now)) {
    return now;
  }
  const larger = scaleOf(
    values.map((value) => (typeof value === 'number' ? value * MARGIN : value)),
    unit,
  );
  return same(before, larger) ? before : now;
}
