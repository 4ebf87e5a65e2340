// SPDX-License-Identifier: Apache-2.0
// The meters of the server and the state of the chosen one, kept current.
import { useEffect, useState } from 'preact/hooks';
import { get, meterPath } from './api';
import type { Meter } from './types';

const RENEW_CHOSEN_MS = 1000;
/// Every so many renewals of the chosen meter.
const RENEW_ALL_EVERY = 10;

export interface Meters {
  /// Null until the first answer.
  list: readonly Meter[] | null;
  chosen: Meter | undefined;
  error: string | null;
}

/// `id` null: the first of them.
export function useMeters(id: string | null, open: boolean): Meters {
  const [list, setList] = useState<readonly Meter[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let chosen = id;
    const renew = async (round: number) => {
      try {
        if (round % RENEW_ALL_EVERY === 0 || chosen === null) {
          const all = await get<Meter[]>('meters', {}, abort.signal);
          setList(all);
          chosen ??= all[0]?.id ?? null;
        } else {
          const meter = await get<Meter>(meterPath(chosen), {}, abort.signal);
          setList((before) => before?.map((old) => (old.id === meter.id ? meter : old)) ?? null);
        }
        setError(null);
      } catch (reason) {
        if (abort.signal.aborted) {
          return;
        }
        setError(reason instanceof Error ? reason.message : String(reason));
        round = -1;
      }
      timer = setTimeout(() => void renew(round + 1), RENEW_CHOSEN_MS);
    };
    void renew(0);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [id, open]);
  const chosen = id === null ? list?.[0] : list?.find((meter) => meter.id === id);
  return { list, chosen, error };
}
