// SPDX-License-Identifier: Apache-2.0
import { useEffect, useMemo } from 'preact/hooks';
import {
  LookContext,
  makeLook,
  useRemembered,
  useSystemTheme,
  type ThemeChoice,
} from '../lib/look';
import type { PaletteName } from '../lib/palette';
import { t } from '../lib/strings';
import { View } from '../lib/view';
import type { Report } from './data';
import { Changes } from './changes';
import { Events } from './events';
import { Faults } from './faults';
import { Header } from './header';
import { KeyFigures } from './key_figures';
import { Registers } from './registers';
import { Signals } from './signals';
import { Spectrum } from './spectrum';

const SHORTEST_SPAN_SAMPLES = 8;

export function makeView(report: Report, inAddress = true): View {
  const { windows, duration_s } = report.json;
  const unflagged = windows.list.findIndex((window) => !window.flagged);
  const step = Number.isFinite(report.shortestStep) ? report.shortestStep : duration_s / 1000;
  return new View(
    0,
    Math.max(duration_s, step),
    SHORTEST_SPAN_SAMPLES * step,
    Math.max(unflagged, 0),
    inAddress,
  );
}

export function ReportSections({ report, view }: { report: Report; view: View }) {
  return (
    <>
      <KeyFigures report={report} />
      <Events report={report} view={view} />
      <Changes report={report} view={view} />
      <Faults report={report} view={view} />
      <Signals report={report} view={view} />
      <Spectrum report={report} view={view} />
      <Registers report={report} />
    </>
  );
}

export function App({ report }: { report: Report }) {
  const view = useMemo(() => makeView(report), [report]);
  const system = useSystemTheme();
  const [themeChoice, setTheme] = useRemembered<ThemeChoice>(
    'halfcycle.theme',
    ['auto', 'light', 'dark'],
    'auto',
  );
  const [palette, setPalette] = useRemembered<PaletteName>(
    'halfcycle.palette',
    ['safe', 'iec', 'north-america'],
    'safe',
  );
  const theme = themeChoice === 'auto' ? system : themeChoice;
  const look = useMemo(() => makeLook(theme, palette), [theme, palette]);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
  }, [theme]);

  return (
    <LookContext.Provider value={look}>
      <Header report={report} choices={{ theme: themeChoice, setTheme, palette, setPalette }} />
      <main>
        <ReportSections report={report} view={view} />
      </main>
      <footer>
        {t('madeBy', { version: report.json.version })} {t('productNote')}
      </footer>
    </LookContext.Provider>
  );
}
