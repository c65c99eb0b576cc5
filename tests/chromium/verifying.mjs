// The button on a project's and a notice's page: green where all holds, red with the step named where a byte was changed.

import { expect, same, visit } from './expect.mjs';

const press = async (page) => {
  await page.locator('#verify button').first().click();
  const verdict = page.locator('#verify [data-verdict]');
  await verdict.waitFor();
  return { verdict: await verdict.getAttribute('data-verdict'), rule: await verdict.getAttribute('data-rule'), role: await verdict.getAttribute('role') };
};

const results = (page) => page.locator('#verify [data-step]').evaluateAll((items) => items.map((item) => [item.dataset.step, item.dataset.result]));

/** Puts another character of base64 and of decimals in the place of one. */
function flip(holder, member, place) {
  const text = holder[member];
  const at = place(text);
  holder[member] = text.slice(0, at) + (text[at] === '1' ? '2' : '1') + text.slice(at + 1);
}

export async function verifying(check) {
  await check('a whole project verifies green, every step of it', {}, async (page, { portal, project }) => {
    await visit(page, `${portal}/projects/${project}?lang=zh`);
    const { verdict } = await press(page);
    same(verdict, 'accepted', await page.locator('#verify').innerText());
    const steps = await results(page);
    expect(steps.length >= 7 && steps.every(([, result]) => result === 'passed'), JSON.stringify(steps));
  });
  await check('a receipt verifies on its notice', {}, async (page, { portal, notice }) => {
    await visit(page, `${portal}/notices/${notice}?lang=en`);
    same((await press(page)).verdict, 'accepted', await page.locator('#verify').innerText());
  });
  for (const [what, alter] of [
    ['a byte of an entry', ({ subjects }) => flip(subjects[0].entries[2], 'entry', (entry) => entry.indexOf('"time":') + 8)],
    ['a byte of a disclosure', ({ subjects }) => flip(subjects[0].entries[0].disclosures, 0, () => 40)],
    ['a byte of an inclusion proof', ({ subjects }) => flip(subjects[0].entries[1].inclusion, 0, () => 3)],
    ['a byte of the map proof', ({ subjects }) => flip(subjects[0].map_proof.siblings, 0, () => 3)],
    ['a byte of the seal', ({ head }) => flip(head, 'seal', (seal) => seal.indexOf('"time":') + 8)],
    ['a byte of the head', ({ head }) => flip(head, 'checkpoint', (note) => note.split('\n', 2).join('\n').length + 4)],
    ['a whole entry', ({ subjects }) => subjects[0].entries.splice(3, 1)],
  ]) {
    await check(`${what} changed on the way goes red and names the step`, {}, async (page, { portal, project }) => {
      await page.route('**/dossier', async (route) => {
        const answer = await route.fetch();
        const dossier = await answer.json();
        alter(dossier);
        await route.fulfill({ response: answer, body: JSON.stringify(dossier) });
      });
      await visit(page, `${portal}/projects/${project}?lang=en`);
      const { verdict, rule, role } = await press(page);
      same(verdict, 'rejected', await page.locator('#verify').innerText());
      expect(rule !== null && role === 'alert', 'the rule is not named, or it is not an alert');
      const failed = (await results(page)).filter(([, result]) => result === 'failed');
      same(failed.length, 1, 'steps that fail');
    });
  }
}
