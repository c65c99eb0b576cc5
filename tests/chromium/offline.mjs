// The downloaded verifier: one file, opened from the disk, with files chosen by a person.

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { same, expect, visit } from './expect.mjs';

const judge = async (page, file, policy) => {
  await page.goto(pathToFileURL(file.verifier).href);
  await page.setInputFiles('#chosen-policy', policy);
  await page.setInputFiles('#chosen-file', file.path);
  const verdict = page.locator('[data-verdict]');
  await verdict.waitFor();
  return [await verdict.getAttribute('data-verdict'), await verdict.getAttribute('data-rule')];
};

export async function offline(check, { dir, vectors }) {
  const verifier = join(dir, 'verifier.html');
  await check('the offline verifier is the file whose hash the page shows', {}, async (page, { portal }) => {
    const answer = await page.request.get(`${portal}/verifier.html`);
    const bytes = await answer.body();
    writeFileSync(verifier, bytes);
    await visit(page, `${portal}/verify?lang=zh`);
    expect((await page.locator('main').innerText()).includes(createHash('sha256').update(bytes).digest('hex')), 'the hash is not on the page');
  });
  await check('from the disk, it accepts a dossier and a receipt of this ledger', {}, async (page, { portal, project, notice, policy }) => {
    for (const [address, name] of [[`/api/v1/projects/${project}/dossier`, 'p.dossier.json'], [`/api/v1/notices/${notice}/receipt`, 'n.tlog-proof']]) {
      const path = join(dir, name);
      writeFileSync(path, await (await page.request.get(portal + address)).body());
      same((await judge(page, { verifier, path }, policy))[0], 'accepted', name);
    }
  });
  // Every vector is a page of its own: one check for all of them, or thousands of lines would be told.
  await check(`from the disk, it judges ${vectors.length} vectors as mingzhang-verify does`, {}, async (page) => {
    for (const { path, policy, verdict, rule } of vectors) {
      const [found, broken] = await judge(page, { verifier, path }, policy);
      same(found, verdict, path);
      if (verdict === 'rejected') same(broken, rule, path);
      expect(readFileSync(path).length > 0, path);
    }
  });
}
