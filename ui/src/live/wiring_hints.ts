// SPDX-License-Identifier: Apache-2.0
// What the phasors tell of the wiring: the order of the phases and currents that flow the wrong way.
import { isAvailable } from '../lib/format';
import type { PhasorJson } from '../report/data';

export type Rotation = 'right' | 'left' | 'none';

export interface WiringHints {
  rotation: Rotation;
  /// Currents whose active power has another direction than that of most.
  reversed: string[];
  /// Voltages below a tenth of the largest.
  missing: string[];
}

const LEAST_SHARE = 0.1;
const LEAST_ANGLE = 15;

/// Within ±180°.
export function wrapDegrees(angle: number): number {
  return ((((angle + 180) % 360) + 360) % 360) - 180;
}

/// φ of a phase: angle of its voltage minus angle of its current.
export function phaseAngleOf(phasors: readonly PhasorJson[], current: string): number | null {
  const angle = (input: string) => phasors.find((phasor) => phasor.input === input)?.angle;
  const u = angle(`V${current.slice(1)}`);
  const i = angle(current);
  return isAvailable(u) && isAvailable(i) ? wrapDegrees(u - i) : null;
}

export function wiringHints(phasors: readonly PhasorJson[]): WiringHints {
  const of = (input: string) => phasors.find((phasor) => phasor.input === input);
  const voltages = ['V1', 'V2', 'V3'].map(of);
  const currents = ['I1', 'I2', 'I3'].map(of);
  const largest = (list: readonly (PhasorJson | undefined)[]) =>
    Math.max(...list.map((phasor) => phasor?.rms ?? 0), 0);
  const largestVoltage = largest(voltages);
  const missing = voltages.flatMap((phasor) =>
    phasor !== undefined && isAvailable(phasor.rms) && phasor.rms < LEAST_SHARE * largestVoltage
      ? [phasor.input]
      : [],
  );

  let rotation: Rotation = 'none';
  const [a, b, c] = voltages.map((phasor) => phasor?.angle);
  if (isAvailable(a) && isAvailable(b) && isAvailable(c) && missing.length === 0) {
    const steps = [wrapDegrees(a - b), wrapDegrees(b - c), wrapDegrees(c - a)];
    if (steps.every((step) => step > LEAST_ANGLE)) {
      rotation = 'right';
    } else if (steps.every((step) => step < -LEAST_ANGLE)) {
      rotation = 'left';
    }
  }

  const largestCurrent = largest(currents);
  const directions = currents.flatMap((phasor) => {
    const phi = phasor === undefined ? null : phaseAngleOf(phasors, phasor.input);
    return phasor !== undefined && phi !== null && (phasor.rms ?? 0) > LEAST_SHARE * largestCurrent
      ? [{ input: phasor.input, forward: Math.abs(phi) < 90 }]
      : [];
  });
  const backward = directions.filter(({ forward }) => !forward);
  const fewer = backward.length * 2 < directions.length ? backward : [];
  const onlyForward =
    backward.length * 2 > directions.length && backward.length < directions.length
      ? directions.filter(({ forward }) => forward)
      : [];
  return { rotation, reversed: [...fewer, ...onlyForward].map(({ input }) => input), missing };
}
