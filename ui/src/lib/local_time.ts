// SPDX-License-Identifier: Apache-2.0
// Instants (ISO 8601, UTC, up to nine digits of a second) as local times with their zone.
import { NOT_AVAILABLE } from './format';

const two = (n: number) => String(n).padStart(2, '0');

/// Seconds since 1970, with the digits of the text as far as a double carries them.
export function epochSeconds(iso: string): number {
  const [head = '', fraction = ''] = iso.replace('Z', '').split('.');
  return Date.parse(`${head}Z`) / 1000 + (fraction === '' ? 0 : Number(`0.${fraction}`));
}

/// ISO 8601 with microseconds, as the API takes it.
export function isoOf(seconds: number): string {
  const micros = Math.round(seconds * 1e6);
  const whole = Math.floor(micros / 1e6);
  const head = new Date(whole * 1000).toISOString().slice(0, 19);
  return `${head}.${String(micros - whole * 1e6).padStart(6, '0')}Z`;
}

function fractionOf(iso: string, digits: number): string {
  const fraction = iso.replace('Z', '').split('.')[1] ?? '';
  return digits === 0 ? '' : `.${fraction.slice(0, digits).padEnd(digits, '0')}`;
}

/// "09:00:03.200" in the zone of the browser.
export function localClock(iso: string | null | undefined, digits = 0): string {
  const time = iso === null || iso === undefined ? NaN : Date.parse(iso);
  if (iso === null || iso === undefined || Number.isNaN(time)) {
    return NOT_AVAILABLE;
  }
  const date = new Date(time);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return clock + fractionOf(iso, digits);
}

/// "2026-01-05" in the zone of the browser.
export function localDate(iso: string | null | undefined): string {
  const time = iso === null || iso === undefined ? NaN : Date.parse(iso);
  if (Number.isNaN(time)) {
    return NOT_AVAILABLE;
  }
  const date = new Date(time);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/// "UTC+01:00" or "UTC" at an instant, in the zone of the browser.
export function zoneAt(iso: string): string {
  const minutes = -new Date(Date.parse(iso)).getTimezoneOffset();
  if (minutes === 0 || Number.isNaN(minutes)) {
    return 'UTC';
  }
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/// "2026-01-05 09:00:03.200".
export function localTime(iso: string | null | undefined, digits = 0): string {
  const date = localDate(iso);
  return date === NOT_AVAILABLE ? date : `${date} ${localClock(iso, digits)}`;
}

/// For a tooltip: "2026-01-05 08:00:03.200000 UTC".
export function utcTitle(iso: string | null | undefined): string {
  return iso === null || iso === undefined
    ? ''
    : `${iso
        .replace('Z', '')
        .replace('T', ' ')
        .replace(/(\.\d{6})\d*$/, '$1')} UTC`;
}
