// SPDX-License-Identifier: Apache-2.0
// Harmonic bars: order on the axis, one bar an input; even orders are hatched by lightness.
import { useLook } from '../lib/look';
import { phaseOf } from '../lib/palette';
import { t } from '../lib/strings';
import { useWidth } from '../lib/use_width';

export interface BarSet {
  input: string;
  /// By order, in the unit of the chart.
  values: readonly (number | null)[];
}

const HEIGHT = 210;
const LEAST_LOG_PERCENT = 0.01;
/// Shown below the largest absolute value.
const RATIO_OF_LOG_AXIS = 1e4;
const LEFT = 46;
const BOTTOM = 24;
const TOP = 8;
// Below it is the noise of the arithmetic, and its figures would not fit beside the axis.
const LEAST_TOP: Record<string, number> = { '%': 0.01, V: 0.01, A: 0.001 };

/// The smallest of 1, 2, 5 times a power of ten that is not below the value.
function niceStep(value: number): number {
  const size = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((candidate) => candidate * size >= value) ?? 10) * size;
}

export function HarmonicBars({
  title,
  sets,
  orders,
  logarithmic,
  unit = '%',
  height = HEIGHT,
}: {
  title: string;
  sets: readonly BarSet[];
  orders: number;
  logarithmic: boolean;
  unit?: '%' | 'V' | 'A';
  height?: number;
}) {
  const look = useLook();
  const [ref, width] = useWidth<HTMLDivElement>();
  const values = sets.flatMap((set) => set.values.slice(2, orders + 1));
  const largest = Math.max(...values.map((value) => value ?? 0), LEAST_TOP[unit] ?? 0);
  const step = niceStep(largest / 5);
  const top = logarithmic
    ? 10 ** Math.ceil(Math.log10(Math.max(largest, (LEAST_TOP[unit] ?? 0) * 10)) - 1e-9)
    : Math.ceil(largest / step - 1e-9) * step;
  const least = unit === '%' ? LEAST_LOG_PERCENT : top / RATIO_OF_LOG_AXIS;
  const decades = Math.round(Math.log10(top / least));
  const zoom = look.zoom;
  const left = LEFT * zoom;
  const plotHeight = height - TOP - BOTTOM * zoom;
  const share = (value: number) =>
    logarithmic ? Math.max(Math.log10(value / least) / decades, 0) : value / top;
  const ticks: number[] = [];
  if (logarithmic) {
    for (let i = 0; i <= decades; ++i) {
      ticks.push(least * 10 ** i);
    }
  } else {
    for (let i = 0; i * step <= top * 1.001; ++i) {
      ticks.push(i * step);
    }
  }

  const slot = (width - left - 6) / (orders - 1);
  const bar = Math.max(Math.min((slot * 0.8) / Math.max(sets.length, 1), 14 * zoom), 0.6);
  const labelEvery = [1, 2, 4, 6, 10, 20].find((step) => slot * step >= 20 * zoom) ?? 20;

  return (
    <div ref={ref} class="chart">
      <div class="chart-title">{title}</div>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={title} class="bars">
          {ticks.map((tick) => {
            const y = TOP + plotHeight * (1 - share(tick));
            return (
              <g key={tick}>
                <line x1={left} x2={width} y1={y} y2={y} class="grid" />
                <text x={left - 6} y={y + 4} class="tick" text-anchor="end">
                  {Number(tick.toPrecision(3))}
                </text>
              </g>
            );
          })}
          {Array.from({ length: orders - 1 }, (_, i) => i + 2).map((order) => {
            const middle = left + (order - 1.5) * slot;
            return (
              <g key={order}>
                {(order - 3) % labelEvery === 0 && (
                  <text x={middle} y={height - 7 * zoom} class="tick" text-anchor="middle">
                    {order}
                  </text>
                )}
                {sets.map((set, i) => {
                  const value = set.values[order];
                  if (value === null || value === undefined) {
                    return null;
                  }
                  const tall = Math.max(share(value) * plotHeight, 0.5);
                  return (
                    <rect
                      key={set.input}
                      data-bar={`${set.input}:${order}`}
                      x={middle + (i - sets.length / 2) * bar}
                      y={TOP + plotHeight - tall}
                      width={bar * 0.92}
                      height={tall}
                      fill={look.colour(phaseOf(set.input))}
                      fill-opacity={order % 2 === 0 ? 0.5 : 1}
                    >
                      <title>{`${set.input}, ${t('order')} ${order}: ${value.toPrecision(3)} ${unit}`}</title>
                    </rect>
                  );
                })}
              </g>
            );
          })}
        </svg>
      )}
    </div>
  );
}
