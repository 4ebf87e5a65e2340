// SPDX-License-Identifier: Apache-2.0
// Theme and phase colours: as the system says until the user chooses; the choice is remembered where
// the browser allows it.
import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { INK, phaseColour, type PaletteName, type ThemeName } from './palette';

export type ThemeChoice = 'auto' | ThemeName;

export interface Look {
  theme: ThemeName;
  palette: PaletteName;
  ink: (typeof INK)[ThemeName];
  colour: (phase: number) => string;
  /// How much larger than at 16 px a rem text is: charts grow with the text around them.
  zoom: number;
}

export const LookContext = createContext<Look>(makeLook('light', 'safe'));

export function makeLook(theme: ThemeName, palette: PaletteName, zoom = 1): Look {
  return {
    theme,
    palette,
    ink: INK[theme],
    colour: (phase) => phaseColour(phase, palette, theme),
    zoom,
  };
}

export function useLook(): Look {
  return useContext(LookContext);
}

/// A choice that outlives the page; a page opened from a file may have no storage.
export function useRemembered<T extends string>(
  key: string,
  allowed: readonly T[],
  fallback: T,
): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => {
    try {
      const stored = localStorage.getItem(key) as T | null;
      return stored !== null && allowed.includes(stored) ? stored : fallback;
    } catch {
      return fallback;
    }
  });
  const remember = (next: T) => {
    setValue(next);
    try {
      localStorage.setItem(key, next);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  };
  return [value, remember];
}

export function useSystemTheme(): ThemeName {
  const query = '(prefers-color-scheme: dark)';
  const [dark, setDark] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const listen = () => setDark(list.matches);
    list.addEventListener('change', listen);
    return () => list.removeEventListener('change', listen);
  }, []);
  return dark ? 'dark' : 'light';
}
