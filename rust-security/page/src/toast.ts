/** A line at the foot of the page that goes away by itself. */
import { button, element } from './dom.js';

let timer: ReturnType<typeof setTimeout> | undefined;
let act: (() => void) | undefined;

/** Shows a text, with an action to choose if there is one. */
export function toast(text: string, action?: { label: string; work: () => void; seconds: number }): void {
  clearTimeout(timer);
  element('toast-text').textContent = text;
  button('toast-action').hidden = !action;
  button('toast-action').textContent = action?.label ?? '';
  act = action?.work;
  button('toast-action').onclick = () => act?.();
  element('toast').classList.add('on');
  timer = setTimeout(hideToast, (action?.seconds ?? 6) * 1000);
}

export function hideToast(): void {
  clearTimeout(timer);
  act = undefined;
  button('toast-action').hidden = true;
  element('toast-text').textContent = '';
  element('toast').classList.remove('on');
}
