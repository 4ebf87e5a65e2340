// SPDX-License-Identifier: Apache-2.0
// Requests to the HTTP API. Paths are relative to the page, so that it also works below a path.
import { t } from './strings';

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export function apiUrl(path: string, query: Record<string, string | number | undefined> = {}) {
  const url = new URL(`api/v1/${path}`, document.baseURI);
  url.hash = '';
  url.search = '';
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) {
      url.searchParams.set(name, String(value));
    }
  }
  return url.href;
}

/// The words of an error body: {"error": "…"}, {"error": {"message": "…"}}, {"message": "…"} or text.
export function errorText(body: string, status: number): string {
  try {
    const json = JSON.parse(body) as Record<string, unknown>;
    const inner = json['error'] ?? json['message'];
    if (typeof inner === 'string') {
      return inner;
    }
    const message = (inner as { message?: unknown } | null)?.message;
    if (typeof message === 'string') {
      return message;
    }
  } catch {
    // Not JSON: the text itself is the message.
  }
  const plain = body.trim();
  return plain !== '' && plain.length < 600 && !plain.startsWith('<')
    ? plain
    : t('httpStatus', { status });
}

export async function get<T>(
  path: string,
  query: Record<string, string | number | undefined> = {},
  signal?: AbortSignal,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(apiUrl(path, query), signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted === true) {
      throw error;
    }
    throw new ApiError(t('serverUnreachable'), 0);
  }
  if (!response.ok) {
    throw new ApiError(errorText(await response.text(), response.status), response.status);
  }
  return (await response.json()) as T;
}

/// "meters/feeder-1/…" with its parts escaped.
export function meterPath(meter: string, ...parts: (string | number)[]): string {
  return ['meters', meter, ...parts].map((part) => encodeURIComponent(part)).join('/');
}
