/** The list of keys, and what is done with each. */
import type { ApiKeyEntry } from 'chrysalis-native/security';
import { CLIPBOARD_SECONDS, copyForAWhile, emptyClipboard } from './clipboard.js';
import { confirm } from './confirm.js';
import { button, byId, dialog, element, fail, input, onSubmit, openDialog, take } from './dom.js';
import { explain } from './errors.js';
import { toast } from './toast.js';
import { appearanceOf, PROVIDERS } from './vault.js';
import type { Vault } from './vault.js';

/** From how many keys on a field to find one is worth its place. */
const FILTER_FROM = 6;
const DAY_MS = 86_400_000;

/** The entry whose key the dialog replaces; nothing while it adds one. */
let replaced: ApiKeyEntry | undefined;

/** Prepares list and dialog; to be called once. */
export function prepareKeys(vault: Vault): void {
  for (const [name, label] of PROVIDERS) {
    const option = document.createElement('option');
    Object.assign(option, { value: name, label });
    byId('providers', HTMLDataListElement).append(option);
  }
  button('add-open').addEventListener('click', () => openKeyDialog());
  input('filter').addEventListener('input', () => showKeys(vault));
  element('keys').addEventListener('click', async (event) => {
    const target = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>('[data-do]') : null;
    const id = target?.closest<HTMLElement>('[data-id]')?.dataset['id'];
    const entry = vault.entries.find((entry) => entry.id === id);
    if (!target || !entry) return;
    element('open-error').textContent = '';
    try {
      await act(vault, target.dataset['do'] ?? '', entry);
    } catch (error) {
      element('open-error').textContent = explain(error);
    }
  });
  input('key-secret').addEventListener('input', recognise);
  onSubmit('key-form', 'key-error', 'Sealing…', () => submitKey(vault));
}

/** Shows the keys as they are now. */
export function showKeys(vault: Vault): void {
  const { entries } = vault;
  const filter = input('filter');
  filter.hidden = entries.length < FILTER_FROM;
  const wanted = filter.hidden ? '' : filter.value.trim().toLowerCase();
  const label = (entry: ApiKeyEntry) => `${nameOf(entry.provider)} ${entry.name}`.toLowerCase();
  const shown = entries.filter((entry) => `${label(entry)} ${entry.provider}`.includes(wanted));
  shown.sort((a, b) => label(a).localeCompare(label(b)) || a.createdAt - b.createdAt);
  const focus = document.activeElement instanceof HTMLElement ? document.activeElement : undefined;
  const [focusedId, focusedAction] = [focus?.closest<HTMLElement>('[data-id]')?.dataset['id'], focus?.dataset['do']];
  element('keys').replaceChildren(...shown.map(makeRow));
  if (focusedId) element('keys').querySelector<HTMLElement>(`[data-id="${focusedId}"] [data-do="${focusedAction}"]`)?.focus();
  element('count').textContent = entries.length ? String(entries.length) : '';
  element('no-keys').hidden = entries.length > 0;
  element('no-match').hidden = entries.length === 0 || shown.length > 0;
}

async function act(vault: Vault, action: string, entry: ApiKeyEntry): Promise<void> {
  switch (action) {
    case 'copy':
      return copy(vault, entry);
    case 'rotate':
      return openKeyDialog(entry);
    case 'default':
      await vault.setDefault(entry.id);
      return toast(`${entry.name} is now the default for ${nameOf(entry.provider)}.`);
    case 'remove': {
      const text = `${nameOf(entry.provider)}, ${entry.keyPrefix}. The key stays valid at its provider until it is revoked there.`;
      if (!(await confirm({ title: `Remove “${entry.name}”?`, text, action: 'Remove key', isDanger: true }))) return;
      await vault.remove(entry.id);
      button('add-open').focus();
      return toast(`${entry.name} was removed.`);
    }
  }
}

async function copy(vault: Vault, entry: ApiKeyEntry): Promise<void> {
  if (vault.settings.requirePasswordOnAccess) {
    const question = { title: `Copy “${entry.name}”`, text: 'This vault asks for its password before a key is copied.', action: 'Copy' };
    if (!(await confirm({ ...question, verify: (password) => vault.verify(password) }))) return;
  }
  await vault.withKey(entry.id, (key) => copyForAWhile(key, () => toast('The clipboard was emptied.')));
  const text = `Copied. The clipboard is emptied in ${CLIPBOARD_SECONDS} seconds, or once you are back here.`;
  toast(text, { label: 'Empty now', work: () => void emptyClipboard(), seconds: CLIPBOARD_SECONDS });
}

async function openKeyDialog(entry?: ApiKeyEntry): Promise<void> {
  replaced = entry;
  element('key-title').textContent = entry ? `Replace the key of “${entry.name}”` : 'Add key';
  button('key-submit').textContent = entry ? 'Replace key' : 'Add key';
  element('key-details').hidden = entry !== undefined;
  delete input('key-provider').dataset['guessed'];
  const done = openDialog('key-dialog');
  input('key-expires').min = dateOf(Date.now() + DAY_MS);
  input('key-secret').focus();
  await done;
  replaced = undefined;
}

async function submitKey(vault: Vault): Promise<void> {
  const isSecretMissing = input('key-secret').value.trim() === '';
  if (isSecretMissing) return fail('key-error', 'Paste the key first.', 'key-secret');
  if (!replaced && input('key-provider').value.trim() === '') {
    return fail('key-error', 'Say whose key it is: a provider, or a name of your own.', 'key-provider');
  }
  // What surrounds a key when it is copied from a page or a file is not part of it.
  const key = new TextEncoder().encode(input('key-secret').value.trim());
  try {
    if (replaced) {
      const { id, name } = replaced;
      await vault.rotate(id, key);
      finish(`The key of ${name} was replaced. Revoke the old one at its provider.`);
    } else {
      const provider = input('key-provider').value.trim().toLowerCase();
      const name = input('key-name').value.trim();
      const until = input('key-expires').valueAsNumber;
      await vault.add(key, {
        provider,
        isDefault: input('key-default').checked,
        ...(name && { name }),
        ...(Number.isFinite(until) && { expiresAt: endOfDay(until) }),
      });
      finish(`${name || `${nameOf(provider)} key`} was added.`);
    }
  } finally {
    key.fill(0);
  }
}

function finish(text: string): void {
  take('key-secret');
  dialog('key-dialog').close('done');
  toast(text);
}

/** Says whose key it looks like, and fills in the provider where nobody else has. */
function recognise(): void {
  element('key-error').textContent = '';
  const hint = element('key-hint');
  const provider = input('key-provider');
  hint.textContent = '';
  const key = new TextEncoder().encode(input('key-secret').value.trim());
  try {
    const { provider: detected, isCertain } = appearanceOf(key);
    if (detected === 'generic') return;
    hint.textContent = `${isCertain ? 'Recognised as' : 'Perhaps'} ${nameOf(detected)}.`;
    if (isCertain && !replaced && (provider.value === '' || provider.dataset['guessed'] === provider.value)) {
      provider.value = detected;
      provider.dataset['guessed'] = detected;
    }
  } catch {
    // Not a key so far. What is wrong with it is said when it is submitted.
  } finally {
    key.fill(0);
  }
}

function makeRow(entry: ApiKeyEntry): HTMLElement {
  const row = byId('key-row', HTMLTemplateElement).content.cloneNode(true) as DocumentFragment;
  const part = (selector: string) => row.querySelector<HTMLElement>(selector)!; // of the template, above
  part('.key').dataset['id'] = entry.id;
  part('.badge').textContent = monogram(entry.provider);
  part('.name b').textContent = entry.name;
  part('.provider').textContent = nameOf(entry.provider);
  part('code').textContent = entry.keyPrefix;
  part('.times').textContent = [
    `Added ${ago(entry.createdAt)}`,
    entry.lastUsedAt === undefined ? 'never used' : `used ${ago(entry.lastUsedAt)}`,
    ...(entry.expiresAt === undefined ? [] : [`${isExpired(entry) ? 'expired' : 'expires'} ${longDate(entry.expiresAt)}`]),
  ].join(' · ');
  const tag = (text: string, kind: string) => {
    const tag = document.createElement('span');
    Object.assign(tag, { className: `tag ${kind}`, textContent: text });
    part('.tags').append(tag, ' ');
  };
  if (entry.isDefault) tag('Default', '');
  if (isExpired(entry)) tag('Expired', 'bad');
  else if (entry.expiresAt !== undefined && entry.expiresAt - Date.now() < 14 * DAY_MS) tag('Expires soon', 'warn');
  for (const action of row.querySelectorAll<HTMLElement>('[data-do]')) {
    action.setAttribute('aria-label', `${action.textContent}: ${entry.name}, ${nameOf(entry.provider)}`);
  }
  part('[data-do=default]').hidden = entry.isDefault || isExpired(entry);
  part('[data-do=copy]').hidden = isExpired(entry);
  return row.firstElementChild as HTMLElement;
}

const isExpired = (entry: ApiKeyEntry) => entry.expiresAt !== undefined && entry.expiresAt <= Date.now();

/** A provider as people write it. */
function nameOf(provider: string): string {
  return PROVIDERS.get(provider) ?? provider.replace(/^custom:/, '');
}

function monogram(provider: string): string {
  return [...nameOf(provider).replace(/[^\p{L}\p{N}]/gu, '')].slice(0, 2).join('') || '·';
}

const longDate = (time: number) => new Date(time).toLocaleDateString(undefined, { dateStyle: 'medium' });
const dateOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** The last millisecond, here, of a day that a date field gave at midnight UTC. */
function endOfDay(utcMidnight: number): number {
  const day = new Date(utcMidnight);
  return new Date(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + 1).getTime() - 1;
}

/** How long ago a time was, in words. */
export function ago(time: number): string {
  const seconds = Math.max(0, (Date.now() - time) / 1000);
  if (seconds < 60) return 'just now';
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  if (seconds < 3600) return words.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return words.format(-Math.floor(seconds / 3600), 'hour');
  if (seconds < 30 * 86_400) return words.format(-Math.floor(seconds / 86_400), 'day');
  return longDate(time);
}
