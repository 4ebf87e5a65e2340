// SPDX-License-Identifier: Apache-2.0
// Status channels as bars on the common time axis: thick while on, a thin line while off.
import { useState } from 'preact/hooks';
import { t } from '../lib/strings';
import { useWidth } from '../lib/use_width';
import { useView, type View } from '../lib/view';
import type { StatusJson } from '../report/data';
import { AXIS_WIDTH, RIGHT_PADDING } from './time_chart';

const MOST_ROWS = 200;

export function StatusBars({
  statuses,
  view,
  end,
}: {
  statuses: readonly StatusJson[];
  view: View;
  end: number;
}) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [all, setAll] = useState(false);
  const { from, to } = useView(view);
  const changing = statuses.filter((status) => status.transitions.length > 0);
  const shown = (all ? statuses : changing).slice(0, MOST_ROWS);
  const plot = Math.max(width - AXIS_WIDTH - RIGHT_PADDING, 1);
  const position = (time: number) => AXIS_WIDTH + ((time - from) / (to - from)) * plot;
  const row = 22;

  const spans = (status: StatusJson): [number, number][] => {
    const on: [number, number][] = [];
    let since: number | null = status.initial ? view.begin : null;
    for (const [time, state] of status.transitions) {
      if (state && since === null) {
        since = time;
      } else if (!state && since !== null) {
        on.push([since, time]);
        since = null;
      }
    }
    if (since !== null) {
      on.push([since, end]);
    }
    return on.filter(([a, b]) => b >= from && a <= to);
  };

  return (
    <div class="chart">
      <div class="chart-title">{t('statuses')}</div>
      <div ref={ref}>
        {width > 0 && shown.length > 0 && (
          <svg width={width} height={shown.length * row + 4} class="statuses" aria-hidden="true">
            {shown.map((status, i) => (
              <g key={i} transform={`translate(0 ${i * row})`}>
                <line x1={AXIS_WIDTH} x2={AXIS_WIDTH + plot} y1={17} y2={17} class="status-off" />
                {spans(status).map(([a, b], k) => {
                  const left = Math.max(position(a), AXIS_WIDTH);
                  const right = Math.min(position(b), AXIS_WIDTH + plot);
                  return (
                    <rect
                      key={k}
                      x={left}
                      y={14}
                      height={6}
                      width={Math.max(right - left, 1)}
                      class="status-on"
                    />
                  );
                })}
                <text x={AXIS_WIDTH + 2} y={11} class="status-name">
                  {status.name}
                </text>
              </g>
            ))}
          </svg>
        )}
      </div>
      <p class="note">
        {statuses.length > changing.length && !all && (
          <span>{t('statusesUnchanged', { n: statuses.length - changing.length })} </span>
        )}
        {statuses.length > changing.length && (
          <button type="button" class="plain" onClick={() => setAll(!all)}>
            {all ? t('statusesShowChanging') : t('statusesShowAll', { n: statuses.length })}
          </button>
        )}
      </p>
      <details class="behind">
        <summary>{t('asTable')}</summary>
        <table>
          <tbody>
            {shown.map((status, i) => (
              <tr key={i}>
                <th scope="row">{status.name}</th>
                <td>
                  {status.initial ? '1' : '0'}
                  {status.transitions
                    .slice(0, 20)
                    .map(([time, state]) => ` → ${state ? 1 : 0} @ ${time.toFixed(5)} s`)
                    .join('')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </div>
  );
}
