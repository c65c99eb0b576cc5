/**
 * The dossier's file: read strictly, judged elsewhere.
 *
 * ```text
 * {"format":"mingzhang-dossier/v1","subject":"project/X",
 *  "head":{"checkpoint":"<note>","seal":"<entry>","seal_proof":["<b64>",…]},
 *  "subjects":[{"id":"project/X","count":n,"head":"<b64>","tally":{"award":1,…},"map_proof":{"siblings":["<b64>",…]},
 *    "entries":[{"entry":"<entry>","disclosures":[…],"inclusion":["<b64>",…],
 *                "recorded_by":{"checkpoint":"<note>","inclusion":["<b64>",…]},"not_before":"<note>"}]},
 *   {"id":"rulebook/cn","count":0,"map_proof":{…}},…]}
 * ```
 * @module
 */
import { parseCheckpoint } from './checkpoint.js';
import { Fault } from './fault.js';
import { ZERO_HASH, hashMember, hashesMember } from './hash.js';
import { parseJsonObject } from './json.js';
import { countMember, listMember, objectMember, objectsMember, onlyMembers, optionalTextMember, textMember, textsMember, typeFault } from './member.js';
import { parseSubject } from './subject.js';
import { parseMapProof, parseTally } from './subject_map.js';

const FORMAT = 'mingzhang-dossier/v1';
const MAX_PROOF = 64;
/** The longest dossier read, in bytes. */
export const MAX_DOSSIER = 256 << 20;

/** @typedef {{ checkpoint: import('./checkpoint.js').Checkpoint, inclusion: string[] }} RecordedBy */
/**
 * @typedef {{ entry: string, disclosures: string[], inclusion: string[], recordedBy: RecordedBy | null,
 *   notBefore: import('./checkpoint.js').Checkpoint | null }} EntryPart
 */
/**
 * @typedef {{ subject: import('./subject.js').Subject, state: import('./subject_map.js').SubjectState,
 *   mapProof: import('./subject_map.js').MapProof, entries: EntryPart[] | null }} SubjectPart
 */
/**
 * @typedef {{ head: { checkpoint: import('./checkpoint.js').Checkpoint, seal: string, sealProof: string[] },
 *   subjects: SubjectPart[] }} DossierFile
 */

/**
 * Reads a dossier.
 * @param {string} text
 * @returns {DossierFile}
 */
export function parseDossier(text) {
  const object = parseJsonObject(text);
  onlyMembers(object, ['format', 'subject', 'head', 'subjects']);
  const format = textMember(object, 'format');
  if (format !== FORMAT) throw new Fault('format', `\`format\` is \`${format}\`, this reader knows \`${FORMAT}\``, `\`format\` 是 \`${format}\`，本程序只认 \`${FORMAT}\``);
  const head = readHead(objectMember(object, 'head'));
  const subjects = listMember(object, 'subjects').map(readSubject);
  if (subjects.length === 0) throw typeFault('subjects', 'an array with the subject asked for first', '以所问主体为首的数组');
  const [expected, found] = [textMember(object, 'subject'), subjects[0].subject.text];
  if (expected !== found) {
    throw new Fault('first-subject', `\`subject\` is \`${expected}\`, the first subject shown is \`${found}\``, `\`subject\` 是 \`${expected}\`，首个主体却是 \`${found}\``);
  }
  return { head, subjects };
}

function readHead(head) {
  onlyMembers(head, ['checkpoint', 'seal', 'seal_proof']);
  return {
    checkpoint: parseCheckpoint(textMember(head, 'checkpoint')),
    seal: textMember(head, 'seal'),
    sealProof: hashesMember(head, 'seal_proof', MAX_PROOF),
  };
}

function readSubject(part) {
  if (!(part instanceof Map)) throw typeFault('subjects', 'an array of objects', '对象数组');
  const subject = parseSubject(textMember(part, 'id'));
  const count = countMember(part, 'count');
  const mapProof = parseMapProof(objectMember(part, 'map_proof'));
  if (count === 0) {
    onlyMembers(part, ['id', 'count', 'map_proof']);
    return { subject, state: { count, head: ZERO_HASH, tally: new Map() }, mapProof, entries: null };
  }
  onlyMembers(part, ['id', 'count', 'head', 'tally', 'map_proof', 'entries']);
  const head = hashMember(part, 'head');
  const state = { count, head, tally: parseTally(objectMember(part, 'tally')) };
  return { subject, state, mapProof, entries: part.has('entries') ? objectsMember(part, 'entries').map(readEntry) : null };
}

function readEntry(part) {
  onlyMembers(part, ['entry', 'disclosures', 'inclusion', 'recorded_by', 'not_before']);
  let recordedBy = null;
  if (part.has('recorded_by')) {
    const bound = objectMember(part, 'recorded_by');
    onlyMembers(bound, ['checkpoint', 'inclusion']);
    recordedBy = { checkpoint: parseCheckpoint(textMember(bound, 'checkpoint')), inclusion: hashesMember(bound, 'inclusion', MAX_PROOF) };
  }
  const notBefore = optionalTextMember(part, 'not_before');
  return {
    entry: textMember(part, 'entry'),
    disclosures: textsMember(part, 'disclosures'),
    inclusion: hashesMember(part, 'inclusion', MAX_PROOF),
    recordedBy,
    notBefore: notBefore === undefined ? null : parseCheckpoint(notBefore),
  };
}
