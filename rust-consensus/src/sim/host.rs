//! One running node: a core, its disk, its timers and its application.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::adversary::Adversary;
use super::schedule::Survives;
use super::watch::Watch;
use super::world::World;
use crate::certificate::CommitCertificate;
use crate::config::Config;
use crate::consensus::{ByzantineConsensus, Origin};
use crate::error::ConsensusError;
use crate::id::Height;
use crate::record::LogRecord;
use crate::timeout::Timeout;
use crate::value::Bytes;

/// After how many executed heights a node makes a checkpoint and forgets the log before it.
const CHECKPOINT: u64 = 16;

/// A node. A member has one, or two if it runs as twins.
pub(crate) struct Host {
    pub(crate) member: usize,
    /// Which twin, where there are two.
    pub(crate) twin: Option<usize>,
    /// Absent while the node is down.
    pub(crate) core: Option<ByzantineConsensus<Bytes>>,
    pub(crate) disk: Disk,
    /// What the node lies about, if it does.
    pub(crate) adversary: Option<Adversary>,
    /// Counts restarts, so that timers and answers of an earlier life are told apart.
    pub(crate) life: u64,
    /// The latest time each timer was armed for; a timer that fires at another time was cancelled or armed anew.
    pub(crate) timers: BTreeMap<Timeout, u64>,
    /// Values proposed so far: each is a new one, whatever is lost in a crash.
    pub(crate) proposed: u64,
    /// The latest decisions, to hand to members that are far behind.
    pub(crate) decided: BTreeMap<Height, Arc<(Bytes, CommitCertificate)>>,
    /// The last executed height.
    pub(crate) executed: Height,
    /// What the core has been given, where its member is honest.
    pub(crate) watch: Watch,
    /// What the trace last said of the node.
    pub(crate) shown: (u64, u32),
}

/// What survives a loss of power.
pub(crate) struct Disk {
    /// Records since the origin, all flushed.
    pub(crate) records: Vec<LogRecord>,
    /// Where the log begins.
    pub(crate) origin: Origin,
    /// Writes over the node's whole life.
    pub(crate) writes: u64,
}

impl Disk {
    /// Adds what survives of a write, and says how many records that is. A torn record does not read: the log ends before it.
    pub(crate) fn append(&mut self, records: Vec<LogRecord>, survives: Survives) -> usize {
        self.writes += 1;
        let count = match survives {
            Survives::Nothing | Survives::Torn => 0,
            Survives::Half => records.len() / 2,
            Survives::All => records.len(),
        };
        self.records.extend(records.into_iter().take(count));
        count
    }
}

impl Host {
    /// A node at the beginning of the chain.
    pub(crate) fn new(world: &World, member: usize, twin: Option<usize>) -> Self {
        let adversary =
            world.behaviours[member].map(|behaviour| Adversary::new(behaviour, member, world.schedule.seed));
        Self {
            member,
            twin,
            core: None,
            disk: Disk { records: Vec::new(), origin: world.eras[0].set.clone().into(), writes: 0 },
            adversary,
            life: 0,
            timers: BTreeMap::new(),
            proposed: 0,
            decided: BTreeMap::new(),
            executed: Height(0),
            watch: Watch::default(),
            shown: (0, u32::MAX),
        }
    }

    /// Starts the core from what is on the disk.
    pub(crate) fn boot(&mut self, world: &World, config: &Config) -> Result<(), ConsensusError> {
        self.life += 1;
        self.timers.clear();
        self.watch.restart();
        self.shown = (0, u32::MAX);
        let signer = Some(Arc::clone(&world.signers[self.member]));
        let origin = self.disk.origin.clone();
        let core = if self.disk.records.is_empty() {
            ByzantineConsensus::new(config.clone(), origin, signer)?
        } else {
            ByzantineConsensus::restore(config.clone(), origin, signer, self.disk.records.iter().cloned())?
        };
        self.core = Some(core);
        Ok(())
    }

    /// Power is gone.
    pub(crate) fn fail(&mut self) {
        self.core = None;
        self.timers.clear();
    }

    /// Whether the twin, if this is one, is heard by and hears another member.
    pub(crate) fn reaches(&self, other: usize) -> bool {
        self.twin.is_none_or(|twin| other % 2 == twin)
    }

    /// Notes that a height was executed, and makes a checkpoint now and then.
    pub(crate) fn checkpoint(&mut self, height: Height) {
        self.executed = self.executed.max(height);
        while self.decided.len() > KEPT_DECISIONS {
            self.decided.pop_first();
        }
        if height.0.is_multiple_of(CHECKPOINT)
            && let Some(core) = &self.core
        {
            self.disk.origin = core.origin();
            self.disk.records.retain(|record| record.height() > height);
        }
    }
}

/// How many decisions a node keeps for others.
const KEPT_DECISIONS: usize = 64;
