// The examples of the pages for users run as they stand there, and print what their comments say.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const OUTPUTS = {
  'README.md': [/^true\nhello\n$/, /^\[ 'authorization' \]\nwallet\nmain\n$/],
  '../README.md': [/^[0-9a-f]{64} true\n$/, /^draft \[ 'openai' \]\n$/, /^3\n$/],
  '../../rust-embedding/README.md': [/^The cat sleeps on the sofa\.\n$/],
};

for (const [page, outputs] of Object.entries(OUTPUTS)) {
  const blocks = readFileSync(PACKAGE + page, 'utf8').matchAll(/^```js\n(.*?)^```/gms);
  test(`examples of ${page}`, () => {
    // That of a crate is run where its paths begin, at the root of the project.
    const cwd = page.includes('rust-embedding') ? ROOT : PACKAGE;
    const given = [...blocks].map(([, code]) => execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd, encoding: 'utf8' }));
    assert.equal(given.length, outputs.length);
    given.forEach((text, i) => assert.match(text, outputs[i]));
  });
}
