// SPDX-License-Identifier: Apache-2.0
// Any recording, analysed by the meter's own engine and shown as its report.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { makeView, ReportSections } from '../report/app';
import { readReport, type Report } from '../report/data';
import { Header } from '../report/header';
import { missingCompanion, upload, type Upload } from './analysis';
import { t } from './strings';

type State =
  | { kind: 'waiting'; error: string | null }
  | { kind: 'busy'; name: string; share: number }
  | { kind: 'done'; report: Report };

const ACCEPTED = '.cfg,.dat,.cff,.hdr,.inf,.pqd,.pqdif,.csv,.wav,.pcap,.pcapng';

export function AnalysePage() {
  const [state, setState] = useState<State>({ kind: 'waiting', error: null });
  const running = useRef<Upload | null>(null);
  useEffect(() => () => running.current?.cancel(), []);

  const start = (list: FileList | null | undefined) => {
    const files = [...(list ?? [])];
    const first = files[0];
    if (first === undefined) {
      return;
    }
    const missing = missingCompanion(files);
    if (missing !== null) {
      setState({ kind: 'waiting', error: missing });
      return;
    }
    const name = files.length > 2 ? t('severalFiles', { n: files.length }) : first.name;
    setState({ kind: 'busy', name, share: 0 });
    running.current?.cancel();
    running.current = upload(files, {
      sent: (share) => setState({ kind: 'busy', name, share }),
      failed: (error) => setState({ kind: 'waiting', error }),
      done: (json) => {
        try {
          setState({ kind: 'done', report: readReport(json) });
        } catch (error) {
          setState({ kind: 'waiting', error: t('broken', { reason: String(error) }) });
        }
      },
    });
  };
  const reset = () => {
    running.current?.cancel();
    setState({ kind: 'waiting', error: null });
  };

  if (state.kind === 'done') {
    return <Result report={state.report} again={reset} />;
  }
  return (
    <DropZone start={start} busy={state.kind === 'busy'}>
      {state.kind === 'busy' ? (
        <div class="busy" role="status">
          <p>
            {state.share < 1
              ? t('uploading', { name: state.name, percent: Math.round(state.share * 100) })
              : t('analysing', { name: state.name })}
          </p>
          <progress {...(state.share < 1 ? { value: state.share } : {})} />
          <button type="button" onClick={reset}>
            {t('cancel')}
          </button>
        </div>
      ) : (
        <>
          {state.error !== null && (
            <div class="failure" role="alert">
              <strong>{t('analyseFailed')}</strong>
              <p>{state.error}</p>
            </div>
          )}
          <FileButton start={start} />
        </>
      )}
    </DropZone>
  );
}

function FileButton({ start }: { start: (files: FileList | null) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="primary" onClick={() => input.current?.click()}>
        {t('chooseFiles')}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        accept={ACCEPTED}
        hidden
        aria-label={t('chooseFiles')}
        onChange={(event) => start(event.currentTarget.files)}
      />
    </>
  );
}

function DropZone({
  start,
  busy,
  children,
}: {
  start: (files: FileList | null | undefined) => void;
  busy: boolean;
  children: preact.ComponentChildren;
}) {
  const [over, setOver] = useState(false);
  return (
    <div
      class={`drop-zone ${over ? 'over' : ''}`}
      data-drop-zone
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (!busy) {
          start(event.dataTransfer?.files);
        }
      }}
    >
      <svg viewBox="0 0 120 40" class="drop-wave" aria-hidden="true">
        <path class="wave-axis" d="M2 20H118" />
        <path
          class="wave-half"
          d="M4 20c5-21 13-21 18 0s13 21 18 0 13-10 18 0 13 10 18 0 13-21 18 0 13 21 18 0"
        />
      </svg>
      <h2>{t('dropTitle')}</h2>
      <p class="drop-note">{t('dropNote')}</p>
      {children}
    </div>
  );
}

function Result({ report, again }: { report: Report; again: () => void }) {
  const view = useMemo(() => makeView(report, false), [report]);
  return (
    <div class="analysis" data-report>
      <div class="controls">
        <button type="button" class="primary" onClick={again}>
          {t('anotherFile')}
        </button>
      </div>
      <Header report={report} />
      <ReportSections report={report} view={view} />
    </div>
  );
}
