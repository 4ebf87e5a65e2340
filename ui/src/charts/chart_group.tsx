// SPDX-License-Identifier: Apache-2.0
// Charts on one time axis, one below another, moved together by keys, wheel and fingers.
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { t } from '../lib/strings';
import { useView, type View } from '../lib/view';
import type { SeriesSet } from '../report/data';
import { spanText, TimeChart, type Band } from './time_chart';

export interface Panel {
  key: string;
  title: string;
  set: SeriesSet;
  height: number;
  levels: number[];
  overlay: SeriesSet | null;
  leastSpanRatio: number;
  range?: readonly [number, number];
}

export function ChartGroup({
  view,
  panels,
  bands,
  levels,
  overlay,
  hidden,
  clock = false,
  onKey,
  above,
  below,
}: {
  view: View;
  panels: readonly Panel[];
  bands: readonly Band[];
  levels: boolean;
  overlay: boolean;
  hidden: ReadonlySet<string>;
  clock?: boolean;
  /// A key that the page itself understands: true where it was taken.
  onKey?: (key: string) => boolean;
  above?: ComponentChildren;
  below?: ComponentChildren;
}) {
  const none = useMemo<number[]>(() => [], []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey) {
      return;
    }
    const pointer = view.current.pointer ?? (view.current.from + view.current.to) / 2;
    const actions: Record<string, () => void> = {
      '+': () => view.zoom(0.5),
      '=': () => view.zoom(0.5),
      '-': () => view.zoom(2),
      ArrowLeft: () => view.pan(-0.1),
      ArrowRight: () => view.pan(0.1),
      '0': () => view.reset(),
      Home: () => view.reset(),
      a: () => view.set({ cursorA: pointer }),
      b: () => view.set({ cursorB: pointer }),
      Escape: () => view.set({ cursorA: null, cursorB: null }),
    };
    if (onKey?.(event.key) === true) {
      event.preventDefault();
      return;
    }
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action !== undefined) {
      event.preventDefault();
      action();
    }
  };

  return (
    <div
      data-signals
      class="signals"
      tabIndex={0}
      role="group"
      aria-label={t('help')}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => event.currentTarget.focus({ preventScroll: true })}
    >
      {above}
      {panels.map((panel, i) => (
        <TimeChart
          key={`${panel.key} ${i === panels.length - 1}`}
          title={panel.title}
          set={panel.set}
          view={view}
          height={panel.height + (i === panels.length - 1 ? 26 : 0)}
          showTime={i === panels.length - 1 || panel.key === 'i'}
          bands={bands}
          levels={levels ? panel.levels : none}
          overlay={overlay ? panel.overlay : null}
          hidden={hidden}
          leastSpanRatio={panel.leastSpanRatio}
          range={panel.range}
          clock={clock}
        />
      ))}
      {below}
    </div>
  );
}

export function ViewToolbar({
  view,
  clock = false,
  all = t('reset'),
}: {
  view: View;
  clock?: boolean;
  /// Name of the button that shows everything.
  all?: string;
}) {
  const { from, to } = useView(view);
  const button = (label: string, sign: string, action: () => void) => (
    <button type="button" title={label} aria-label={label} onClick={action}>
      {sign}
    </button>
  );
  return (
    <div class="toolbar" data-from={from} data-to={to}>
      <output class="span">{spanText(from, to, clock)}</output>
      {button(t('panLeft'), '←', () => view.pan(-0.25))}
      {button(t('panRight'), '→', () => view.pan(0.25))}
      {button(t('zoomIn'), '+', () => view.zoom(0.5))}
      {button(t('zoomOut'), '−', () => view.zoom(2))}
      <button type="button" onClick={() => view.reset()}>
        {all}
      </button>
    </div>
  );
}
