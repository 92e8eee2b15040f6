/** Elements without markup: whatever is said in them is text. */

type Child = Node | string | null;

interface Attributes {
  readonly [name: string]: string | number | boolean | null | ((event: Event) => void);
}

/** A listener stands under `onNAME`; `null` and `false` leave an attribute out. */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) put(element, key, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function put(element: HTMLElement, key: string, value: Attributes[string] | undefined): void {
  if (typeof value === 'function') element.addEventListener(key.slice(2), value);
  else if (value === true) element.setAttribute(key, '');
  else if (value !== null && value !== false && value !== undefined)
    element.setAttribute(key, String(value));
}

/** A button that shows a sign, and is called by its words. */
export function signButton(sign: string, words: string, act: () => void): HTMLButtonElement {
  return el('button', { type: 'button', 'aria-label': words, onclick: act }, sign);
}

/** Only what differs is touched: an unchanged text is not read out again. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Rebuilds what stands in an element when what it is made of has changed. */
export function rebuilder<Made>(
  element: Element,
  build: (made: Made) => readonly Node[],
): (made: Made) => void {
  let last = '';
  return (made) => {
    const now = JSON.stringify(made);
    if (now === last) return;
    last = now;
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    element.replaceChildren(...build(made));
    if (focused !== null) focusLike(element, focused);
  };
}

/** Whoever uses the keyboard stays at the button of the same name. */
function focusLike(element: Element, { textContent }: Element): void {
  const buttons = [...element.querySelectorAll('button')];
  buttons.find((button) => button.textContent === textContent)?.focus();
}
