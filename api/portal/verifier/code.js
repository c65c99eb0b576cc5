/**
 * Codes of the vocabulary: sector, stage, role, region, publisher, jurisdiction. A code that is not listed is refused.
 * @module
 */

/** Sectors of public resources. */
const SECTORS = ['construction', 'procurement', 'state-asset', 'land', 'mining', 'major-project', 'disclosure-request'];

/** Disclosure stages, with their names. */
export const STAGES = {
  approval: { zh: '项目审批', en: 'approval' },
  plan: { zh: '计划与意向', en: 'plan' },
  announcement: { zh: '公告', en: 'announcement' },
  clarification: { zh: '澄清答疑', en: 'clarification' },
  change: { zh: '变更', en: 'change' },
  prequalification: { zh: '资格审查结果', en: 'prequalification' },
  opening: { zh: '开标记录', en: 'opening' },
  candidates: { zh: '中标候选人公示', en: 'candidates' },
  award: { zh: '中标（成交）结果', en: 'award' },
  contract: { zh: '合同订立', en: 'contract' },
  'contract-change': { zh: '合同变更', en: 'contract change' },
  performance: { zh: '履约', en: 'performance' },
  acceptance: { zh: '验收', en: 'acceptance' },
  termination: { zh: '终止', en: 'termination' },
  objection: { zh: '异议、质疑', en: 'objection' },
  complaint: { zh: '投诉', en: 'complaint' },
  enforcement: { zh: '监督检查、行政处罚', en: 'enforcement' },
  request: { zh: '依申请公开：申请', en: 'request' },
  reply: { zh: '依申请公开：答复', en: 'reply' },
};

const ROLES = ['publisher', 'supervisor'];

/** @param {string} code */
export function isSector(code) {
  return SECTORS.includes(code);
}

/** @param {string} code */
export function isStage(code) {
  return Object.hasOwn(STAGES, code);
}

/** @param {string} code */
export function isRole(code) {
  return ROLES.includes(code);
}

/** A publisher's id: its 统一社会信用代码 or another name. */
export function isPublisherId(text) {
  return /^[A-Za-z0-9._:-]{1,64}$/.test(text);
}

/** Whether no publisher may have this id. */
export function isReservedId(id) {
  return id === 'root' || id === 'recovery' || id === 'log';
}

/** Six digits of GB/T 2260. */
export function isRegion(text) {
  return /^[0-9]{6}$/.test(text);
}

/** 0, 2, 4 or 6 digits of GB/T 2260; the empty one is everywhere. */
export function isRegionPrefix(text) {
  return /^(?:[0-9]{2}){0,3}$/.test(text);
}

/** @param {string} text */
export function isJurisdiction(text) {
  return /^[a-z0-9-]{1,32}$/.test(text);
}
