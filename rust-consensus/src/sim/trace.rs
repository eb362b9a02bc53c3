//! What happened in a run, as events; and the one hash over them that must be the same natively, in WebAssembly and in Python.

use chrysalis_crypto::hash::{HashAlgorithm, IncrementalHasher};

/// Something that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// When, in microseconds of simulated time.
    pub at_us: u64,
    /// To whom.
    pub member: usize,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// A message left, or would have: `arrives_us` holds the times of its arrivals, none where it was lost.
    Sent {
        /// To whom.
        to: usize,
        /// The first eight bytes of the hash of its bytes.
        message: u64,
        /// What it was, in a few letters: `proposal`, `prevote`, `precommit` and so on.
        kind: &'static str,
        /// When it arrives; twice where it was doubled.
        arrives_us: Vec<u64>,
    },
    /// A message arrived.
    Received {
        /// From whom.
        from: usize,
        /// The first eight bytes of the hash of its bytes.
        message: u64,
    },
    /// A timeout fired.
    TimedOut {
        /// The height it was for.
        height: u64,
        /// The round it was for.
        round: u32,
        /// Which of the three, or that of reports.
        step: &'static str,
    },
    /// Records reached the log, or part of them in a crash.
    Logged {
        /// How many records.
        records: u32,
    },
    /// A new round began.
    Round {
        /// The height.
        height: u64,
        /// The round.
        round: u32,
    },
    /// A value was locked.
    Locked {
        /// The height.
        height: u64,
        /// The round.
        round: u32,
    },
    /// A value was decided.
    Decided {
        /// The height.
        height: u64,
        /// The round of the certificate.
        round: u32,
        /// The first eight bytes of the value's digest.
        digest: u64,
    },
    /// Evidence against a member was found.
    Evidence {
        /// Against whom.
        against: usize,
        /// The height of the two messages.
        height: u64,
        /// The round of the two messages.
        round: u32,
    },
    /// A peer was punished.
    Punished {
        /// Who.
        peer: usize,
    },
    /// Power was lost.
    Crashed,
    /// Power is back, and the log was read.
    Restarted,
}

/// The events of a run, kept only where someone wants to see them, and their hash.
#[derive(Debug)]
pub(crate) struct Trace {
    hasher: IncrementalHasher,
    /// Encoded events that the hasher has not seen: hashing few bytes at a time is slow.
    pending: Vec<u8>,
    events: Option<Vec<Event>>,
    count: u64,
}

/// Events that a recorded trace keeps; later ones are hashed and not kept.
const MAX_EVENTS: usize = 1 << 20;
/// Bytes that are hashed at once.
const CHUNK: usize = 8 << 10;

impl Trace {
    /// An empty trace. `is_recorded` keeps the events.
    pub(crate) fn new(is_recorded: bool) -> Self {
        let mut trace = Self {
            hasher: IncrementalHasher::new(HashAlgorithm::Blake3),
            pending: Vec::with_capacity(CHUNK + 256),
            events: is_recorded.then(Vec::new),
            count: 0,
        };
        trace.pending.extend_from_slice(b"chrysalis simulation trace v1\n");
        trace
    }

    /// Adds an event.
    pub(crate) fn add(&mut self, at_us: u64, member: usize, what: What) {
        self.count += 1;
        self.put(at_us);
        self.put(member as u64);
        self.put_what(&what);
        if self.pending.len() >= CHUNK {
            self.flush();
        }
        if let Some(events) = &mut self.events
            && events.len() < MAX_EVENTS
        {
            events.push(Event { at_us, member, what });
        }
    }

    /// How many events there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The events so far, where they are kept.
    pub(crate) fn events(&self) -> &[Event] {
        self.events.as_deref().unwrap_or_default()
    }

    /// BLAKE3 over the encoded events so far.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hasher = self.hasher.clone();
        let sum = hasher
            .update(&self.pending)
            .and_then(|()| hasher.finalize())
            .expect("the hasher is not finalised");
        sum.try_into().expect("BLAKE3 gives 32 bytes")
    }

    fn flush(&mut self) {
        self.hasher.update(&self.pending).expect("the hasher is not finalised");
        self.pending.clear();
    }

    fn put(&mut self, number: u64) {
        self.pending.extend_from_slice(&number.to_le_bytes());
    }

    /// A tag, then every field as eight little-endian bytes; lists and names after their length.
    fn put_what(&mut self, what: &What) {
        match what {
            What::Sent { to, message, kind, arrives_us } => {
                self.put(0);
                self.put(*to as u64);
                self.put(*message);
                self.put_name(kind);
                self.put(arrives_us.len() as u64);
                arrives_us.iter().for_each(|time| self.put(*time));
            }
            What::Received { from, message } => self.put_all(&[1, *from as u64, *message]),
            What::TimedOut { height, round, step } => {
                self.put_all(&[2, *height, u64::from(*round)]);
                self.put_name(step);
            }
            What::Logged { records } => self.put_all(&[3, u64::from(*records)]),
            What::Round { height, round } => self.put_all(&[4, *height, u64::from(*round)]),
            What::Locked { height, round } => self.put_all(&[5, *height, u64::from(*round)]),
            What::Decided { height, round, digest } => {
                self.put_all(&[6, *height, u64::from(*round), *digest])
            }
            What::Evidence { against, height, round } => {
                self.put_all(&[7, *against as u64, *height, u64::from(*round)]);
            }
            What::Punished { peer } => self.put_all(&[8, *peer as u64]),
            What::Crashed => self.put(9),
            What::Restarted => self.put(10),
        }
    }

    fn put_all(&mut self, numbers: &[u64]) {
        numbers.iter().for_each(|number| self.put(*number));
    }

    fn put_name(&mut self, name: &str) {
        self.put(name.len() as u64);
        self.pending.extend_from_slice(name.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_tells_traces_apart_and_does_not_depend_on_recording() {
        let hash = |is_recorded, at: u64| {
            let mut trace = Trace::new(is_recorded);
            for i in 0..2_000 {
                trace.add(i, 1, What::Received { from: 2, message: 3 });
            }
            trace.add(at, 1, What::Crashed);
            assert_eq!(trace.count(), 2_001);
            assert_eq!(trace.events().len(), if is_recorded { 2_001 } else { 0 });
            trace.hash()
        };
        assert_eq!(hash(true, 5), hash(false, 5));
        assert_ne!(hash(true, 5), hash(true, 6));
    }
}
