// Reads what a run of tests printed and fails if a secret is in it: anything that has the shape of an API key, or a value that
// tests use as a secret. Says where, not what.
import { redact_text } from 'rust-crypto/pkg';

const PLANTED = [
  'Blue-Kettle-42-Rain', 'correct horse battery staple', 'sk-test-0123456789abcdef', 'key-that-opens-nothing-0123456789',
  ['sk', 'ant', 'api03', 'not', 'a', 'key', 'that', 'opens', 'anything'].join('-'),
];

let text = '';
process.stdin.setEncoding('utf8');
for await (const chunk of process.stdin) text += chunk;

const lines = text.split('\n');
const found = lines.flatMap((line, at) => (redact_text(line) !== line || PLANTED.some((secret) => line.includes(secret)) ? [at + 1] : []));
console.log(`no secret among ${lines.length} lines of output: ${found.length === 0 ? 'so it is' : `lines ${found.join(', ')} hold one`}`);
// A scan of nothing, or by a redactor that finds nothing, would prove nothing.
const sees = redact_text(['OPENAI_API_KEY=sk', 'proj', 'A1b2C3d4E5f6G7h8'.repeat(4)].join('-')).includes('...');
if (found.length > 0 || lines.length < 100 || !sees) process.exitCode = 1;
