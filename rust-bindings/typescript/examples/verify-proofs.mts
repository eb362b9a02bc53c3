// Checks a folder of proofs offline: who signed which text. Needs no store, no key and no network.
//
//   node verify-proofs.js FOLDER

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'cborg';
import init, { CryptoError, verify_record_proof } from 'rust-crypto/pkg';

/** Keys of a remember record, from docs/encodings/entry.md. */
const TEXT = 1;
const SOURCE = 2;

function field(content: Map<number, unknown>, key: number): string {
  const value = content.get(key);
  return typeof value === 'string' ? value : '';
}

async function main(folder: string): Promise<number> {
  await init();
  const files = (await readdir(folder)).filter((name) => name.endsWith('.proof')).sort();
  let refused = 0;
  for (const name of files) {
    const bytes = await readFile(join(folder, name));
    try {
      const record = verify_record_proof(bytes);
      const content = decode(record.content, { useMaps: true }) as Map<number, unknown>;
      const text = field(content, TEXT).replace(/\s+/g, ' ').slice(0, 60);
      console.log(`  ✓ ${record.author.slice(0, 8)} signed “${text}…” from ${field(content, SOURCE)}`);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      refused += 1;
      console.log(`  ✗ ${name}: ${error.message}`);
    }
    // One changed bit, anywhere, must be refused.
    const changed = Uint8Array.from(bytes);
    const at = Math.floor(changed.length / 2);
    changed[at] = (changed[at] ?? 0) ^ 1;
    try {
      verify_record_proof(changed);
      throw new Error(`${name} verifies although a bit was changed`);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
    }
  }
  console.log(`  ${files.length - refused} of ${files.length} proofs hold; each with one bit changed is refused`);
  return refused === 0 && files.length > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv[2] ?? '.');
