/** Markup that is ready: text in it is escaped. */
export interface Markup {
  readonly markup: string;
}

type Attributes = Readonly<Record<string, string | number | null>>;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escape(words: string): string {
  // Control characters have no place in XML 1.0, however they are written.
  return words
    .toWellFormed()
    .replaceAll(/(?![\t\n\r])\p{Cc}|[\ufffe\uffff]/gu, '\ufffd')
    .replaceAll(/[&<>"]/g, (character) => entities[character] ?? '');
}

/** Text, as text whatever is in it. */
export function text(words: string): Markup {
  return { markup: escape(words) };
}

/** An element; attributes that are `null` are left out. Markup of pictures is made here only. */
export function element(name: string, attributes: Attributes, ...inside: Markup[]): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ` ${key}="${escape(String(value))}"`)
    .join('');
  const start = `<${name}${written}`;
  const content = inside.map(({ markup }) => markup).join('');
  return { markup: inside.length === 0 ? `${start}/>` : `${start}>${content}</${name}>` };
}

/** Elements, one a line: what changed shows in a diff. */
export function lines(elements: readonly Markup[]): Markup {
  return { markup: `${elements.map(({ markup }) => `\n${markup}`).join('')}\n` };
}
