// SPDX-License-Identifier: Apache-2.0
// What the logs remember. Each span is asked for anew, thinned by the server to what can be seen.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { ChartGroup, ViewToolbar, type Panel } from '../charts/chart_group';
import type { Band } from '../charts/time_chart';
import { number, scaleOf } from '../lib/format';
import { epochSeconds, isoOf, localTime, zoneAt } from '../lib/local_time';
import { useLook } from '../lib/look';
import { phaseDash } from '../lib/palette';
import { useView, View } from '../lib/view';
import { valueAt, type Series, type SeriesSet } from '../report/data';
import { useParameters, type Parameters } from './address';
import { meterPath } from './api';
import { useFetched, useLive } from './context';
import { seriesOf, usualColumns } from './log_series';
import { marksOf, MarkStrips } from './mark_strips';
import { MARK_TEXT } from './quality';
import { t, type LiveKey } from './strings';
import type { Disturbance, LogInfo, LogRows } from './types';
import { useWindowHeight } from './use_window';

const RENEW_MS = 3000;
const SETTLE_MS = 120;
const SHORTEST_SPAN = 0.2;
/// Beside what is shown, so that moving a little shows something at once.
const MARGIN_RATIO = 0.5;
const POINTS_PER_PIXEL = 1.5;
const SPANS: readonly [string, number, LiveKey][] = [
  ['900', 900, 'lastQuarter'],
  ['3600', 3600, 'lastHour'],
  ['86400', 86400, 'lastDay'],
  ['604800', 604800, 'lastWeek'],
  ['all', Infinity, 'everything'],
];
const USUAL_SPAN = '3600';

export function TrendsPage() {
  const { meter, address } = useLive();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setRound((before) => before + 1), RENEW_MS);
    return () => clearInterval(timer);
  }, []);
  const { data: logs, error } = useFetched<LogInfo[]>(meterPath(meter.id, 'logs'), {}, round);
  const parameters = useParameters(address);
  if (logs === null) {
    return (
      <p class="nothing" role="status">
        {error ?? t('loading')}
      </p>
    );
  }
  const wanted = parameters['log'];
  const log =
    logs.find((candidate) => candidate.name === wanted) ??
    logs.find((candidate) => candidate.rows > 0) ??
    logs[0];
  if (log === undefined) {
    return <p class="nothing">{t('noLogs')}</p>;
  }
  return <LogPart key={log.name} log={log} logs={logs} />;
}

function LogPart({ log, logs }: { log: LogInfo; logs: readonly LogInfo[] }) {
  const { address } = useLive();
  const parameters = useParameters(address);
  const labels = log.columns.map(({ label }) => label);
  const asked = (parameters['cols'] ?? '').split(',').filter((label) => labels.includes(label));
  const columns = parameters['cols'] === undefined ? usualColumns(log.columns) : asked;
  return (
    <div class="trends-page">
      <div class="controls">
        <label>
          {t('log')}
          <select
            value={log.name}
            onChange={(event) => address.replace({ log: event.currentTarget.value, cols: '' })}
          >
            {logs.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <ColumnPicker
          log={log}
          chosen={columns}
          choose={(next) =>
            address.replace({
              log: log.name,
              cols: labels.filter((label) => next.includes(label)).join(',') || '-',
            })
          }
        />
        {log.dropped_rows > 0 && (
          <p class="doubtful">{t('droppedRows', { n: log.dropped_rows })}</p>
        )}
      </div>
      {log.first === null || log.last === null || log.rows === 0 ? (
        <p class="nothing">{t('logEmpty')}</p>
      ) : (
        <LogCharts
          log={log}
          first={epochSeconds(log.first)}
          last={epochSeconds(log.last)}
          columns={columns}
        />
      )}
    </div>
  );
}

function ColumnPicker({
  log,
  chosen,
  choose,
}: {
  log: LogInfo;
  chosen: readonly string[];
  choose: (columns: readonly string[]) => void;
}) {
  return (
    <details class="column-picker">
      <summary>
        {t('columns')}: {chosen.length > 0 ? chosen.join(', ') : '—'}
      </summary>
      <div class="column-list" role="group" aria-label={t('columns')}>
        {log.columns.map(({ label, unit }) => (
          <label key={label}>
            <input
              type="checkbox"
              checked={chosen.includes(label)}
              onChange={(event) =>
                choose(
                  event.currentTarget.checked
                    ? [...chosen, label]
                    : chosen.filter((other) => other !== label),
                )
              }
            />
            {label} <span class="unit">{unit === '1' ? '' : unit}</span>
          </label>
        ))}
      </div>
    </details>
  );
}

interface Span {
  /// Ends of a fixed span; null: the newest part of the log, `length` seconds of it.
  fixed: readonly [number, number] | null;
  name: string;
  length: number;
}

function spanOf(parameters: Parameters): Span {
  const from = Number(parameters['from'] || NaN);
  const to = Number(parameters['to'] || NaN);
  const name = parameters['span'] || USUAL_SPAN;
  return {
    fixed: from < to ? [from, to] : null,
    name,
    length: SPANS.find(([candidate]) => candidate === name)?.[1] ?? Number(USUAL_SPAN),
  };
}

/// A view of the span that the address asks for; it follows the end of the log until it is moved.
function useLogView(first: number, last: number) {
  const { address } = useLive();
  const span = spanOf(useParameters(address));
  const [follow, setFollow] = useState(span.fixed === null);
  const show = (view: View, fixed: Span['fixed']) => {
    const [from, to] = fixed ?? [Math.max(last - span.length, first), last];
    view.show(from, to);
  };
  const view = useMemo(() => {
    const made = new View(first, Math.max(last, first + SHORTEST_SPAN), SHORTEST_SPAN, 0, false);
    show(made, span.fixed);
    return made;
  }, []);

  useEffect(() => {
    view.setBounds(first, Math.max(last, first + SHORTEST_SPAN));
    if (follow) {
      show(view, null);
    }
  }, [view, first, last, follow, span.length]);

  // Whoever moves away from the end no longer follows it; what is looked at goes into the address.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leave = view.subscribe(() => {
      const { from, to } = view.current;
      const wanted = Math.min(span.length, view.end - view.begin);
      const atEnd = view.end - to < 0.002 * (to - from);
      if (!(atEnd && Math.abs(to - from - wanted) < 0.01 * wanted)) {
        setFollow(false);
        clearTimeout(timer);
        timer = setTimeout(
          () => address.replace({ from: from.toFixed(3), to: to.toFixed(3), span: '' }),
          2 * SETTLE_MS,
        );
      }
    });
    return () => {
      clearTimeout(timer);
      leave();
    };
  }, [view, span.length]);

  const choose = (name: string) => {
    address.replace({ span: name, from: '', to: '' });
    setFollow(true);
  };
  return { view, span: follow ? span.name : '', choose };
}

/// What is shown, once it has stopped moving.
function useSettled(view: View): { from: number; to: number } {
  const { from, to } = useView(view);
  const [settled, setSettled] = useState({ from, to });
  useEffect(() => {
    const timer = setTimeout(() => setSettled({ from, to }), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [from, to]);
  return settled;
}

function LogCharts({
  log,
  first,
  last,
  columns,
}: {
  log: LogInfo;
  first: number;
  last: number;
  columns: readonly string[];
}) {
  const { meter } = useLive();
  const look = useLook();
  const windowHeight = useWindowHeight();
  const { view, span, choose } = useLogView(first, last);
  const settled = useSettled(view);
  const room = (settled.to - settled.from) * MARGIN_RATIO;
  const { data, error } = useFetched<LogRows>(
    columns.length === 0 ? null : meterPath(meter.id, 'logs', log.name),
    {
      from: isoOf(settled.from - room),
      to: isoOf(settled.to + room),
      columns: columns.join(','),
      max_points: Math.round(innerWidth * POINTS_PER_PIXEL * (1 + 2 * MARGIN_RATIO)),
    },
  );
  const sets = useMemo(() => (data === null ? [] : seriesOf(data)), [data]);
  const bands = useDisturbanceBands(settled.from - room, settled.to + room);
  const height = Math.max(
    Math.floor((windowHeight - 360 * look.zoom) / Math.max(sets.length, 1)),
    Math.round(130 * look.zoom),
  );
  const panels = sets.map(
    (set): Panel => ({
      key: set.series.map((line) => line.name).join(),
      title: set.series.map((line) => line.name).join(', '),
      set,
      height,
      levels: [],
      overlay: null,
      leastSpanRatio: 0.005,
    }),
  );
  const thinned = data?.low !== undefined && data.low.length > 0;
  return (
    <>
      <div class="scope-bar">
        <div class="spans" role="group">
          {SPANS.map(([name, , title]) => (
            <button
              key={name}
              type="button"
              aria-pressed={span === name}
              onClick={() => choose(name)}
            >
              {t(title)}
            </button>
          ))}
        </div>
        <ViewToolbar view={view} clock all={t('everything')} />
      </div>
      {error !== null && (
        <p class="banner" role="alert">
          {error}
        </p>
      )}
      {columns.length === 0 ? (
        <p class="nothing">{t('chooseColumns')}</p>
      ) : data === null ? (
        <p class="nothing" role="status">
          {t('loading')}
        </p>
      ) : (
        <>
          <ChartGroup
            view={view}
            panels={panels}
            bands={bands}
            levels={false}
            overlay={false}
            hidden={NONE_HIDDEN}
            clock
            below={<MarkStrips rows={data} view={view} />}
          />
          <Lines view={view} sets={sets} rows={data} />
          <p class="note" data-rows={data.rows}>
            {thinned
              ? `${t('rowsShown', { points: data.time.length, rows: data.rows })}. ${t('bandNote')}`
              : `${t('rowsAll', { rows: data.rows })}.`}{' '}
            {t('gapNote')} {bands.length > 0 && `${t('disturbedNote')} `}
            {t('zoneNote', { zone: zoneAt(isoOf(settled.to)) })}
          </p>
        </>
      )}
    </>
  );
}

const MOST_BANDS = 500;

/// Where the log was disturbed, as far as there are not too many to be told apart.
function useDisturbanceBands(from: number, to: number): Band[] {
  const { meter } = useLive();
  const { data } = useFetched<{ disturbances: Disturbance[] }>(
    meterPath(meter.id, 'disturbances'),
    { from: isoOf(from), to: isoOf(to), limit: MOST_BANDS },
  );
  return useMemo(
    () =>
      data === null || data.disturbances.length >= MOST_BANDS
        ? []
        : data.disturbances.flatMap(({ type, start, end }): Band[] => {
            const first = start ?? end;
            return first === null
              ? []
              : [{ kind: type, from: epochSeconds(first), to: epochSeconds(end ?? first) }];
          }),
    [data],
  );
}

const NONE_HIDDEN: ReadonlySet<string> = new Set();

/// Smallest and largest within the shown span, extremes of thinned points included.
function extremesOf(set: SeriesSet, line: Series, from: number, to: number) {
  let low: number | null = null;
  let high: number | null = null;
  let newest: number | null = null;
  set.x.forEach((time, i) => {
    const value = line.values[i] ?? null;
    if (value !== null && time >= from && time <= to) {
      low = Math.min(low ?? Infinity, line.low?.[i] ?? value);
      high = Math.max(high ?? -Infinity, line.high?.[i] ?? value);
      newest = value;
    }
  });
  return { low, high, newest };
}

/// The point at or before an instant; else the last one.
function pointAt(rows: LogRows, time: number): number {
  const behind = rows.time.findIndex((at) => epochSeconds(at) > time);
  return behind < 0 ? rows.time.length - 1 : Math.max(behind - 1, 0);
}

function Lines({ view, sets, rows }: { view: View; sets: readonly SeriesSet[]; rows: LogRows }) {
  const look = useLook();
  const { from, to, pointer } = useView(view);
  return (
    <div class="scroll">
      <table class="sheet lines">
        <thead>
          <tr>
            <th scope="col">{t('channel')}</th>
            <th scope="col">
              {pointer === null
                ? t('newestTime')
                : t('atPointerTime', { time: localTime(isoOf(pointer)) })}
            </th>
            <th scope="col">{t('smallest')}</th>
            <th scope="col">{t('largest')}</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{t('quality')}</th>
            <td colSpan={3} class="quality-words">
              {marksOf(rows, pointAt(rows, pointer ?? to))
                .map((mark) => t(MARK_TEXT[mark]))
                .join('; ') || t('good')}
            </td>
          </tr>
          {sets.flatMap((set) =>
            set.series.map((line) => {
              const { low, high, newest } = extremesOf(set, line, from, to);
              const scale = scaleOf([low, high], line.unit);
              return (
                <tr key={line.name} data-line={line.name}>
                  <th scope="row">
                    <svg viewBox="0 0 26 8" class="line-key" aria-hidden="true">
                      <line
                        x1="0"
                        x2="26"
                        y1="4"
                        y2="4"
                        stroke={look.colour(line.phase)}
                        stroke-width="3"
                        stroke-dasharray={phaseDash(line.phase).join(' ')}
                      />
                    </svg>
                    {line.name} <span class="unit">{scale.unit}</span>
                  </th>
                  <td>{number(pointer === null ? newest : valueAt(set, line, pointer), scale)}</td>
                  <td>{number(low, scale)}</td>
                  <td>{number(high, scale)}</td>
                </tr>
              );
            }),
          )}
        </tbody>
      </table>
    </div>
  );
}
