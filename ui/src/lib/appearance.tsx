// SPDX-License-Identifier: Apache-2.0
// Where the user chooses theme and phase colours.
import type { ThemeChoice } from './look';
import type { PaletteName } from './palette';
import { t } from './strings';

export interface Choices {
  theme: ThemeChoice;
  setTheme: (theme: ThemeChoice) => void;
  palette: PaletteName;
  setPalette: (palette: PaletteName) => void;
}

export function AppearanceChoices({ choices }: { choices: Choices }) {
  return (
    <>
      <label>
        {t('theme')}{' '}
        <select
          value={choices.theme}
          onChange={(event) => choices.setTheme(event.currentTarget.value as ThemeChoice)}
        >
          <option value="auto">{t('themeAuto')}</option>
          <option value="light">{t('themeLight')}</option>
          <option value="dark">{t('themeDark')}</option>
        </select>
      </label>
      <label>
        {t('palette')}{' '}
        <select
          value={choices.palette}
          onChange={(event) => choices.setPalette(event.currentTarget.value as PaletteName)}
        >
          <option value="safe">{t('paletteSafe')}</option>
          <option value="iec">{t('paletteIec')}</option>
          <option value="north-america">{t('paletteNorthAmerica')}</option>
        </select>
      </label>
    </>
  );
}
