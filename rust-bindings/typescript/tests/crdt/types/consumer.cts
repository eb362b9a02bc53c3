import crdt = require('rust-crdt/pkg');

export const values: crdt.CrdtValue[] = crdt.ORSet.empty().add('x').values();
export const ready: Promise<crdt.InitOutput> = crdt.default();
