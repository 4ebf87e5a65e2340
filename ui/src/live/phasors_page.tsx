// SPDX-License-Identifier: Apache-2.0
import { PhasorDiagram } from '../charts/phasor_diagram';
import { isAvailable, NOT_AVAILABLE, number, scaleOf } from '../lib/format';
import { useLook } from '../lib/look';
import { phaseDash, phaseOf } from '../lib/palette';
import type { PhasorJson } from '../report/data';
import { useLive, useRegisters } from './context';
import { Figure } from './figure';
import { numberOf } from './quality';
import { t, type LiveKey } from './strings';
import { phaseAngleOf, wiringHints, type Rotation } from './wiring_hints';

interface Input {
  input: string;
  magnitude: string;
  angle: string;
  /// Of the phase; empty for a voltage.
  factor: string;
  displacement: string;
}

const LETTERS = ['a', 'b', 'c'];

/// The registers of the fundamental; where there is none of an input, its true rms.
function inputsOf(inputs: readonly string[], has: (label: string) => boolean): Input[] {
  return inputs.map((input) => {
    const phase = phaseOf(input);
    const letter = LETTERS[phase];
    const voltage = input.startsWith('V');
    const rms = voltage ? (letter ? `Vln ${letter}` : input) : `I ${letter ?? input.slice(1)}`;
    const fundamental = `${input} fund`;
    return {
      input,
      magnitude: has(fundamental) ? fundamental : rms,
      angle: `${input} ang`,
      factor: voltage || letter === undefined ? '' : `PF sign ${letter}`,
      displacement: voltage || letter === undefined ? '' : `dPF sign ${letter}`,
    };
  });
}

const ROTATIONS: Record<Rotation, LiveKey> = {
  right: 'rotationRight',
  left: 'rotationLeft',
  none: 'rotationNone',
};

export function PhasorsPage() {
  const { meter, catalogue } = useLive();
  const look = useLook();
  const inputs = inputsOf(meter.inputs, (label) => catalogue?.has(label) === true);
  const readings = useRegisters(
    inputs.flatMap((each) => [each.magnitude, each.angle, each.factor, each.displacement]),
  );
  const phasors = inputs.map(
    (each): PhasorJson => ({
      input: each.input,
      rms: numberOf(readings.get(each.magnitude)),
      angle: numberOf(readings.get(each.angle)),
    }),
  );
  const hints = wiringHints(phasors);
  const scaleFor = (letter: string, unit: string) =>
    scaleOf(
      phasors.filter((phasor) => phasor.input.startsWith(letter)).map((phasor) => phasor.rms),
      unit,
    );
  const scales = { V: scaleFor('V', 'V'), I: scaleFor('I', 'A') };
  const degrees = { factor: 1, unit: '°', decimals: 2 };
  const factor = { factor: 1, unit: '', decimals: 4 };
  const warnings = [
    ...(hints.rotation === 'left' ? [t('hintRotation')] : []),
    ...hints.missing.map((input) => t('hintMissing', { input })),
    ...hints.reversed.map((input) => t('hintReversed', { input })),
  ];

  return (
    <div class="phasors-page">
      <div class="phasor-picture">
        <PhasorDiagram phasors={phasors} />
      </div>
      <section class="phasor-figures">
        <p class="rotation">
          <span>{t('rotation')}</span> <strong>{t(ROTATIONS[hints.rotation])}</strong>
        </p>
        {warnings.length > 0 && (
          <ul class="hints" role="alert">
            {warnings.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        )}
        <div class="scroll">
          <table class="sheet">
            <thead>
              <tr>
                <th scope="col">{t('input')}</th>
                <th scope="col">{t('fundamentalShort')}</th>
                <th scope="col">{t('angle')}</th>
                <th scope="col">{t('phi')}</th>
                <th scope="col">{t('displacement')}</th>
                <th scope="col">{t('powerFactor')}</th>
              </tr>
            </thead>
            <tbody>
              {inputs.map((each) => {
                const voltage = each.input.startsWith('V');
                const phi = voltage ? null : phaseAngleOf(phasors, each.input);
                const phase = phaseOf(each.input);
                return (
                  <tr
                    key={each.input}
                    data-phasor-row={each.input}
                    class={hints.reversed.includes(each.input) ? 'suspect' : ''}
                  >
                    <th scope="row">
                      <svg viewBox="0 0 26 8" class="line-key" aria-hidden="true">
                        <line
                          x1="0"
                          x2="26"
                          y1="4"
                          y2="4"
                          stroke={look.colour(phase)}
                          stroke-width={voltage ? 3 : 2}
                          stroke-dasharray={voltage ? phaseDash(0).join(' ') : '6 3'}
                        />
                      </svg>
                      {each.input}
                    </th>
                    <td>
                      <Figure
                        label={each.magnitude}
                        readings={readings}
                        scale={voltage ? scales.V : scales.I}
                        unit
                      />
                    </td>
                    <td>
                      <Figure label={each.angle} readings={readings} scale={degrees} unit />
                    </td>
                    <td>
                      {isAvailable(phi) ? `${number(phi, degrees)}°` : voltage ? '' : NOT_AVAILABLE}
                    </td>
                    <td>
                      {each.displacement !== '' && (
                        <Figure label={each.displacement} readings={readings} scale={factor} />
                      )}
                    </td>
                    <td>
                      {each.factor !== '' && (
                        <Figure label={each.factor} readings={readings} scale={factor} />
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
        <p class="note">{t('phasorNoteLive')}</p>
      </section>
    </div>
  );
}
