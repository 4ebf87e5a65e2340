// SPDX-License-Identifier: Apache-2.0
// Which points of a log carry marks, as bars on the time axis of its charts.
import { AXIS_WIDTH, RIGHT_PADDING } from '../charts/time_chart';
import { epochSeconds } from '../lib/local_time';
import { useLook } from '../lib/look';
import { useWidth } from '../lib/use_width';
import { useView, type View } from '../lib/view';
import { MARK_TEXT, type Mark } from './quality';
import { t } from './strings';
import type { LogRows } from './types';

const ROW = 9;

/// The marks of a point; nothing: it is good.
export function marksOf(rows: LogRows, i: number): Mark[] {
  const marks: [Mark, boolean][] = [
    ['flagged', rows.flagged[i] === true],
    ['incomplete', rows.complete[i] === false],
    ['clock', rows.clock_ok[i] === false],
    ['sync', rows.sync_ok[i] === false],
  ];
  return marks.filter(([, set]) => set).map(([mark]) => mark);
}

/// Spans of points that carry a mark, each from the point before to its own time.
export function markedSpans(rows: LogRows): [Mark, [number, number][]][] {
  const spans = new Map<Mark, [number, number][]>();
  const times = rows.time.map(epochSeconds);
  times.forEach((to, i) => {
    const from = rows.gap_before[i] === true ? to : (times[i - 1] ?? to);
    for (const mark of marksOf(rows, i)) {
      const list = spans.get(mark) ?? [];
      const last = list[list.length - 1];
      if (last !== undefined && last[1] >= from) {
        last[1] = to;
      } else {
        list.push([from, to]);
      }
      spans.set(mark, list);
    }
  });
  return [...spans];
}

export function MarkStrips({ rows, view }: { rows: LogRows; view: View }) {
  const look = useLook();
  const [ref, width] = useWidth<HTMLDivElement>();
  const { from, to } = useView(view);
  const marked = markedSpans(rows);
  const axis = AXIS_WIDTH * look.zoom;
  const plot = Math.max(width - axis - RIGHT_PADDING * look.zoom, 1);
  const place = (time: number) =>
    axis + Math.min(Math.max((time - from) / (to - from), 0), 1) * plot;
  return (
    <div ref={ref} class="mark-strips">
      {marked.map(([mark, spans]) => (
        <div key={mark} data-mark={mark}>
          <svg width={width} height={ROW} aria-hidden="true">
            {spans
              .filter(([a, b]) => b >= from && a <= to)
              .map(([a, b]) => (
                <rect
                  key={a}
                  x={place(a)}
                  y={2}
                  height={ROW - 4}
                  width={Math.max(place(b) - place(a), 2)}
                  class={`strip ${mark === 'flagged' ? 'flagged' : 'doubt'}`}
                />
              ))}
          </svg>
          <p class="note">{t(MARK_TEXT[mark])}</p>
        </div>
      ))}
    </div>
  );
}
