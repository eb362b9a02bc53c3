// Search by meaning in a page: a model in a worker, a service with a cache over it, an index of what the texts became.
import init, { EmbeddingService, VectorIndex, createWorkerModel, modelAt } from '../pkg/rust_embedding.js';

const MODEL = new URLSearchParams(location.search).get('model') ?? '../../.tools/model/all-MiniLM-L6-v2/';
const SAMPLES = [
  'The cat sleeps on the sofa by the window.',
  'Backups are made every night at two and kept for thirty days.',
  'Thunder woke the whole street.',
  'The contract may be ended by either side with three months’ notice.',
  'Let the dough rest for an hour under a damp cloth.',
  'The train was late because a tree had fallen across the line.',
];
/** Characters of a passage; a longer paragraph is divided at the ends of sentences. */
const PASSAGE = 600;
const FILE_BYTES = 1 << 20;

const $ = (id) => document.getElementById(id);
const stop = new AbortController();
let service;
let index;
let asking;
let next = 1;
const texts = new Map();

$('stop').addEventListener('click', () => stop.abort());
$('add').addEventListener('submit', (event) => {
  event.preventDefault();
  add($('new').value);
  $('add').reset();
});
$('new').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) $('add').requestSubmit();
});
$('ask').addEventListener('input', () => void ask());
$('files').addEventListener('change', async ({ target }) => {
  await addFiles(target.files);
  target.value = '';
});
for (const type of ['dragenter', 'dragover']) {
  document.addEventListener(type, (event) => {
    event.preventDefault();
    $('drop').classList.add('over-it');
  });
}
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) $('drop').classList.remove('over-it');
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  $('drop').classList.remove('over-it');
  void addFiles(event.dataTransfer.files);
});

for (const text of SAMPLES) list(text);
await start();

async function start() {
  try {
    const began = performance.now();
    const [model] = await Promise.all([createWorkerModel(modelAt(MODEL), { signal: stop.signal, progress: show }), init()]);
    service = await EmbeddingService.create({ providers: [{ provider: 'local', model }], memoryCache: {} });
    index = new VectorIndex({ dimension: model.dimensions, maxEntries: 100_000 });
    $('model').textContent = `Model ready after ${((performance.now() - began) / 1000).toFixed(1)} s`;
    $('model').title = `${model.space.model}, ${model.space.engine}, space ${model.space.id}`;
    $('loading').hidden = true;
    await embed([...texts.keys()]);
    $('ask').disabled = false;
    $('ask').focus();
  } catch (error) {
    $('loading').hidden = true;
    $('model').textContent = 'No model';
    fail(stop.signal.aborted ? 'Loading was stopped. Reload the page to try again.' : `The model could not be loaded: ${error.message}.`);
  }
}

function show({ loaded, total, isKept }) {
  $('progress').value = loaded / total;
  const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
  $('progress-text').textContent = `${megabytes(loaded)} of ${megabytes(total)} MB${isKept ? ', from this browser' : ''}`;
}

/** Adds passages of a text. */
function add(text) {
  const ids = passages(text).map(list);
  if (service) void embed(ids);
}

async function addFiles(files) {
  for (const file of files) {
    if (file.size > FILE_BYTES) fail(`${file.name} is larger than ${FILE_BYTES >> 20} MB.`);
    else add(await file.text());
  }
}

/** Paragraphs, and of long ones as many whole sentences as fit. */
function passages(text) {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    const whole = paragraph.replace(/\s+/g, ' ').trim();
    if (whole.length <= PASSAGE) return whole ? [whole] : [];
    const parts = [''];
    for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'sentence' }).segment(whole)) {
      if (parts.at(-1).length + segment.length > PASSAGE && parts.at(-1)) parts.push('');
      parts[parts.length - 1] += segment;
    }
    return parts.map((part) => part.trim());
  });
}

/** Puts a text into the list; gives its id. */
function list(text) {
  const id = `${next++}`;
  const item = document.createElement('li');
  const words = document.createElement('span');
  const remove = document.createElement('button');
  words.textContent = text;
  remove.type = 'button';
  remove.textContent = '×';
  remove.setAttribute('aria-label', `Remove: ${text.slice(0, 60)}`);
  remove.addEventListener('click', () => {
    item.remove();
    texts.delete(id);
    index?.remove(id);
    count();
    void ask();
  });
  item.className = 'waits';
  item.append(words, remove);
  $('texts').prepend(item);
  texts.set(id, { text, item });
  count();
  return id;
}

function count() {
  $('count').textContent = `${texts.size}`;
}

async function embed(ids) {
  const outcomes = await service.embedBatchDetailed(ids.map((id) => texts.get(id).text));
  outcomes.forEach(({ vector, error }, place) => {
    const kept = texts.get(ids[place]);
    if (!kept) return; // removed meanwhile
    kept.item.className = vector ? '' : 'failed';
    if (vector) index.add(ids[place], vector);
    else kept.item.title = error.message;
  });
  await ask();
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const question = $('ask').value.trim();
  if (!service || !question) return answer([]);
  const began = performance.now();
  try {
    const vector = await service.embedQuery(question, { signal });
    answer(index.search(vector, { limit: 5 }), performance.now() - began);
  } catch (error) {
    if (!signal.aborted) fail(`The question could not be answered: ${error.message}.`);
  }
}

function answer(hits, ms) {
  $('empty').hidden = hits.length > 0;
  $('hits').replaceChildren(...hits.map(({ id, score }) => {
    const item = document.createElement('li');
    const words = document.createElement('span');
    const meter = document.createElement('meter');
    words.textContent = texts.get(id).text;
    meter.max = 1;
    meter.value = Math.max(score, 0);
    meter.textContent = score.toFixed(2);
    meter.title = `cosine ${score.toFixed(3)}`;
    item.append(words, meter);
    return item;
  }));
  if (ms !== undefined) $('model').textContent = `Answered in ${ms.toFixed(0)} ms`;
}

function fail(text) {
  $('failed').textContent = text;
  $('failed').hidden = false;
}
