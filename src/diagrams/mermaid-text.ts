/** Characters that end a text or mean something to Mermaid, as the entities that it knows. */
export function escapeText(text: string): string {
  return text.replaceAll(/[":;#<>{}%]/g, (character) => `#${character.codePointAt(0)};`);
}
