// A clerk at the console, with the keyboard alone: a form is filled in, signed by a key from a file, submitted, and its receipt kept.

import { expect, same, visit } from './expect.mjs';

/** Goes on with the Tab key until the element with this id has the focus. */
async function tabTo(page, id) {
  for (let pressed = 0; pressed < 400; pressed += 1) {
    if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to #${id}`);
}

async function choose(page, id, text) {
  await tabTo(page, id);
  await page.keyboard.type(text);
}

const idOf = async (page, path) => page.locator(`[data-path="${path}"]`).getAttribute('id');

async function fill(page, path, text) {
  await tabTo(page, await idOf(page, path));
  await page.keyboard.type(text);
}

// A browser that is still busy may miss the first key.
async function fileChooser(page) {
  for (let tries = 3; ; tries -= 1) {
    try {
      return (await Promise.all([page.waitForEvent('filechooser', { timeout: 8000 }), page.keyboard.press('Enter')]))[0];
    } catch (error) {
      if (tries === 1) throw error;
    }
  }
}

export async function publishing(check) {
  await check('a clerk publishes a notice with the keyboard alone', { acceptDownloads: true }, async (page, { console: desk }) => {
    page.on('dialog', (dialog) => dialog.accept());
    await visit(page, `${desk.portal}/publish?lang=en`);
    await choose(page, 'sector', 'gov');
    await choose(page, 'stage', 'plan');
    // The next is the button.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(/stage=plan/);
    await tabTo(page, 'key-file');
    await (await fileChooser(page)).setFiles(desk.key);
    await page.locator('#key-state .badge.ok').waitFor();
    same(await page.locator('#publisher').inputValue(), 'centre', 'the publisher whose key it is');
    for (const [path, text] of [['title', '键盘发布的采购意向'], ['project.id', 'KB-2026-001'], ['notice_id', 'kb-1'], ['region', '420102']]) await fill(page, path, text);
    await tabTo(page, 'sign');
    await page.keyboard.press('Enter');
    const verdict = page.locator('#done [data-verdict]');
    await verdict.waitFor();
    same(await verdict.getAttribute('data-verdict'), 'accepted', await page.locator('#done').innerText());
    await tabTo(page, 'receipt');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    await download.saveAs(desk.receipt);
    expect((await page.evaluate(async () => (await indexedDB.databases()).length)) === 1, 'the key is not kept');
  });
}
