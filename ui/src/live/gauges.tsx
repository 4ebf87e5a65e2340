// SPDX-License-Identifier: Apache-2.0
// Small scales beside the figures.
import { useLook } from '../lib/look';
import { t } from './strings';

/// Where a value lies between two ends, with marks at limits; red outside of them.
export function Needle({
  value,
  from,
  to,
  limits,
  middle,
}: {
  value: number | null;
  from: number;
  to: number;
  limits: readonly [number, number];
  middle: number;
}) {
  const x = (at: number) => 2 + ((Math.min(Math.max(at, from), to) - from) / (to - from)) * 96;
  const outside = value !== null && (value < limits[0] || value > limits[1]);
  return (
    <svg viewBox="0 0 100 8" preserveAspectRatio="none" class="needle" aria-hidden="true">
      <path class="needle-line" d={`M2 5H98`} />
      <path class="needle-good" d={`M${x(limits[0])} 5H${x(limits[1])}`} />
      <path
        class="needle-tick"
        d={`M${x(limits[0])} 3V7M${x(limits[1])} 3V7M${x(middle)} 3.5V6.5`}
      />
      {value !== null && (
        <rect
          class={outside ? 'needle-hand outside' : 'needle-hand'}
          x={x(value) - 0.9}
          y={0.5}
          width={1.8}
          height={7}
        />
      )}
    </svg>
  );
}

const TRACE = { width: 200, height: 40 };

/// The last minute of up to three lines, on one scale.
export function Trace({
  name,
  lines,
  low,
  high,
  lowText,
  highText,
}: {
  name: string;
  /// Per phase: (share of the minute, value) pairs; null breaks the line.
  lines: readonly { phase: number; points: readonly (readonly [number, number | null])[] }[];
  low: number;
  high: number;
  lowText: string;
  highText: string;
}) {
  const look = useLook();
  const y = (value: number) =>
    (high > low ? 1 - (value - low) / (high - low) : 0.5) * (TRACE.height - 4) + 2;
  const path = (points: readonly (readonly [number, number | null])[]) => {
    let text = '';
    let pen = false;
    for (const [share, value] of points) {
      if (value === null) {
        pen = false;
        continue;
      }
      text += `${pen ? 'L' : 'M'}${(share * TRACE.width).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = true;
    }
    return text;
  };
  return (
    <span class="trace">
      <svg
        viewBox={`0 0 ${TRACE.width} ${TRACE.height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t('traceOf', { name, low: lowText, high: highText })}
      >
        {lines.map(({ phase, points }) => (
          <path
            key={phase}
            d={path(points)}
            stroke={look.colour(phase)}
            vector-effect="non-scaling-stroke"
          />
        ))}
      </svg>
      <span class="trace-ends" aria-hidden="true">
        <span>{highText}</span>
        <span>{lowText}</span>
      </span>
    </span>
  );
}

const DIAL = 120;

/// P to the right, Q upwards; the length is S against the largest that was seen.
export function Quadrants({
  active,
  reactive,
  full,
}: {
  active: number | null;
  reactive: number | null;
  full: number;
}) {
  const middle = DIAL / 2;
  const radius = middle - 12;
  const known = active !== null && reactive !== null && full > 0;
  const x = known ? middle + (active / full) * radius : middle;
  const y = known ? middle - (reactive / full) * radius : middle;
  return (
    <svg viewBox={`0 0 ${DIAL} ${DIAL}`} class="quadrants" role="img" aria-label={t('quadrants')}>
      <circle class="dial" cx={middle} cy={middle} r={radius} />
      <circle class="dial-inner" cx={middle} cy={middle} r={radius / 2} />
      <path
        class="dial-axis"
        d={`M${middle - radius} ${middle}h${2 * radius}M${middle} ${middle - radius}v${2 * radius}`}
      />
      <text x={DIAL - 1} y={middle + 3.5} text-anchor="end">
        P
      </text>
      <text x={middle} y={8} text-anchor="middle">
        Q
      </text>
      {known && (
        <>
          <path class="dial-part" d={`M${x} ${y}V${middle}M${x} ${y}H${middle}`} />
          <path class="dial-hand" d={`M${middle} ${middle}L${x} ${y}`} />
          <circle class="dial-tip" cx={x} cy={y} r="3.4" />
        </>
      )}
    </svg>
  );
}
