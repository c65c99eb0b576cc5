/**
 * Elements made from text alone: whatever comes from outside is a text node, never markup.
 * @module
 */

/**
 * An element with these attributes and children; what is null or false is left out, a text is a text node.
 * @param {string} name
 * @param {Record<string, string | boolean | null>} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(attribute, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Gives the browser time to draw, and a screen reader to notice, before the next thing is said. */
export function drawn() {
  return new Promise((done) => {
    setTimeout(done, 0);
  });
}
