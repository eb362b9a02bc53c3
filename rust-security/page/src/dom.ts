/** Elements of the page, and what every form of it does. */
import { validatePasswordStrength } from 'chrysalis-native/security';
import { explain } from './errors.js';

/** The element of this id, which `index.html` has. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new TypeError(`no ${type.name} #${id}`);
  return element;
}

export const input = (id: string) => byId(id, HTMLInputElement);
export const button = (id: string) => byId(id, HTMLButtonElement);
export const dialog = (id: string) => byId(id, HTMLDialogElement);
export const element = (id: string) => byId(id, HTMLElement);

/** What is in a field of a password or key, which is emptied. */
export function take(id: string): string {
  const field = input(id);
  const { value } = field;
  field.value = '';
  // `value` alone would leave the attribute that an extension may have set.
  field.removeAttribute('value');
  return value;
}

/** Writes below a form what went wrong, and marks the field that it is about. */
export function fail(errorId: string, text: string, fieldId?: string): void {
  element(errorId).textContent = text;
  if (!fieldId) return;
  const field = input(fieldId);
  field.setAttribute('aria-invalid', 'true');
  field.addEventListener('input', () => field.removeAttribute('aria-invalid'), { once: true });
  field.focus();
}

/**
 * Calls `work` when a form is submitted, with its button saying `busy` meanwhile; what it throws is explained in
 * `errorId`. One submission at a time.
 */
export function onSubmit(formId: string, errorId: string, busy: string, work: () => Promise<void>): void {
  const form = byId(formId, HTMLFormElement);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const submit = form.querySelector<HTMLButtonElement>('button:not([type])');
    if (!submit || submit.disabled) return;
    const label = submit.textContent;
    element(errorId).textContent = '';
    submit.disabled = true;
    form.setAttribute('aria-busy', 'true');
    // Only what takes long enough to be read.
    const timer = setTimeout(() => (submit.textContent = busy), 150);
    try {
      await work();
    } catch (error) {
      element(errorId).textContent = explain(error);
      // A field that is empty again is where to go on.
      [...form.querySelectorAll<HTMLInputElement>('input[type=password]')].find(({ value }) => value === '')?.focus();
    } finally {
      clearTimeout(timer);
      if (submit.textContent === busy) submit.textContent = label;
      submit.disabled = false;
      form.removeAttribute('aria-busy');
    }
  });
}

/** The new password in two fields, which are emptied; nothing when it is not good enough or not twice the same. */
export function takeNewPassword(firstId: string, secondId: string, errorId: string): string | undefined {
  const { isValid, problems } = validatePasswordStrength(input(firstId).value);
  if (!isValid) {
    fail(errorId, problems.length ? `Choose a stronger password: this one is ${list(problems)}.` : 'Choose a stronger password.', firstId);
    return undefined;
  }
  if (input(firstId).value !== input(secondId).value) {
    input(secondId).value = '';
    fail(errorId, 'The two passwords differ.', secondId);
    return undefined;
  }
  input(secondId).value = '';
  const password = take(firstId);
  for (const shown of input(firstId).closest('.field')?.querySelectorAll('.strength') ?? []) shown.replaceChildren();
  return password;
}

/** Judges a new password as it is typed. */
export function showStrength(fieldId: string, outputId: string): void {
  const output = element(outputId);
  input(fieldId).addEventListener('input', () => {
    const { value } = input(fieldId);
    if (value === '') return output.replaceChildren();
    const { isValid, score, problems } = validatePasswordStrength(value);
    const meter = document.createElement('meter');
    Object.assign(meter, { min: 0, max: 100, low: 40, high: 60, optimum: 100, value: isValid ? score : Math.min(score, 55) });
    meter.setAttribute('aria-label', 'Strength');
    const word = document.createElement('span');
    word.textContent = isValid ? (score >= 85 ? 'strong' : 'good') : 'weak';
    const text = document.createElement('p');
    text.textContent = problems.length ? `It is ${list(problems)}.` : '';
    output.replaceChildren(meter, word, ...(problems.length ? [text] : []));
  });
}

/** Opens a dialog; `true` once it was closed by `close('done')`. All its fields are emptied when it closes. */
export function openDialog(id: string): Promise<boolean> {
  const box = dialog(id);
  box.returnValue = '';
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener(
      'close',
      () => {
        for (const form of box.querySelectorAll('form')) form.reset();
        for (const error of box.querySelectorAll('.error, .hint[aria-live], .strength')) error.textContent = '';
        resolve(box.returnValue === 'done');
      },
      { once: true },
    );
  });
}

/** Closes every dialog that is open, as if it were cancelled. */
export function closeDialogs(): void {
  for (const box of document.querySelectorAll<HTMLDialogElement>('dialog[open]')) box.close('');
}

/** Empties every field of the page. */
export function emptyFields(): void {
  for (const form of document.querySelectorAll('form')) form.reset();
}

const list = (problems: readonly string[]) => problems.map(readable).join('; ');

/** The package's words for what is wrong with a password, as the end of a sentence. */
function readable(problem: string): string {
  if (problem.startsWith('fewer than three')) return 'of fewer than three kinds out of small letters, capitals, digits and other characters';
  if (problem.startsWith('a character three')) return 'one with a character three times in a row';
  if (problem.startsWith('a run')) return 'one with neighbours such as “abcd” or “4321” in a row';
  return problem;
}
