/**
 * What a browser must offer for anything to be verified in it. There is no cryptography of our own to fall back to: a browser
 * without it is told what it needs.
 * @module
 */

/** @typedef {{ en: string, zh: string }} Words */

/**
 * What is lacking here, in words for a person; nothing if all is there.
 * @returns {Promise<Words | null>}
 */
export async function lacking() {
  if (globalThis.crypto?.subtle === undefined) {
    return {
      en: 'This browser offers no cryptography (crypto.subtle) here. It does so only over https, from localhost, or in a file opened from disk: open this page over https, or download the offline verifier and open it from disk.',
      zh: '浏览器在这里不提供加密功能（crypto.subtle）。只有通过 https、localhost 或从磁盘打开的文件才提供：请用 https 打开本页，或下载离线验证器，从磁盘打开。',
    };
  }
  try {
    // The key of the first test of RFC 8032 §7.1.
    const key = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
    await crypto.subtle.importKey('jwk', { kty: 'OKP', crv: 'Ed25519', x: key }, 'Ed25519', false, ['verify']);
    return null;
  } catch {
    return {
      en: 'This browser does not know Ed25519 signatures. Needed is Chrome or Edge 137, Firefox 129, Safari 17, or newer; or verify with mingzhang-verify.',
      zh: '浏览器不支持 Ed25519 签名。需要 Chrome 或 Edge 137、Firefox 129、Safari 17 或更新的版本；也可用 mingzhang-verify 验证。',
    };
  }
}
