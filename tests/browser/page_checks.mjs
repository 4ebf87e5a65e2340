// SPDX-License-Identifier: Apache-2.0
// What the browser tests share.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '../../ui/node_modules/playwright-core/index.mjs';

function chromiumPath() {
  const names = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'chromium'));
  const found = [process.env.CHROMIUM, ...names].find((path) => path && existsSync(path));
  assert.ok(found, 'chromium is not installed: sudo apt-get install chromium');
  return found;
}

export function launchBrowser() {
  return chromium.launch({
    executablePath: chromiumPath(),
    args: process.getuid() === 0 ? ['--no-sandbox'] : [],
  });
}

export function near(actual, expected, tolerance, what) {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${what}: ${actual} instead of ${expected} ± ${tolerance}`,
  );
}

/// The text that stands out least, with its contrast against what is behind it (WCAG 2), and how light
/// the ground is.
export function worstContrast(page, ground) {
  return page.evaluate((ground) => {
    const channels = (css) =>
      css
        .match(/[\d.]+/g)
        .slice(0, 3)
        .map(Number);
    const luminance = (css) => {
      const [r, g, b] = channels(css).map((value) => {
        const c = value / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const backOf = (element) => {
      for (let e = element; e !== null; e = e.parentElement) {
        const colour = getComputedStyle(e).backgroundColor;
        if (!/^rgba.*, 0\)$/.test(colour)) {
          return colour;
        }
      }
      return 'rgb(255, 255, 255)';
    };
    let least = { ratio: Infinity };
    for (const element of document.querySelectorAll('#app *')) {
      const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '');
      if (!own || element.matches(':disabled, option, title')) {
        continue;
      }
      const style = getComputedStyle(element);
      const ink = element instanceof SVGElement ? style.fill : style.color;
      const [a, b] = [luminance(ink), luminance(backOf(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < least.ratio) {
        least = { ratio, text: element.textContent.slice(0, 40), ink };
      }
    }
    return { ...least, back: luminance(backOf(document.querySelector(ground))) };
  }, ground);
}
