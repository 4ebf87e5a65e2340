// SPDX-License-Identifier: Apache-2.0
// One chart over time. All charts of a page share the view's span and cursors.
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { scaleOf, span, type Scale } from '../lib/format';
import { isoOf, localTime } from '../lib/local_time';
import { useLook, type Look } from '../lib/look';
import { phaseDash } from '../lib/palette';
import { useWidth } from '../lib/use_width';
import type { View } from '../lib/view';
import type { SeriesSet } from '../report/data';
import { attachGestures } from './gestures';

export const AXIS_WIDTH = 58;
export const RIGHT_PADDING = 20;
/// With more points to a pixel a line becomes a band: dashes would cost time and not be seen, and a
/// solid band would hide the lines below it.
const POINTS_PER_PIXEL_OF_A_LINE = 5;
const BAND_ALPHA = 'a0';

export type BandKind = 'dip' | 'swell' | 'interruption' | 'fault';

/// A span of time to be shaded.
export interface Band {
  from: number;
  to: number;
  kind: BandKind;
}

interface Props {
  title: string;
  set: SeriesSet;
  view: View;
  height: number;
  showTime: boolean;
  bands: readonly Band[];
  levels: readonly number[];
  overlay: SeriesSet | null;
  hidden: ReadonlySet<string>;
  /// At least this share of the largest value is in sight.
  leastSpanRatio: number;
  /// Times are seconds of UTC since 1970, shown as local times; else seconds from a beginning.
  clock?: boolean;
  /// What the bands and cursors are about may be drawn over a fixed range of values.
  range?: readonly [number, number] | undefined;
}

/// What drawing needs to know of the present; read when drawing, so that the chart is made once.
interface Present extends Props {
  dense: boolean;
  look: Look;
  scale: Scale;
}

/// Decimal places that show every multiple of the step as it is: 1 of 2.5, none of 20.
export function decimalsOf(step: number, most: number): number {
  for (let digits = 0; digits < most; ++digits) {
    const scaled = step * 10 ** digits;
    if (scaled > 0.5 && Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) {
      return digits;
    }
  }
  return most;
}

export function timeTicks(values: readonly number[]): string[] {
  const first = values[0] ?? 0;
  const step = values.length > 1 ? (values[1] as number) - first : 1;
  const largest = Math.max(...values.map(Math.abs), 0);
  if (largest < 1 && step < 0.1) {
    const digits = decimalsOf(step * 1e3, 4);
    return values.map((value) => `${(value * 1e3).toFixed(digits).replace('-', '−')} ms`);
  }
  const digits = decimalsOf(step, 7);
  return values.map((value) => `${value.toFixed(digits).replace('-', '−')} s`);
}

const two = (n: number) => String(n).padStart(2, '0');

/// Local times of day, with the date where a day begins or the ticks are days apart.
export function clockTicks(values: readonly number[]): string[] {
  const step = values.length > 1 ? (values[1] as number) - (values[0] as number) : 60;
  return values.map((value) => {
    const time = new Date(Math.round(value * 1000));
    const day = `${two(time.getMonth() + 1)}-${two(time.getDate())}`;
    const hours = `${two(time.getHours())}:${two(time.getMinutes())}`;
    if (step >= 86400 || hours === '00:00') {
      return step >= 60 ? day : `${hours}:${two(time.getSeconds())}`;
    }
    if (step >= 60) {
      return hours;
    }
    const digits = decimalsOf(step, 3);
    const fraction = digits === 0 ? '' : (value % 1).toFixed(digits).slice(1);
    return `${hours}:${two(time.getSeconds())}${fraction}`;
  });
}

/// Both ends of a span as words.
export function spanText(from: number, to: number, clock: boolean): string {
  return clock ? `${localTime(isoOf(from))} … ${localTime(isoOf(to))}` : span(from, to);
}

/// Between the smallest and the largest of the values that a point stands for.
function drawExtremes(u: uPlot, now: Present): void {
  const { ctx, bbox } = u;
  const { x, series } = now.set;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.globalAlpha = 0.22;
  for (const line of series) {
    const { low, high } = line;
    if (low === undefined || high === undefined || now.hidden.has(line.name)) {
      continue;
    }
    ctx.fillStyle = now.look.colour(line.phase);
    for (let from = 0; from < x.length; ++from) {
      let to = from;
      while (to < x.length && isNumber(low[to]) && isNumber(high[to])) {
        ++to;
      }
      if (to - from > 1) {
        ctx.beginPath();
        for (let i = from; i < to; ++i) {
          ctx.lineTo(
            u.valToPos(x[i] as number, 'x', true),
            u.valToPos(high[i] as number, 'y', true),
          );
        }
        for (let i = to - 1; i >= from; --i) {
          ctx.lineTo(
            u.valToPos(x[i] as number, 'x', true),
            u.valToPos(low[i] as number, 'y', true),
          );
        }
        ctx.fill();
      }
      from = to;
    }
  }
  ctx.restore();
}

function isNumber(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}

function drawBands(u: uPlot, now: Present): void {
  const { ctx, bbox } = u;
  for (const band of now.bands) {
    const left = Math.max(u.valToPos(band.from, 'x', true), bbox.left);
    const right = Math.min(u.valToPos(band.to, 'x', true), bbox.left + bbox.width);
    if (right < left) {
      continue;
    }
    const colour = band.kind === 'fault' ? now.look.ink.interruption : now.look.ink[band.kind];
    ctx.save();
    ctx.globalAlpha = band.kind === 'fault' ? 0.07 : 0.12;
    ctx.fillStyle = colour;
    ctx.fillRect(left, bbox.top, Math.max(right - left, devicePixelRatio), bbox.height);
    ctx.restore();
  }
}

function drawLevels(u: uPlot, now: Present): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = now.look.ink.weak;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const level of now.levels) {
    const y = Math.round(u.valToPos(level, 'y', true)) + 0.5;
    if (y >= bbox.top && y <= bbox.top + bbox.height) {
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
  }
  ctx.restore();
}

function drawOverlay(u: uPlot, now: Present): void {
  if (now.overlay === null) {
    return;
  }
  const { ctx, bbox } = u;
  const { x, series } = now.overlay;
  const { from, to } = now.view.current;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.globalAlpha = 0.75;
  for (const line of series) {
    if (now.hidden.has(line.name)) {
      continue;
    }
    ctx.strokeStyle = now.look.colour(line.phase);
    ctx.setLineDash(phaseDash(line.phase).map((length) => length * devicePixelRatio));
    ctx.beginPath();
    let pen = false;
    for (let i = 0; i < x.length; ++i) {
      const time = x[i] as number;
      const value = line.values[i] ?? null;
      const beside = (x[i + 1] ?? time) < from || (x[i - 1] ?? time) > to;
      if (value === null || beside) {
        pen = false;
        continue;
      }
      const px = u.valToPos(time, 'x', true);
      const py = u.valToPos(value, 'y', true);
      if (pen) {
        ctx.lineTo(px, py);
      } else {
        ctx.moveTo(px, py);
      }
      pen = true;
    }
    ctx.stroke();
  }
  ctx.restore();
}

function drawCursors(u: uPlot, now: Present): void {
  const { ctx, bbox } = u;
  const { cursorA, cursorB } = now.view.current;
  ctx.save();
  ctx.strokeStyle = now.look.ink.accent;
  ctx.fillStyle = now.look.ink.accent;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([]);
  ctx.textAlign = 'left';
  ctx.font = `600 ${11 * now.look.zoom * devicePixelRatio}px system-ui, sans-serif`;
  for (const [name, at] of [
    ['A', cursorA],
    ['B', cursorB],
  ] as const) {
    if (at === null) {
      continue;
    }
    const x = u.valToPos(at, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) {
      continue;
    }
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(name, x + 3 * devicePixelRatio, bbox.top + 11 * devicePixelRatio);
  }
  ctx.restore();
}

/// The range of the values in sight, with room around them; never so narrow that noise looks like
/// a signal.
function valueRange(u: uPlot, now: Present): [number, number] {
  if (now.range !== undefined) {
    return [now.range[0], now.range[1]];
  }
  const { from, to } = now.view.current;
  let low = Infinity;
  let high = -Infinity;
  let largest = 0;
  const x = u.data[0];
  for (let s = 1; s < u.data.length; ++s) {
    const values = u.data[s];
    if (values === undefined || u.series[s]?.show === false) {
      continue;
    }
    for (let i = 0; i < x.length; ++i) {
      const value = values[i];
      const time = x[i] as number;
      if (value === null || value === undefined || time < from || time > to) {
        continue;
      }
      const line = now.set.series[s - 1];
      low = Math.min(low, line?.low?.[i] ?? value);
      high = Math.max(high, line?.high?.[i] ?? value);
    }
  }
  if (low > high) {
    return [0, 1];
  }
  largest = Math.max(Math.abs(low), Math.abs(high));
  const least = largest * now.leastSpanRatio;
  if (high - low < least) {
    const middle = (low + high) / 2;
    low = middle - least / 2;
    high = middle + least / 2;
  }
  const room = (high - low) * 0.06 || 1;
  return [low - room, high + room];
}

function makeChart(element: HTMLElement, width: number, present: { now: Present }): uPlot {
  const { now } = present;
  const look = () => present.now.look;
  const zoom = now.look.zoom;
  const font = `${11 * zoom}px system-ui, sans-serif`;
  const axis = {
    stroke: () => look().ink.weak,
    grid: { stroke: () => look().ink.grid, width: 1 },
    ticks: { show: false },
    font,
  };
  const options: uPlot.Options = {
    width,
    height: now.height,
    padding: [8, RIGHT_PADDING * zoom, now.showTime ? 0 : 4, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'time', setSeries: false },
      points: { show: false },
      y: false,
      drag: { x: true, y: false, setScale: false },
    },
    scales: {
      x: { time: now.clock === true, range: () => [now.view.current.from, now.view.current.to] },
      y: { range: (u) => valueRange(u, present.now) },
    },
    axes: [
      {
        ...axis,
        show: now.showTime,
        size: 26 * zoom,
        space: 84 * zoom,
        values: (_, splits) => (now.clock === true ? clockTicks(splits) : timeTicks(splits)),
      },
      {
        ...axis,
        size: AXIS_WIDTH * zoom,
        space: 28 * zoom,
        values: (_, splits) => axisNumbers(splits, present.now.scale.factor),
      },
    ],
    series: [
      {},
      ...now.set.series.map((line) => ({
        label: line.name,
        stroke: () => look().colour(line.phase) + (present.now.dense ? BAND_ALPHA : ''),
        width: 1.25 * zoom,
        points: { show: false },
        spanGaps: false,
        show: !now.hidden.has(line.name),
      })),
    ],
    hooks: {
      drawClear: [
        (u) => {
          drawBands(u, present.now);
          drawExtremes(u, present.now);
        },
      ],
      draw: [
        (u) => {
          drawLevels(u, present.now);
          drawOverlay(u, present.now);
          drawCursors(u, present.now);
        },
      ],
      setCursor: [
        (u) => {
          const left = u.cursor.left ?? -1;
          const inside = left >= 0;
          const pointer = inside ? u.posToVal(left, 'x') : null;
          if (pointer !== present.now.view.current.pointer) {
            present.now.view.set({ pointer });
          }
        },
      ],
      setSelect: [
        (u) => {
          if (u.select.width < 4) {
            return;
          }
          const from = u.posToVal(u.select.left, 'x');
          const to = u.posToVal(u.select.left + u.select.width, 'x');
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          present.now.view.show(from, to);
        },
      ],
    },
  };
  return new uPlot(options, dataOf(now.set), element);
}

function dataOf(set: SeriesSet): uPlot.AlignedData {
  return [set.x, ...set.series.map((line) => line.values)] as uPlot.AlignedData;
}

export function axisNumbers(splits: readonly number[], factor: number): string[] {
  const shown = splits.map((value) => value * factor);
  const step = shown.length > 1 ? Math.abs((shown[1] as number) - (shown[0] as number)) : 1;
  const digits = decimalsOf(step, 6);
  return shown.map((value) => {
    const text = value.toFixed(digits);
    return (Number(text) === 0 ? text.replace('-', '') : text).replace('-', '−');
  });
}

function updateDashes(u: uPlot, now: Present): void {
  const { set, view } = now;
  const { from, to } = view.current;
  let inSight = 0;
  for (const time of set.x) {
    inSight += time >= from && time <= to ? 1 : 0;
  }
  now.dense = inSight > POINTS_PER_PIXEL_OF_A_LINE * u.width;
  set.series.forEach((line, i) => {
    const series = u.series[i + 1];
    if (series !== undefined) {
      series.dash = now.dense ? [] : phaseDash(line.phase);
    }
  });
}

export function TimeChart(props: Props) {
  const look = useLook();
  const [ref, width] = useWidth<HTMLDivElement>();
  const chart = useRef<uPlot | null>(null);
  const drawn = useRef<SeriesSet | null>(null);
  const scale = scaleOf(
    props.set.series.flatMap((line) => extremes(line.values)),
    props.set.series[0]?.unit ?? '1',
  );
  const present = useRef<{ now: Present }>({ now: { ...props, look, scale, dense: false } });
  present.current.now = { ...props, look, scale, dense: present.current.now.dense };

  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null || width === 0) {
      return undefined;
    }
    if (chart.current === null) {
      chart.current = makeChart(element, width, present.current);
      drawn.current = props.set;
      updateDashes(chart.current, present.current.now);
      attachGestures(chart.current, props.view);
    } else {
      chart.current.setSize({ width, height: props.height });
    }
    return undefined;
  }, [width, props.height]);

  // Other values of the same lines: a live chart.
  useLayoutEffect(() => {
    const u = chart.current;
    if (u !== null && drawn.current !== props.set) {
      drawn.current = props.set;
      updateDashes(u, present.current.now);
      u.setData(dataOf(props.set), false);
      const { from, to } = props.view.current;
      u.setScale('x', { min: from, max: to });
    }
  }, [props.set]);

  useEffect(
    () => () => {
      chart.current?.destroy();
      chart.current = null;
    },
    [],
  );

  // Another span: new scales. Other cursors: the same picture with other lines on it.
  useEffect(() => {
    let { from, to, cursorA, cursorB } = props.view.current;
    return props.view.subscribe(() => {
      const u = chart.current;
      const next = props.view.current;
      if (u === null) {
        return;
      }
      if (next.from !== from || next.to !== to) {
        updateDashes(u, present.current.now);
        u.setScale('x', { min: next.from, max: next.to });
      } else if (next.cursorA !== cursorA || next.cursorB !== cursorB) {
        u.redraw(false);
      }
      ({ from, to, cursorA, cursorB } = next);
    });
  }, [props.view]);

  useEffect(() => {
    const u = chart.current;
    if (u === null) {
      return;
    }
    props.set.series.forEach((line, i) => {
      const show = !props.hidden.has(line.name);
      if (u.series[i + 1]?.show !== show) {
        u.setSeries(i + 1, { show });
      }
    });
    u.redraw(false);
  }, [props.hidden, props.overlay, props.levels, props.bands, look]);

  const latest = props.set.series.map((line) => line.name).join(', ');
  const { from, to } = props.view.current;
  return (
    <div class="chart" data-chart={props.title}>
      <div class="chart-title">
        {props.title}
        {scale.unit === '' ? '' : `, ${scale.unit}`}
      </div>
      <div
        ref={ref}
        role="img"
        aria-label={`${props.title}: ${latest}; ${spanText(from, to, props.clock === true)}`}
      />
    </div>
  );
}

function extremes(values: readonly (number | null)[]): number[] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value !== null) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high] : [];
}
