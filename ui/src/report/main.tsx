// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact';
import { t } from '../lib/strings';
import { App } from './app';
import { readReport } from './data';
import './style.css';

const root = document.getElementById('app') as HTMLElement;
root.textContent = '';
try {
  const report = readReport(document.getElementById('data')?.textContent ?? '');
  render(<App report={report} />, root);
} catch (error) {
  const message = document.createElement('p');
  message.className = 'empty';
  message.textContent = t('broken', { reason: String(error) });
  root.append(message);
}
