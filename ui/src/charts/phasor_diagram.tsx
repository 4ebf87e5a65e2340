// SPDX-License-Identifier: Apache-2.0
// Phasors of the fundamental: the reference at 0° to the right, positive angles counter-clockwise.
import { useLook } from '../lib/look';
import { phaseOf } from '../lib/palette';
import { t } from '../lib/strings';
import type { PhasorJson } from '../report/data';

const SIZE = 360;
const CENTRE = SIZE / 2;
const VOLTAGE_RADIUS = 146;
const CURRENT_RADIUS = 100;

export function PhasorDiagram({ phasors }: { phasors: readonly PhasorJson[] }) {
  const look = useLook();
  const isVoltage = (phasor: PhasorJson) => phasor.input.startsWith('V');
  const largest = (voltages: boolean) =>
    Math.max(...phasors.filter((p) => isVoltage(p) === voltages).map((p) => p.rms ?? 0), 0);
  const full = { voltage: largest(true), current: largest(false) };

  return (
    <svg viewBox={`0 0 ${SIZE} ${SIZE}`} class="phasors" role="img" aria-label={t('phasors')}>
      {[VOLTAGE_RADIUS, CURRENT_RADIUS].map((radius) => (
        <circle key={radius} cx={CENTRE} cy={CENTRE} r={radius} class="phasor-circle" />
      ))}
      {[0, 30, 60, 90, 120, 150].map((angle) => {
        const x = Math.cos((angle * Math.PI) / 180) * VOLTAGE_RADIUS;
        const y = Math.sin((angle * Math.PI) / 180) * VOLTAGE_RADIUS;
        return (
          <line
            key={angle}
            x1={CENTRE - x}
            y1={CENTRE + y}
            x2={CENTRE + x}
            y2={CENTRE - y}
            class={angle % 90 === 0 ? 'phasor-axis' : 'phasor-spoke'}
          />
        );
      })}
      <Rotation />
      {[...phasors]
        .sort((a, b) => Number(isVoltage(a)) - Number(isVoltage(b)))
        .map((phasor) => {
          const voltage = isVoltage(phasor);
          const scale = voltage ? full.voltage : full.current;
          if (phasor.rms === null || phasor.angle === null || scale === 0) {
            return null;
          }
          const length = (phasor.rms / scale) * (voltage ? VOLTAGE_RADIUS : CURRENT_RADIUS);
          if (length < 1.5) {
            return null;
          }
          const angle = (phasor.angle * Math.PI) / 180;
          const tip = (r: number, turn = 0) => ({
            x: CENTRE + r * Math.cos(angle + turn),
            y: CENTRE - r * Math.sin(angle + turn),
          });
          const end = tip(length);
          const head = Math.min(10, length * 0.6);
          const left = tip(length - head, (head * 0.38) / Math.max(length - head, 4));
          const right = tip(length - head, (-head * 0.38) / Math.max(length - head, 4));
          const label = tip(length + 15);
          const colour = look.colour(phaseOf(phasor.input));
          return (
            <g key={phasor.input} data-phasor={phasor.input}>
              <line
                x1={CENTRE}
                y1={CENTRE}
                x2={end.x}
                y2={end.y}
                stroke={colour}
                stroke-width={voltage ? 2.5 : 2}
                stroke-dasharray={voltage ? '' : '6 3'}
              />
              <polygon
                points={`${end.x},${end.y} ${left.x},${left.y} ${right.x},${right.y}`}
                fill={colour}
              />
              <text x={label.x} y={label.y} fill={colour} class="phasor-label">
                {phasor.input}
              </text>
            </g>
          );
        })}
    </svg>
  );
}

/// An arrow that shows the sense of rotation.
function Rotation() {
  const radius = VOLTAGE_RADIUS + 28;
  const at = (degrees: number) => {
    const angle = (degrees * Math.PI) / 180;
    return [CENTRE + radius * Math.cos(angle), CENTRE - radius * Math.sin(angle)] as const;
  };
  const [x1, y1] = at(38);
  const [x2, y2] = at(52);
  return (
    <g class="phasor-rotation" aria-hidden="true">
      <path d={`M ${x1} ${y1} A ${radius} ${radius} 0 0 0 ${x2} ${y2}`} />
      <path d={`M ${x2 + 8} ${y2 - 1} L ${x2} ${y2} L ${x2 + 3} ${y2 + 8}`} />
      <text x={at(45)[0] + 12} y={at(45)[1] - 6}>
        ω
      </text>
    </g>
  );
}
