// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact';
import './style.css';

const root = document.getElementById('app') as HTMLElement;
root.textContent = '';
render(<h1>Halfcycle</h1>, root);
