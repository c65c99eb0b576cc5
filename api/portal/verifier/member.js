/**
 * Members of a JSON object, each as its place asks for: whatever is missing, unknown or of another type is refused by name.
 * @module
 */
import { Fault } from './fault.js';

/**
 * What a member that is of another type, or outside its range, is refused with.
 * @param {string} name
 * @param {string} en what it must be
 * @param {string} zh the same in Chinese
 * @returns {Fault}
 */
export function typeFault(name, en, zh) {
  return new Fault('member', `member \`${name}\` must be ${en}`, `成员 \`${name}\` 应为${zh}`);
}

/**
 * Refuses every member that is not listed.
 * @param {Map<string, unknown>} object
 * @param {readonly string[]} known
 */
export function onlyMembers(object, known) {
  for (const name of object.keys()) {
    if (!known.includes(name)) {
      throw new Fault('member', `member \`${name}\` is not known here`, `成员 \`${name}\` 不在规定之列`);
    }
  }
}

/** The member, which must be there. */
function requiredMember(object, name) {
  const value = object.get(name);
  if (value === undefined) throw new Fault('member', `member \`${name}\` is missing`, `缺成员 \`${name}\``);
  return value;
}

/**
 * The member, which must be a string.
 * @returns {string}
 */
export function textMember(object, name) {
  const value = requiredMember(object, name);
  if (typeof value !== 'string') throw typeFault(name, 'a string', '字符串');
  return value;
}

/**
 * The member, a string if it is there at all.
 * @returns {string | undefined}
 */
export function optionalTextMember(object, name) {
  return object.has(name) ? textMember(object, name) : undefined;
}

/**
 * The member, which must be an integer from 0 to 2^53.
 * @returns {number}
 */
export function countMember(object, name) {
  const value = requiredMember(object, name);
  if (typeof value !== 'number' || value < 0) throw typeFault(name, 'an integer from 0 to 2^53', '0 至 2^53 的整数');
  return value;
}

/**
 * The member, which must be an array.
 * @returns {unknown[]}
 */
export function listMember(object, name) {
  const value = requiredMember(object, name);
  if (!Array.isArray(value)) throw typeFault(name, 'an array', '数组');
  return value;
}

/**
 * The member, which must be an array of strings.
 * @returns {string[]}
 */
export function textsMember(object, name) {
  const items = listMember(object, name);
  if (!items.every((item) => typeof item === 'string')) throw typeFault(name, 'an array of strings', '字符串数组');
  return items;
}

/**
 * The member, which must be an array of objects.
 * @returns {Map<string, unknown>[]}
 */
export function objectsMember(object, name) {
  const items = listMember(object, name);
  if (!items.every((item) => item instanceof Map)) throw typeFault(name, 'an array of objects', '对象数组');
  return items;
}

/**
 * The member, which must be an object.
 * @returns {Map<string, unknown>}
 */
export function objectMember(object, name) {
  const value = requiredMember(object, name);
  if (!(value instanceof Map)) throw typeFault(name, 'an object', '对象');
  return value;
}
