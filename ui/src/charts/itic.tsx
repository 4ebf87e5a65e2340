// SPDX-License-Identifier: Apache-2.0
// Events on the ITIC curve: logarithmic duration against percent of the reference voltage.
import { seconds } from '../lib/format';
import { useLook } from '../lib/look';
import { t } from '../lib/strings';
import { useWidth } from '../lib/use_width';

export interface EventPoint {
  index: number;
  kind: 'dip' | 'swell' | 'interruption';
  duration: number;
  percent: number;
}

// ITI (CBEMA) curve application note, Information Technology Industry Council, 2000: corners of the
// two envelopes as (seconds, percent).
const UPPER: readonly (readonly [number, number])[] = [
  [1 / 6000, 500],
  [1e-3, 200],
  [3e-3, 140],
  [3e-3, 120],
  [0.5, 120],
  [0.5, 110],
  [1e4, 110],
];
const LOWER: readonly (readonly [number, number])[] = [
  [0.02, 0],
  [0.02, 70],
  [0.5, 70],
  [0.5, 80],
  [10, 80],
  [10, 90],
  [1e4, 90],
];

const HEIGHT = 260;
const MARGINS = { left: 46, right: 10, top: 8, bottom: 26 };
const SHORTEST = 1e-3;
const LONGEST = 100;
const HIGHEST = 200;

export function Itic({
  points,
  open,
}: {
  points: readonly EventPoint[];
  open: (index: number) => void;
}) {
  const look = useLook();
  const [ref, width] = useWidth<HTMLDivElement>();
  const { zoom } = look;
  const height = HEIGHT * zoom;
  const margin = {
    left: MARGINS.left * zoom,
    right: MARGINS.right,
    top: MARGINS.top,
    bottom: MARGINS.bottom * zoom,
  };
  const inner = Math.max(width - margin.left - margin.right, 1);
  const innerHeight = height - margin.top - margin.bottom;
  const decades = Math.log10(LONGEST / SHORTEST);
  const x = (duration: number) =>
    margin.left +
    (Math.log10(Math.min(Math.max(duration, SHORTEST), LONGEST) / SHORTEST) / decades) * inner;
  const y = (percent: number) =>
    margin.top + (1 - Math.min(Math.max(percent, 0), HIGHEST) / HIGHEST) * innerHeight;
  const path = (corners: readonly (readonly [number, number])[]) =>
    corners.map(([d, p]) => `${x(d).toFixed(1)},${y(p).toFixed(1)}`).join(' ');
  const right = margin.left + inner;

  return (
    <div ref={ref} class="itic">
      {width > 0 && (
        <svg width={width} height={height} role="group" aria-label={t('itic')}>
          <polygon
            class="itic-prohibited"
            points={`${path(UPPER)} ${right},${y(HIGHEST)} ${x(SHORTEST)},${y(HIGHEST)}`}
          />
          <polygon class="itic-no-damage" points={`${path(LOWER)} ${right},${y(0)}`} />
          {[0, 50, 100, 150, 200].map((percent) => (
            <g key={percent}>
              <line x1={margin.left} x2={right} y1={y(percent)} y2={y(percent)} class="grid" />
              <text x={margin.left - 6} y={y(percent) + 4} class="tick" text-anchor="end">
                {percent} %
              </text>
            </g>
          ))}
          {[1e-3, 1e-2, 1e-1, 1, 10, 100].map((duration) => (
            <g key={duration}>
              <line
                x1={x(duration)}
                x2={x(duration)}
                y1={margin.top}
                y2={margin.top + innerHeight}
                class="grid"
              />
              <text
                x={x(duration)}
                y={height - 8 * zoom}
                class="tick"
                text-anchor={duration === LONGEST ? 'end' : 'middle'}
              >
                {duration < 1 ? `${duration * 1e3} ms` : `${duration} s`}
              </text>
            </g>
          ))}
          <polyline class="itic-line" points={path(UPPER)} />
          <polyline class="itic-line" points={path(LOWER)} />
          <text x={x(0.03)} y={y(165)} class="itic-name">
            {t('iticProhibited')}
          </text>
          <text x={x(0.0012)} y={y(96)} class="itic-name">
            {t('iticOk')}
          </text>
          <text x={x(1)} y={y(30)} class="itic-name">
            {t('iticNoDamage')}
          </text>
          {points.map((point) => {
            const name = `${point.index + 1}: ${t(point.kind)}, ${seconds(point.duration)}, ${point.percent.toFixed(1)} %`;
            return (
              <g
                key={point.index}
                class="itic-point"
                tabIndex={0}
                role="button"
                aria-label={t('zoomTo', { name })}
                onClick={() => open(point.index)}
                onKeyDown={(event) => {
                  if (event.key === 'Enter' || event.key === ' ') {
                    event.preventDefault();
                    open(point.index);
                  }
                }}
              >
                <circle
                  cx={x(point.duration)}
                  cy={y(point.percent)}
                  r={6 * zoom}
                  fill={look.ink[point.kind]}
                />
                <title>{name}</title>
              </g>
            );
          })}
        </svg>
      )}
    </div>
  );
}
