// SPDX-License-Identifier: Apache-2.0
// All registers with their statistics; the search takes beginnings of the words of label, unit and
// meaning.
import { useMemo, useState } from 'preact/hooks';
import { quantity } from '../lib/format';
import { t } from '../lib/strings';
import type { Report } from './data';

const FIRST_ROWS = 40;

export function Registers({ report }: { report: Report }) {
  const [query, setQuery] = useState('');
  const [all, setAll] = useState(false);
  const found = useMemo(() => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    return report.json.registers.filter((register) => {
      const text = ` ${register.label} ${register.unit} ${register.help}`.toLowerCase();
      return words.every((word) => text.includes(` ${word}`));
    });
  }, [report, query]);
  const shown = all ? found : found.slice(0, FIRST_ROWS);
  return (
    <section class="card" id="registers">
      <div class="section-head">
        <h2>{t('registers')}</h2>
        <label class="search">
          {t('search')}{' '}
          <input
            type="search"
            placeholder={t('searchHint')}
            value={query}
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
        </label>
        <output>{t('shownOf', { shown: shown.length, all: report.json.registers.length })}</output>
      </div>
      {found.length === 0 ? (
        <p class="empty">{t('nothingFound')}</p>
      ) : (
        <div class="scroll">
          <table class="figures">
            <thead>
              <tr>
                <th scope="col" class="left">
                  {t('label')}
                </th>
                <th scope="col">{t('mean')}</th>
                <th scope="col">{t('min')}</th>
                <th scope="col">{t('max')}</th>
                <th scope="col">{t('last')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((register) => (
                <tr key={register.label}>
                  <th scope="row" title={register.help}>
                    {register.label}
                  </th>
                  <td class="strong">{quantity(register.mean, register.unit)}</td>
                  <td>{quantity(register.min, register.unit)}</td>
                  <td>{quantity(register.max, register.unit)}</td>
                  <td>{quantity(register.last, register.unit)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown.length < found.length && (
        <button type="button" class="plain" onClick={() => setAll(true)}>
          {t('showAll')}
        </button>
      )}
    </section>
  );
}
