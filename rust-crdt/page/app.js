// A checklist that all tabs of this page share. What is on it is a set of ids; what is said of an item is a map.
import init, { LWWMap, LWWRegister, ORSet, Replica, actorKey } from '../pkg/rust_crdt.js';
import { Link } from './link.js';

const $ = (id) => document.getElementById(id);
const COLOURS = ['Amber', 'Basil', 'Cobalt', 'Coral', 'Ivory', 'Moss', 'Plum', 'Russet', 'Sage', 'Teal', 'Umber', 'Violet'];

let replica;
let link;
let shown = '';
const me = `${COLOURS[crypto.getRandomValues(new Uint8Array(1))[0] % COLOURS.length]} ${String(crypto.getRandomValues(new Uint16Array(1))[0] % 900 + 100)}`;

try {
  await init();
  replica = new Replica();
  replica.set('items', new ORSet());
  replica.set('fields', new LWWMap({ clock: 'hlc' }));
  replica.set('board', new LWWRegister({ clock: 'hlc' }));
  link = new Link(replica, me, render);
  start();
} catch (error) {
  $('failed').hidden = false;
  $('failed').textContent = `This page cannot run here: ${error.message}`;
}

function start() {
  $('me').textContent = `${me}, this tab`;
  $('me').title = actorKey(me);
  for (const element of document.querySelectorAll(':disabled')) element.disabled = false;
  $('online').onchange = ({ target }) => (target.checked ? link.connect() : link.disconnect());
  $('open-tab').onclick = () => open(location.href);
  $('board').onchange = ({ target }) => change('board', [['write', target.value]]);
  $('add').onsubmit = (event) => {
    event.preventDefault();
    const text = $('new').value.trim();
    if (!text) return;
    const id = crypto.randomUUID();
    replica.apply('fields', [['write', `${id} text`, text], ['write', `${id} made`, Date.now()]], me);
    change('items', [['add', id]]);
    $('new').value = '';
  };
  link.connect();
}

function change(name, operations) {
  replica.apply(name, operations, me);
  link.flush();
  render();
}

/** Changes a field of an item, and says that the item is there: it wins over a removal that had not seen this. */
function edit(id, field, value) {
  replica.apply('fields', [['write', `${id} ${field}`, value]], me);
  change('items', [['add', id]]);
}

function read() {
  const [items, fields, board] = ['items', 'fields', 'board'].map((name) => replica.get(name));
  const list = items.values().map((id) => ({
    id,
    text: fields.get(`${id} text`) ?? '',
    done: fields.get(`${id} done`) === true,
    made: fields.get(`${id} made`) ?? 0,
  }));
  const name = board.get() ?? '';
  for (const state of [items, fields, board]) state.free();
  return { name, list: list.sort((a, b) => a.made - b.made || (a.id < b.id ? -1 : 1)) };
}

function render() {
  const digests = ['items', 'fields', 'board'].map((name) => replica.digestHex(name));
  const now = digests.join();
  if (now !== shown) {
    const { name, list } = read();
    if (document.activeElement !== $('board')) $('board').value = name;
    document.title = name ? `${name} · Chrysalis tabs` : 'Chrysalis tabs';
    showItems(list);
    $('empty').hidden = list.length > 0;
    $('digest').textContent = digests.map((digest) => digest.slice(0, 4)).join(' ');
    $('digest').dataset.whole = now;
    shown = now;
  }
  showTabs();
}

/** Rows stay what they are while their item does, so that typing goes on when something comes in. */
function showItems(list) {
  const rows = new Map([...$('items').children].map((row) => [row.dataset.id, row]));
  const ids = new Set(list.map(({ id }) => id));
  for (const [id, row] of rows) if (!ids.has(id)) row.remove();
  for (const [at, item] of list.entries()) {
    const row = rows.get(item.id) ?? makeRow(item.id);
    const [done, text] = row.querySelectorAll('input');
    done.checked = item.done;
    done.setAttribute('aria-label', `Done: ${item.text}`);
    if (document.activeElement !== text) text.value = item.text;
    row.classList.toggle('done', item.done);
    row.lastChild.setAttribute('aria-label', `Remove ${item.text}`);
    // A row that moves loses the focus, so only those that must move do.
    if ($('items').children[at] !== row) $('items').insertBefore(row, $('items').children[at] ?? null);
  }
}

function makeRow(id) {
  const row = document.createElement('li');
  row.dataset.id = id;
  const done = Object.assign(document.createElement('input'), { type: 'checkbox', onchange: () => edit(id, 'done', done.checked) });
  const text = Object.assign(document.createElement('input'), { type: 'text', maxLength: 200, onchange: () => edit(id, 'text', text.value) });
  text.setAttribute('aria-label', 'Item');
  const remove = Object.assign(document.createElement('button'), { type: 'button', textContent: '✕', onclick: () => change('items', [['remove', id]]) });
  row.append(done, text, remove);
  return row;
}

function showTabs() {
  const isOnline = Boolean(link.channel);
  const others = link.others();
  $('online').checked = isOnline;
  $('online-text').textContent = isOnline ? 'Online' : 'Offline';
  $('me-about').textContent = isOnline ? 'connected' : 'not connected, still yours to edit';
  document.querySelector('.me').classList.toggle('on', isOnline);
  $('alone').hidden = others.length > 0;
  $('peers').replaceChildren(...others.map(({ name, isEqual }) => {
    const row = document.createElement('li');
    row.className = isEqual ? 'row equal' : 'row';
    const dot = Object.assign(document.createElement('span'), { className: 'dot' });
    const words = document.createElement('span');
    words.append(
      Object.assign(document.createElement('b'), { textContent: name }),
      Object.assign(document.createElement('span'), { className: 'quiet', textContent: isEqual ? 'same digest' : 'catching up' }),
    );
    row.append(dot, words);
    return row;
  }));
  $('traffic').textContent = `${link.sent.toLocaleString('en')} bytes sent, ${link.received.toLocaleString('en')} received`;
}
