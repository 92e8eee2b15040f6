import { el } from './dom.ts';

/** Asks for the token that the service wants. */
export function tokenForm(why: string, use: (token: string) => void): HTMLElement {
  const input = el('input', { id: 'token', type: 'password', autocomplete: 'off', required: true });
  const submit = (event: Event): void => {
    event.preventDefault();
    use(input.value.trim());
  };
  return el(
    'form',
    { class: 'card', onsubmit: submit },
    el('h1', { tabindex: -1 }, 'Token'),
    el('p', {}, why),
    el('label', { for: 'token' }, 'Token of this service'),
    input,
    el('button', { type: 'submit' }, 'Go on'),
  );
}
