// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact';
import { Address } from './address';
import { App } from './app';
import { openStream } from './stream';
import './style.css';

const root = document.getElementById('app') as HTMLElement;
root.textContent = '';
render(<App stream={openStream()} address={new Address()} />, root);
