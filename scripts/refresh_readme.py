#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the program's present output into README.md.

usage: scripts/refresh_readme.py [PROGRAM]        (default build/release/bin/halfcycle)

Only the text between `<!-- NAME -->` and `<!-- /NAME -->` changes, for NAME analyze, verify, bench.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FAULT = 'tests/recordings/selkovevgeny-RelayLab/two_phase_fault.cfg'
program = str(Path(sys.argv[1] if len(sys.argv) > 1 else 'build/release/bin/halfcycle').resolve())


def output(*arguments):
    done = subprocess.run([program, *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return [line.rstrip() for line in done.stdout.splitlines()]


def find(lines, start):
    return next(i for i, line in enumerate(lines) if line.strip().startswith(start))


def without_blank_end(lines):
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


def analyze():
    lines = output('analyze', FAULT, '--quiet')
    head = lines[1:find(lines, 'Voltages')]
    traces = lines[find(lines, 'Urms('):find(lines, 'Currents')]
    events = lines[find(lines, 'Events'):find(lines, 'Assumed')]
    return f'analyze {FAULT}', head + traces + ['  …'] + without_blank_end(events)


def verify():
    lines = output('verify')
    first = next(i for i, line in enumerate(lines) if 'testing state 2' in line)
    last = lines.index('', first)
    return 'verify', lines[first:last] + ['  …', lines[-1]]


def bench():
    return 'bench', output('bench')


readme = ROOT / 'README.md'
text = readme.read_text(encoding='utf-8')
for part in (analyze, verify, bench):
    name = part.__name__
    command, lines = part()
    block = '\n'.join(['```console', f'$ build/release/bin/halfcycle {command}', *lines, '```'])
    text, count = re.subn(
        rf'<!-- {name} -->\n.*?\n<!-- /{name} -->',
        lambda _: f'<!-- {name} -->\n{block}\n<!-- /{name} -->',
        text,
        flags=re.S,
    )
    if count != 1:
        sys.exit(f'README.md: no place for {name}: <!-- {name} --> … <!-- /{name} --> is missing')
readme.write_text(text, encoding='utf-8')
