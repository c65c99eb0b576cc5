/**
 * A draft from what is filled in: every control says by `data-path` where its value belongs and by `data-shape` how it is
 * written. What is empty is left out.
 * @module
 */

/** Asia/Shanghai, in which clerks write. */
const OFFSET = '+08:00';
const PARTY = /^parties\[role=([a-z]+)\]\.([a-z]+)$/;

/**
 * The draft that a form holds.
 * @param {HTMLFormElement} form
 * @returns {Record<string, any>}
 */
export function draftOf(form) {
  const draft = { sector: form.dataset.sector, stage: form.dataset.stage, language: document.documentElement.lang.slice(0, 2) };
  for (const control of form.querySelectorAll('[data-path]')) {
    if (control.closest('[data-row]') === null) put(draft, control.dataset.path, valueOf(control));
  }
  for (const list of form.querySelectorAll('[data-list]')) {
    const path = list.dataset.list;
    const rows = [...list.querySelectorAll('[data-row]')].map((row) => rowOf(row, `${path}[].`)).filter((row) => row !== undefined);
    if (rows.length > 0) put(draft, path, rows);
  }
  return draft;
}

/** An element of a list; nothing if nothing of it is filled in. */
function rowOf(row, prefix) {
  const element = {};
  for (const control of row.querySelectorAll('[data-path]')) put(element, control.dataset.path.slice(prefix.length), valueOf(control));
  return Object.keys(element).length === 0 ? undefined : element;
}

/** What a control says; nothing if it is empty. */
function valueOf(control) {
  const text = control.value.trim();
  if (text === '') return undefined;
  switch (control.dataset.shape) {
    case 'bool':
      return text === 'true';
    case 'count':
      // What is no number stays as it is, so that the ledger says what is wrong with it.
      return /^[0-9]{1,15}$/.test(text) ? Number(text) : text;
    case 'money':
      return { amount: text.replaceAll(/[,，\s]/g, ''), currency: 'CNY' };
    case 'moment':
      return `${text.length === 16 ? `${text}:00` : text}${OFFSET}`;
    case 'lines':
      return text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
    default:
      return text;
  }
}

function put(draft, path, value) {
  if (value === undefined) return;
  const party = PARTY.exec(path);
  if (party !== null) {
    putParty(draft, party[1], party[2], value);
    return;
  }
  const steps = path.split('.');
  const last = steps.pop();
  let object = draft;
  for (const step of steps) {
    object[step] ??= {};
    object = object[step];
  }
  object[last] = value;
}

function putParty(draft, role, member, value) {
  draft.parties ??= [];
  let party = draft.parties.find((one) => one.role === role);
  if (party === undefined) {
    party = { role };
    draft.parties.push(party);
  }
  party[member] = value;
}
