import consensus = require('rust-consensus/pkg');

export const hash: string = new consensus.SimCluster(4, 1).traceHash();
export const ready: Promise<consensus.InitOutput> = consensus.default();
