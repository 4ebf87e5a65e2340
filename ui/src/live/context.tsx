// SPDX-License-Identifier: Apache-2.0
// What every page of the live meter shares, and how it gets its values.
import { createContext } from 'preact';
import { useContext, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Address } from './address';
import { get, meterPath } from './api';
import type { Connection, Stream } from './stream';
import type { Meter, Reading, RegisterInfo, StreamMessage } from './types';

export type Catalogue = ReadonlyMap<string, RegisterInfo>;

export interface Live {
  stream: Stream;
  address: Address;
  connection: Connection;
  meter: Meter;
  /// Null until it is known.
  catalogue: Catalogue | null;
  /// Values are being renewed at present.
  renewed: boolean;
  /// Shows a register's time and quality; `keep` until another is chosen.
  inspect: (label: string | null, keep?: boolean) => void;
  /// Tells the user why values do not come.
  complain: (problem: string) => void;
}

export const LiveContext = createContext<Live | null>(null);

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === null) {
    throw new Error('outside of a meter');
  }
  return live;
}

const CATALOGUE_PAGE = 1000;
const RETRY_MS = 2000;

async function fetchCatalogue(meter: string, signal: AbortSignal): Promise<Catalogue> {
  const all = new Map<string, RegisterInfo>();
  for (let offset = 0; ; ) {
    const page = await get<{ total: number; registers: RegisterInfo[] }>(
      meterPath(meter, 'registers', 'info'),
      { limit: CATALOGUE_PAGE, offset },
      signal,
    );
    page.registers.forEach((register) => all.set(register.label, register));
    offset += page.registers.length;
    if (page.registers.length === 0 || offset >= page.total) {
      return all;
    }
  }
}

/// The registers of a meter; asked for again after the connection was lost.
export function useCatalogue(meter: string | undefined, connection: Connection): Catalogue | null {
  const [known, setKnown] = useState<{ meter: string; catalogue: Catalogue } | null>(null);
  const open = connection.kind === 'open';
  useEffect(() => {
    if (meter === undefined || !open) {
      return undefined;
    }
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () =>
      fetchCatalogue(meter, abort.signal).then(
        (catalogue) => setKnown({ meter, catalogue }),
        () => {
          if (!abort.signal.aborted) {
            timer = setTimeout(() => void ask(), RETRY_MS);
          }
        },
      );
    void ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [meter, open]);
  return known !== null && known.meter === meter ? known.catalogue : null;
}

export type Readings = ReadonlyMap<string, Reading>;

const NOTHING: Readings = new Map();

/// Present readings of those of the labels that the meter has.
export function useRegisters(labels: readonly string[], interval_ms = 200): Readings {
  const { stream, meter, catalogue, complain } = useLive();
  const [readings, setReadings] = useState<Readings>(NOTHING);
  const latest = useRef<Map<string, Reading>>(new Map());
  const wanted = labels.filter((label) => catalogue?.has(label) === true);
  const key = wanted.join('\n');
  useEffect(() => {
    latest.current = new Map([...latest.current].filter(([label]) => wanted.includes(label)));
    setReadings(latest.current);
    if (wanted.length === 0) {
      return undefined;
    }
    return stream.subscribe({ meter: meter.id, labels: wanted, interval_ms }, (message) => {
      if (message.registers !== undefined) {
        const next = new Map(latest.current);
        message.registers.forEach((reading) => next.set(reading.label, reading));
        latest.current = next;
        setReadings(next);
      } else if (message.error !== undefined) {
        complain(message.error);
      }
    });
  }, [stream, meter.id, key, interval_ms]);
  return readings;
}

/// Messages of one subscription; a null request subscribes to nothing.
export function useMessages(request: object | null, listener: (message: StreamMessage) => void) {
  const { stream } = useLive();
  const present = useRef(listener);
  present.current = listener;
  const key = JSON.stringify(request);
  useEffect(
    () =>
      request === null
        ? undefined
        : stream.subscribe(request, (message) => present.current(message)),
    [stream, key],
  );
}

export interface Fetched<T> {
  data: T | null;
  error: string | null;
  pending: boolean;
}

/// An answer of the API, fetched again when the path or the round changes. What was there stays until
/// the new answer has come, unless the path is another one.
export function useFetched<T>(
  path: string | null,
  query: Record<string, string | number | undefined> = {},
  round: unknown = 0,
): Fetched<T> {
  const [state, setState] = useState<Fetched<T> & { path: string | null }>({
    path,
    data: null,
    error: null,
    pending: path !== null,
  });
  const key = JSON.stringify(query);
  useEffect(() => {
    if (path === null) {
      setState({ path, data: null, error: null, pending: false });
      return undefined;
    }
    const abort = new AbortController();
    setState((before) => ({
      path,
      data: before.path === path ? before.data : null,
      error: null,
      pending: true,
    }));
    get<T>(path, query, abort.signal).then(
      (data) => setState({ path, data, error: null, pending: false }),
      (error: unknown) => {
        if (!abort.signal.aborted) {
          const message = error instanceof Error ? error.message : String(error);
          setState((before) => ({ ...before, error: message, pending: false }));
        }
      },
    );
    return () => abort.abort();
  }, [path, key, round]);
  return useMemo(
    () =>
      state.path === path
        ? { data: state.data, error: state.error, pending: state.pending }
        : { data: null, error: null, pending: path !== null },
    [state, path],
  );
}
