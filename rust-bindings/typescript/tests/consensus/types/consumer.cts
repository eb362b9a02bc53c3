import consensus = require('rust-consensus/pkg');
import simulation = require('rust-consensus/pkg/simulation');

export const hash: string = new simulation.SimCluster(4, 1).traceHash();
export const ready: Promise<consensus.InitOutput> = consensus.default();
