import * as api from 'rust-crdt/pkg';
import { readFileSync } from 'node:fs';
import { originalChecks } from './original.js';
import { runScript } from './script.js';
for (const [name, run] of originalChecks(api)) { try { run(); } catch (e) { console.log('FAIL', name, e.message, e.code ?? ''); } }
try { console.log(runScript(api, JSON.parse(readFileSync(new URL('../../../../rust-crdt/vectors/script.json', import.meta.url))))); } catch (e) { console.log(e.message) }
import init from 'rust-crdt/pkg';
import { behaviourChecks } from './behaviour.js';
for (const [name, run] of behaviourChecks(api, init)) { try { await run(); } catch (e) { console.log('FAIL', name, e.message, e.code ?? ''); } }
