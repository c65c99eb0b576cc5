/**
 * Signed notes: a text and the lines of those who signed it (C2SP signed-note v1.0.0). A note that was read is well-formed
 * and nothing more; lines of unknown keys must be well-formed too, and are then ignored.
 *
 * ```text
 * This is an example message.\n                        text, any number of lines
 * \n
 * — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1T…neyaQM=\n  one line a signature: base64(key id || signature)
 * ```
 * @module
 */
import { decodeBase64 } from './base64.js';
import { hex, utf8Length } from './bytes.js';
import { Fault } from './fault.js';
import { isKeyName } from './vkey.js';

/** The longest note, in bytes. */
const MAX_LENGTH = 1 << 20;
const MAX_SIGNATURES = 64;

/** @typedef {{ name: string, id: string, signature: Uint8Array }} NoteSignature */
/** @typedef {{ source: string, text: string, signatures: NoteSignature[] }} Note `source` is what was read */

/**
 * Reads a note.
 * @param {string} note
 * @returns {Note}
 */
export function parseNote(note) {
  const length = utf8Length(note);
  if (length > MAX_LENGTH) throw noteFault(`at most ${MAX_LENGTH} bytes, found ${length}`, `过长：${length} 字节`);
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) throw noteFault('without control characters but newline', '不能含换行以外的控制字符');
  // The last empty line separates, since the text may hold empty lines and the signature lines are never empty.
  const end = note.lastIndexOf('\n\n') + 1;
  const lines = note.slice(end + 1);
  if (end === 0 || lines === '') throw noteFault('a text, an empty line and signature lines; is the file cut off?', '应为正文、空行和签名行；文件是否被截断？');
  if (!lines.endsWith('\n')) throw noteFault('ended by a newline; is the file cut off?', '末行没有换行；文件是否被截断？');
  const signatures = lines.slice(0, -1).split('\n');
  if (signatures.length > MAX_SIGNATURES) throw noteFault(`with at most ${MAX_SIGNATURES} signature lines`, `签名行超过 ${MAX_SIGNATURES} 行`);
  return { source: note, text: note.slice(0, end), signatures: signatures.map(parseSignature) };
}

/**
 * What stands in the lines that carry this key's name and id.
 * @param {Note} note
 * @param {import('./vkey.js').VerifierKey} key
 * @returns {Uint8Array[]}
 */
export function signaturesBy(note, key) {
  return note.signatures.filter((line) => line.name === key.name && line.id === key.id).map((line) => line.signature);
}

function noteFault(en, zh) {
  return new Fault('note', `a signed note must be ${en}`, `签名文本：${zh}`);
}

function parseSignature(line, number) {
  const parts = /^— ([^ ]*) (.*)$/s.exec(line);
  const bytes = parts && isKeyName(parts[1]) ? decodeBase64(parts[2]) : null;
  if (bytes === null || bytes.length < 5) {
    throw noteFault(
      `followed by lines of an em dash, a key name and base64; signature line ${number + 1} is none`,
      `第 ${number + 1} 个签名行的写法不对`,
    );
  }
  return { name: parts[1], id: hex(bytes.subarray(0, 4)), signature: bytes.subarray(4) };
}
