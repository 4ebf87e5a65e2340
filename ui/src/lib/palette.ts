// SPDX-License-Identifier: Apache-2.0
// Colours of the phases by the standard used on site. A phase is never told by its colour alone:
// its label and its dash go with it.

export type PaletteName = 'safe' | 'iec' | 'north-america';
export type ThemeName = 'light' | 'dark';

type Colours = readonly [string, string, string, string];

const PHASES: Record<PaletteName, Record<ThemeName, Colours>> = {
  // Okabe and Ito, darkened or lightened to stand out from the background.
  safe: {
    light: ['#0060a0', '#b84a00', '#007a5a', '#a64d86'],
    dark: ['#5cb8f2', '#f0a030', '#2fc79b', '#dd8fbf'],
  },
  // IEC 60445: L1 brown, L2 black, L3 grey, N blue.
  iec: {
    light: ['#8a4a1c', '#16181c', '#666d77', '#1463c4'],
    dark: ['#cf8a55', '#f2f4f7', '#98a1ad', '#6fa8ff'],
  },
  'north-america': {
    light: ['#16181c', '#c8202c', '#1463c4', '#666d77'],
    dark: ['#f2f4f7', '#ff6b70', '#6fa8ff', '#98a1ad'],
  },
};

const DASHES: readonly (readonly number[])[] = [[], [9, 4], [3, 3], [12, 3, 3, 3]];

/// 0, 1, 2 = phases; 3 = neutral and all else.
export function phaseOf(input: string): number {
  const n = Number(input.slice(-1));
  return n >= 1 && n <= 3 ? n - 1 : 3;
}

export function phaseColour(phase: number, palette: PaletteName, theme: ThemeName): string {
  return PHASES[palette][theme][phase as 0 | 1 | 2 | 3] ?? PHASES[palette][theme][3];
}

export function phaseDash(phase: number): number[] {
  return [...(DASHES[phase] ?? [])];
}

/// Colours that a canvas needs; the same as in style.css.
export const INK: Record<
  ThemeName,
  {
    text: string;
    weak: string;
    grid: string;
    accent: string;
    dip: string;
    swell: string;
    interruption: string;
  }
> = {
  light: {
    text: '#1b2027',
    weak: '#59636f',
    grid: '#e3e7ec',
    accent: '#0b5cad',
    dip: '#a05400',
    swell: '#7a3fb0',
    interruption: '#c01f2e',
  },
  dark: {
    text: '#e8ecf1',
    weak: '#9aa6b4',
    grid: '#29313b',
    accent: '#6cb2ff',
    dip: '#f5a742',
    swell: '#c39bf0',
    interruption: '#ff6e77',
  },
};
