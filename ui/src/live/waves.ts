// SPDX-License-Identifier: Apache-2.0
// Samples and ½-cycle values of the API as lines over a time that is 0 at an instant.
import { epochSeconds } from '../lib/local_time';
import { phaseOf } from '../lib/palette';
import type { SeriesSet } from '../report/data';
import type { Waveform } from './types';

export interface Waves {
  voltages: SeriesSet;
  currents: SeriesSet;
}

type Channels = Record<string, readonly (number | null)[]>;

export function setOf(x: readonly number[], channels: Channels, letter: string): SeriesSet {
  return {
    x: [...x],
    series: Object.entries(channels)
      .filter(([input]) => input.startsWith(letter))
      .map(([input, values]) => ({
        name: input,
        phase: phaseOf(input),
        unit: letter === 'V' ? 'V' : 'A',
        values: [...values],
      })),
  };
}

function wavesOf(x: readonly number[], channels: Channels): Waves {
  return { voltages: setOf(x, channels, 'V'), currents: setOf(x, channels, 'I') };
}

/// Both parts on one axis; between them a point without a value breaks the lines.
function joined(parts: readonly { x: number[]; channels: Channels }[]): Waves {
  const [first, second] = parts;
  if (first === undefined || second === undefined) {
    return wavesOf(first?.x ?? [], first?.channels ?? {});
  }
  const middle = ((first.x[first.x.length - 1] ?? 0) + (second.x[0] ?? 0)) / 2;
  const channels = Object.fromEntries(
    Object.entries(first.channels).map(([input, values]) => [
      input,
      [...values, null, ...(second.channels[input] ?? second.x.map(() => null))],
    ]),
  );
  return wavesOf([...first.x, middle, ...second.x], channels);
}

function partsOf(waveform: Waveform): Waveform[] {
  return waveform.recovery ? [waveform, waveform.recovery] : [waveform];
}

/// Seconds from `zero` (UTC, since 1970).
export function samplesOf(waveform: Waveform, zero: number): Waves {
  return joined(
    partsOf(waveform).map(({ start, rate_Hz, channels }) => {
      const first = epochSeconds(start) - zero;
      const count = Object.values(channels)[0]?.length ?? 0;
      return { x: Array.from({ length: count }, (_, i) => first + i / rate_Hz), channels };
    }),
  );
}

/// The rms over a cycle, where the cycle ends.
export function rmsOf(waveform: Waveform, zero: number): Waves {
  return joined(
    partsOf(waveform).map(({ rms }) => ({
      x: rms.time.map((time) => epochSeconds(time) - zero),
      channels: rms.channels,
    })),
  );
}

/// Where limits in % of a voltage are drawn: over rms values as they are, over waves where the peaks of
/// a sine would be.
export function limitLevels(
  percents: readonly (number | null)[],
  volts: number | null,
  rms: boolean,
) {
  return percents.flatMap((percent) => {
    const level = ((percent ?? NaN) / 100) * (volts ?? NaN);
    if (!(level > 0)) {
      return [];
    }
    return rms ? [level] : [level * Math.SQRT2, -level * Math.SQRT2];
  });
}
