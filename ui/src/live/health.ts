// SPDX-License-Identifier: Apache-2.0
// What is wrong with the process as a whole: its store, its threads. The state of a meter is shown with
// the meter.
import { useEffect, useState } from 'preact/hooks';
import { get } from './api';
import type { Health } from './types';

const RENEW_MS = 5000;

/// What somebody has to look after, in the server's words.
export function problemsOf({ checks }: Pick<Health, 'checks'>): string[] {
  return checks
    .filter(({ name, status }) => status !== 'ok' && !name.startsWith('meter '))
    .map(({ name, message }) => (message === '' ? name : `${name}: ${message}`));
}

/// Renewed while there is a connection.
export function useProblems(open: boolean): readonly string[] {
  const [problems, setProblems] = useState<readonly string[]>([]);
  useEffect(() => {
    if (!open) {
      return undefined;
    }
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const renew = async () => {
      // Without an answer the connection's own banner says so.
      const health = await get<Health>('health', {}, abort.signal).catch(() => null);
      if (abort.signal.aborted) {
        return;
      }
      if (health !== null) {
        const found = problemsOf(health);
        setProblems((before) => (before.join('\n') === found.join('\n') ? before : found));
      }
      timer = setTimeout(() => void renew(), RENEW_MS);
    };
    void renew();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [open]);
  return problems;
}
