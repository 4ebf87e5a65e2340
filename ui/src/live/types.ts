// SPDX-License-Identifier: Apache-2.0
// The JSON of the HTTP API (/api/v1), as far as the page reads it. Times are ISO 8601 UTC with
// nanoseconds; what is not available is null.

export type Instant = string;

export interface Meter {
  id: string;
  name: string;
  unit_id: number | null;
  source: string;
  template: string;
  wiring: string;
  nominal_voltage_V: number | null;
  nominal_frequency_Hz: number | null;
  /// Of the nominal voltage; null: dips and swells are not looked for.
  dip_threshold_percent: number | null;
  swell_threshold_percent: number | null;
  sample_rate_Hz: number | null;
  inputs: string[];
  /// starting, measuring, source-lost, ended or failed.
  state: string;
  message: string;
  first_sample: Instant | null;
  last_sample: Instant | null;
  clock_ok: boolean;
  clock_uncertainty_s: number | null;
  samples: number;
  gaps: number;
  dropped_samples: number;
  lag_s: number;
}

export type RegisterValue = number | string | (number | null)[] | null;

export interface Reading {
  label: string;
  value: RegisterValue;
  unit: string;
  time: Instant | null;
  flagged: boolean;
  complete: boolean;
  clock_ok: boolean;
  sync_ok: boolean;
}

export interface RegisterInfo {
  label: string;
  class: string;
  unit: string;
  tick: string;
  module: string;
  help: string;
  first_element: number | null;
  element_count: number | null;
}

export interface Waveform {
  start: Instant;
  rate_Hz: number;
  channels: Record<string, (number | null)[]>;
  /// rms over a cycle, renewed every half cycle; times are the cycles' ends.
  rms: { time: Instant[]; channels: Record<string, (number | null)[]> };
  /// Of a long disturbance: what surrounds its end.
  recovery?: Waveform | null;
}

export interface LogColumn {
  label: string;
  unit: string;
}

export interface LogInfo {
  name: string;
  columns: LogColumn[];
  rows: number;
  first: Instant | null;
  last: Instant | null;
  depth: number;
  stop_when_full: boolean;
  dropped_rows: number;
}

export interface LogRows {
  columns: LogColumn[];
  rows: number;
  time: Instant[];
  values: (number | null)[][];
  low?: (number | null)[][];
  high?: (number | null)[][];
  gap_before: boolean[];
  flagged: boolean[];
  complete: boolean[];
  clock_ok: boolean[];
  sync_ok: boolean[];
}

export interface LogEvent {
  sequence: number;
  meter: string;
  time: Instant;
  priority: number;
  module: string;
  cause: string | null;
  cause_value: string | null;
  effect: string | null;
  effect_value: string | null;
  by: string | null;
}

export interface Disturbance {
  id: number;
  meter?: string;
  has_waveform: boolean;
  type: 'dip' | 'swell' | 'interruption';
  start: Instant | null;
  end: Instant | null;
  duration_s: number | null;
  phases: string[];
  residual_V?: number | null;
  residual_percent?: number | null;
  maximum_V?: number | null;
  maximum_percent?: number | null;
  worst_phase: string;
  threshold_percent: number;
  hysteresis_percent: number;
  reference_V: number;
  channel_set: 'L-N' | 'L-L';
  per_phase: {
    phase: string;
    start: Instant | null;
    end: Instant | null;
    residual_V?: number | null;
    maximum_V?: number | null;
  }[];
}

export interface Health {
  status: string;
  version: string;
  uptime_s: number;
  time: Instant;
  checks: { name: string; status: string; message: string }[];
}

/// What the server sends over the stream.
export interface StreamMessage {
  id?: number;
  error?: string;
  registers?: Reading[];
  waveform?: Waveform;
  event?: LogEvent;
  disturbance?: Disturbance;
}
