// SPDX-License-Identifier: Apache-2.0
// The values of the last minute as the page received them.
import type { Readings } from './context';
import { numberOf } from './quality';

const KEPT_MS = 60000;
/// More time than this between two points: the line breaks.
const BREAK_MS = 3000;

export type Point = readonly [number, number | null];

export class Minute {
  private times: number[] = [];
  private readonly values = new Map<string, (number | null)[]>();

  add(now: number, labels: readonly string[], readings: Readings): void {
    const last = this.times[this.times.length - 1];
    if (last !== undefined && now - last > BREAK_MS) {
      this.append(last + 1, labels, () => null);
    }
    this.append(now, labels, (label) => numberOf(readings.get(label)));
    let drop = 0;
    while (drop < this.times.length && (this.times[drop] as number) < now - KEPT_MS) {
      ++drop;
    }
    if (drop > 0) {
      this.times.splice(0, drop);
      this.values.forEach((list) => list.splice(0, drop));
    }
  }

  /// (share of the minute, value) pairs of a label, oldest first.
  line(label: string, now: number): Point[] {
    const list = this.values.get(label) ?? [];
    return this.times.map((time, i) => [1 - (now - time) / KEPT_MS, list[i] ?? null]);
  }

  extremes(labels: readonly string[]): [number, number] | null {
    let low = Infinity;
    let high = -Infinity;
    for (const label of labels) {
      for (const value of this.values.get(label) ?? []) {
        if (value !== null) {
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      }
    }
    return low <= high ? [low, high] : null;
  }

  private append(
    time: number,
    labels: readonly string[],
    value: (label: string) => number | null,
  ): void {
    for (const label of labels) {
      let list = this.values.get(label);
      if (list === undefined) {
        list = this.times.map(() => null);
        this.values.set(label, list);
      }
      list.push(value(label));
    }
    this.times.push(time);
    // A label that is no longer asked for keeps its place in time.
    for (const list of this.values.values()) {
      while (list.length < this.times.length) {
        list.push(null);
      }
    }
  }
}
