// What is in the package: size, files, declarations, and that strict TypeScript accepts them under each resolution.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const run = promisify(execFile);
const crate = fileURLToPath(new URL('../../../../rust-crypto/', import.meta.url));
const tsc = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url));

// In KiB of gzip, whichever toolchain built it.
const LIMITS = { crypto: 130, security: 160, crdt: 670 };
for (const [domain, limit] of Object.entries(LIMITS)) {
  test(`the module of rust-${domain} has at most ${limit} KiB in gzip`, () => {
    const pkg = fileURLToPath(new URL(`../../../../rust-${domain}/pkg/`, import.meta.url));
    const [glue, module] = [`rust_${domain}.js`, `rust_${domain}_bg.wasm`]
      .map((name) => gzipSync(readFileSync(path.join(pkg, name)), { level: 9 }).length);
    console.log(`rust-${domain}: ${module} bytes in gzip, and ${glue} of glue`);
    assert.ok(module <= limit * 1024, `${module} bytes`);
  });

  test(`rust-${domain} names no path of the machine that built it`, () => {
    const pkg = fileURLToPath(new URL(`../../../../rust-${domain}/`, import.meta.url));
    const text = readFileSync(path.join(pkg, 'pkg', `rust_${domain}_bg.wasm`), 'latin1');
    const root = path.resolve(pkg, '..');
    assert.ok(!text.includes(root), root);
    assert.doesNotMatch(text, /\.cargo|registry\/src/);
  });
}

test('npm would publish the entries, the module and the declarations', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json'], { cwd: crate, shell: process.platform === 'win32' });
  const files = JSON.parse(stdout)[0].files.map((file) => file.path);
  for (const name of ['.js', '.mjs', '.cjs', '.d.ts', '.d.mts', '.d.cts', '_bg.wasm']) {
    assert.ok(files.includes(`pkg/rust_crypto${name}`), name);
  }
  assert.ok(files.includes('pkg/chrysalis_crypto.js') && files.includes('README.md'));
  assert.deepEqual(files.filter((name) => /^(src|tests|vectors|fuzz|target)\//.test(name)), []);
});

test('the declarations hold no any', () => {
  for (const name of ['rust_crypto.d.ts', 'rust_crypto.d.mts', 'rust_crypto.d.cts']) {
    const code = readFileSync(path.join(crate, 'pkg', name), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    assert.doesNotMatch(code, /\bany\b/, name);
  }
});

for (const resolution of ['nodenext', 'bundler']) {
  test(`strict TypeScript accepts the package under ${resolution}`, async () => {
    const project = fileURLToPath(new URL(`types/tsconfig.${resolution}.json`, import.meta.url));
    await run(process.execPath, [tsc, '--noEmit', '-p', project]).catch(({ stdout }) => assert.fail(stdout));
  });
}
