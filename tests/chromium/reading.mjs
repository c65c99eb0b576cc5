// Finding, reading, the other language, and all of it without a script.

import { expect, same, visit } from './expect.mjs';

const find = async (page, { portal, word, project }) => {
  await visit(page, `${portal}/?lang=zh`);
  await page.fill('main input[name=text]', word);
  await page.press('main input[name=text]', 'Enter');
  await page.waitForURL(/\/search\?/);
  expect((await page.locator('mark').allTextContents()).some((marked) => marked === word), `no hit is marked ${word}`);
  await page.locator(`a[href*="/projects/${project}"]`).first().click();
  await page.waitForURL(/\/projects\//);
};

export async function reading(check) {
  await check('a word of two characters finds a project', {}, async (page, asked) => {
    await find(page, asked);
    expect(await page.locator('main svg').first().isVisible(), 'no timeline is drawn');
  });
  await check('without a script all of it is there', { javaScriptEnabled: false }, async (page, asked) => {
    await find(page, asked);
    expect((await page.locator('main').innerText()).includes('法'), 'no rule is told');
  });
  await check('the language switch keeps page and query', {}, async (page, { portal, word }) => {
    await visit(page, `${portal}/search?text=${encodeURIComponent(word)}&stage=announcement&lang=zh`);
    const found = await page.locator('.hits a.title').allTextContents();
    await page.locator('header a[hreflang=en]').click();
    await page.waitForURL(/lang=en/);
    same(await page.getAttribute('html', 'lang'), 'en', 'lang');
    same(new URL(page.url()).searchParams.get('text'), word, 'the words');
    same(new URL(page.url()).searchParams.get('stage'), 'announcement', 'the stage');
    same((await page.locator('.hits a.title').allTextContents()).join('|'), found.join('|'), 'the hits');
  });
  await check('a browser gets the language it prefers', { locale: 'en-GB' }, async (page, { portal }) => {
    await visit(page, `${portal}/`);
    same(await page.getAttribute('html', 'lang'), 'en', 'lang');
  });
}
