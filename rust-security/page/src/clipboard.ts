/** Keys on the clipboard, for half a minute. */

/** How long a key stays on the clipboard. */
export const CLIPBOARD_SECONDS = 30;

let timer: ReturnType<typeof setTimeout> | undefined;
let emptied: (() => void) | undefined;

/** Copies a key; `done` is called once the clipboard was emptied. A browser lets only the page in front do that. */
export async function copyForAWhile(key: Uint8Array, done: () => void): Promise<void> {
  await navigator.clipboard.writeText(new TextDecoder().decode(key));
  clearTimeout(timer);
  emptied = done;
  timer = setTimeout(() => void emptyClipboard(), CLIPBOARD_SECONDS * 1000);
}

/** Empties the clipboard if a key was put there; when the page is not in front, as soon as it is. */
export async function emptyClipboard(): Promise<void> {
  if (!emptied) return;
  clearTimeout(timer);
  try {
    // There is no asking what is there without a permission, so this may empty what was copied since.
    await navigator.clipboard.writeText('');
    const done = emptied;
    emptied = undefined;
    done();
  } catch {
    addEventListener('focus', () => void emptyClipboard(), { once: true });
  }
}
