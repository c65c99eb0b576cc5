// Every page in both languages, at both widths, in light and in dark: nothing sticks out, axe finds nothing, and it is kept as a
// picture for people.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, visit } from './expect.mjs';

const SCREENS = [
  { name: 'wide', viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { name: 'narrow', viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
];

/** Pages looked at together: a browser waits much. */
const AT_ONCE = 3;

const violations = async (page, axe) => {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return found.violations.map(({ id, nodes }) => `${id} at ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join(' | ')}`);
};

export async function looks(check, { pages, screenshots }) {
  mkdirSync(screenshots, { recursive: true });
  const looked = SCREENS.flatMap((screen) => pages.flatMap((page) => ['zh', 'en'].map((lang) => [screen, page, lang])));
  const next = async () => {
    for (let one = looked.shift(); one !== undefined; one = looked.shift()) await look(check, screenshots, one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

async function look(check, screenshots, [{ name: screen, ...options }, [name, path, status], lang]) {
  await check(`${name} in ${lang}, ${screen}`, options, async (page, { portal, axe, expected }) => {
    await visit(page, `${portal}${path}${path.includes('?') ? '&' : '?'}lang=${lang}`, status);
    if (status >= 400) expected(/status of 4/);
    await page.screenshot({ path: join(screenshots, `${name}-${lang}-${screen}.png`), fullPage: true });
    const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(width <= room, `${width} px wide in ${room}`);
    // Half of the combinations meet every rule: both languages, both widths, light and dark.
    if ((lang === 'zh') !== (screen === 'wide')) return;
    const found = await violations(page, axe);
    expect(found.length === 0, found.join('\n    '));
  });
}
