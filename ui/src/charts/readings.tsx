// SPDX-License-Identifier: Apache-2.0
// What the lines of a group of charts read at the pointer and at the cursors.
import { useMemo } from 'preact/hooks';
import {
  isAvailable,
  NOT_AVAILABLE,
  number,
  scaleOf,
  seconds,
  timeOfDay,
  type Scale,
} from '../lib/format';
import { useLook } from '../lib/look';
import { phaseDash } from '../lib/palette';
import { t } from '../lib/strings';
import { useView, type View, type ViewState } from '../lib/view';
import { valueAt, type Series, type SeriesSet } from '../report/data';
import type { Panel } from './chart_group';

export function Readings({
  start,
  view,
  panels,
  hidden,
  toggle,
}: {
  /// Of the time axis, UTC; null: only seconds are known.
  start: string | null;
  view: View;
  panels: readonly Panel[];
  hidden: ReadonlySet<string>;
  toggle: (name: string) => void;
}) {
  const state = useView(view);
  const scales = useMemo(
    () =>
      new Map(
        panels.map((panel) => [
          panel.key,
          scaleOf(
            panel.set.series.flatMap((line) => line.values),
            panel.set.series[0]?.unit ?? '1',
          ),
        ]),
      ),
    [panels],
  );
  return (
    <div class="scroll">
      <table class="readings">
        <thead>
          <tr>
            <th scope="col">{t('channel')}</th>
            <th scope="col">{t('atPointer')}</th>
            <th scope="col">{t('cursorA')}</th>
            <th scope="col">{t('cursorB')}</th>
            <th scope="col">{t('cursorDelta')}</th>
          </tr>
        </thead>
        <tbody>
          <TimeRows start={start} view={view} state={state} />
          {panels.map((panel) =>
            panel.set.series.map((line) => (
              <ReadingRow
                key={panel.key + line.name}
                set={panel.set}
                line={line}
                scale={scales.get(panel.key) as Scale}
                state={state}
                shown={!hidden.has(line.name)}
                toggle={() => toggle(line.name)}
              />
            )),
          )}
        </tbody>
      </table>
      <button
        type="button"
        class="plain"
        disabled={state.cursorA === null && state.cursorB === null}
        onClick={() => view.set({ cursorA: null, cursorB: null })}
      >
        {t('clearCursors')}
      </button>
    </div>
  );
}

function TimeRows({ start, view, state }: { start: string | null; view: View; state: ViewState }) {
  const { cursorA, cursorB, pointer } = state;
  const delta = cursorA !== null && cursorB !== null ? cursorB - cursorA : null;
  const input = (name: string, value: number | null, set: (value: number | null) => void) => (
    <input
      type="number"
      step="any"
      aria-label={t('cursorInput', { name })}
      value={value === null ? '' : Number(value.toFixed(7))}
      onChange={(event) => {
        const text = event.currentTarget.value;
        set(text === '' ? null : Math.min(Math.max(Number(text), view.begin), view.end));
      }}
    />
  );
  const clock = (at: number | null) =>
    start === null || at === null ? NOT_AVAILABLE : timeOfDay(start, at);
  return (
    <>
      <tr>
        <th scope="row">
          {t('time')} <span class="unit">s</span>
        </th>
        <td>{pointer === null ? NOT_AVAILABLE : pointer.toFixed(6)}</td>
        <td>{input(t('cursorA'), cursorA, (at) => view.set({ cursorA: at }))}</td>
        <td>{input(t('cursorB'), cursorB, (at) => view.set({ cursorB: at }))}</td>
        <td class="strong">{seconds(delta)}</td>
      </tr>
      {start !== null && (
        <tr class="clock">
          <th scope="row">{t('timeOfDay')}</th>
          <td>{clock(pointer)}</td>
          <td>{clock(cursorA)}</td>
          <td>{clock(cursorB)}</td>
          <td />
        </tr>
      )}
    </>
  );
}

function ReadingRow({
  set,
  line,
  scale,
  state,
  shown,
  toggle,
}: {
  set: SeriesSet;
  line: Series;
  scale: Scale;
  state: ViewState;
  shown: boolean;
  toggle: () => void;
}) {
  const look = useLook();
  const at = (time: number | null) => (time === null ? null : valueAt(set, line, time));
  const a = at(state.cursorA);
  const b = at(state.cursorB);
  const delta = isAvailable(a) && isAvailable(b) ? b - a : null;
  return (
    <tr class={shown ? '' : 'dimmed'}>
      <th scope="row">
        <label class="series">
          <input
            type="checkbox"
            checked={shown}
            onChange={toggle}
            aria-label={t('show', { name: line.name })}
          />
          <svg width="26" height="8" aria-hidden="true">
            <line
              x1="0"
              x2="26"
              y1="4"
              y2="4"
              stroke={look.colour(line.phase)}
              stroke-width="2.5"
              stroke-dasharray={phaseDash(line.phase).join(' ')}
            />
          </svg>
          {line.name}
          <span class="unit">{scale.unit}</span>
        </label>
      </th>
      <td>{number(at(state.pointer), scale)}</td>
      <td>{number(a, scale)}</td>
      <td>{number(b, scale)}</td>
      <td>{number(delta, scale)}</td>
    </tr>
  );
}
