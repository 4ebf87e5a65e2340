// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INK, phaseColour, type PaletteName, type ThemeName } from '../src/lib/palette';

/// Grounds that names of phases and events stand on, of both pages.
const GROUNDS: Record<ThemeName, readonly string[]> = {
  light: ['#ffffff', '#f3f5f8', '#f4f5f3', '#fbfbfa'],
  dark: ['#171c23', '#0f1318', '#0b0e11', '#12171c'],
};

/// WCAG 2.2, relative luminance.
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = parseInt(colour.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

test('every phase colour stands out as text on every ground', () => {
  for (const theme of ['light', 'dark'] as const) {
    for (const palette of ['safe', 'iec', 'north-america'] as const satisfies PaletteName[]) {
      for (const phase of [0, 1, 2, 3]) {
        for (const ground of GROUNDS[theme]) {
          const ratio = contrast(phaseColour(phase, palette, theme), ground);
          assert.ok(ratio >= 4.5, `${palette}, ${theme}, phase ${phase} on ${ground}: ${ratio}`);
        }
      }
    }
  }
});

test('inks of events and text stand out on every ground', () => {
  for (const theme of ['light', 'dark'] as const) {
    for (const name of ['text', 'weak', 'accent', 'dip', 'swell', 'interruption'] as const) {
      for (const ground of GROUNDS[theme]) {
        assert.ok(contrast(INK[theme][name], ground) >= 4.5, `${theme}, ${name} on ${ground}`);
      }
    }
  }
});
