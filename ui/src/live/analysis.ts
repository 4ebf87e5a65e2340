// SPDX-License-Identifier: Apache-2.0
// A recording goes to the server and a report page comes back; its data is shown by the report's own
// components.
import { apiUrl, errorText } from './api';
import { t } from './strings';

export interface Upload {
  /// Ends the transfer; nothing is called afterwards.
  cancel: () => void;
}

export interface UploadWatcher {
  /// Share of the files that was sent, 0 to 1.
  sent: (share: number) => void;
  done: (reportJson: string) => void;
  failed: (message: string) => void;
}

interface Named {
  name: string;
}

/// What is missing of a recording of two files, in words; null if nothing is.
export function missingCompanion(files: readonly Named[]): string | null {
  const stem = (name: string) => name.replace(/\.[^.]*$/, '');
  const has = (name: string, ending: string) =>
    files.some((file) => file.name.toLowerCase() === `${stem(name)}.${ending}`.toLowerCase());
  for (const { name } of files) {
    if (/\.cfg$/i.test(name) && !has(name, 'dat')) {
      return t('companion', { cfg: name, dat: `${stem(name)}.dat` });
    }
    if (/\.dat$/i.test(name) && !has(name, 'cfg')) {
      return t('companionCfg', { cfg: `${stem(name)}.cfg`, dat: name });
    }
  }
  return null;
}

/// The data element of a report page; the page itself is never run.
export function reportDataOf(html: string): string | null {
  const page = new DOMParser().parseFromString(html, 'text/html');
  return page.getElementById('data')?.textContent ?? null;
}

export function upload(files: readonly File[], watcher: UploadWatcher): Upload {
  const form = new FormData();
  files.forEach((file) => form.append('file', file, file.name));
  const request = new XMLHttpRequest();
  request.open('POST', apiUrl('analyze'));
  request.setRequestHeader('Accept', 'text/html');
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) {
      watcher.sent(event.loaded / event.total);
    }
  };
  request.upload.onload = () => watcher.sent(1);
  request.onerror = () => watcher.failed(t('serverUnreachable'));
  request.onload = () => {
    if (request.status !== 200) {
      watcher.failed(errorText(request.responseText, request.status));
      return;
    }
    const data = reportDataOf(request.responseText);
    if (data === null) {
      watcher.failed(t('noReport'));
    } else {
      watcher.done(data);
    }
  };
  request.send(form);
  return {
    cancel: () => {
      request.onload = request.onerror = null;
      request.abort();
    },
  };
}
