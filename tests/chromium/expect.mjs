// What is expected, and found otherwise.

/** Fails unless it holds. */
export function expect(holds, what) {
  if (!holds) throw new Error(what);
}

/** Fails unless both are the same. */
export function same(found, expected, what) {
  if (found !== expected) throw new Error(`${what}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
}

/** Goes to a page of the portal, which must be there. */
export async function visit(page, address, status = 200) {
  const answer = await page.goto(address);
  same(answer.status(), status, address);
}
