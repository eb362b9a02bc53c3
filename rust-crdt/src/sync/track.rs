//! What is going on about one state, and how that is put into messages.

use std::collections::VecDeque;

use super::message::{Ask, Digest, Have, Item, Outgoing};
use super::replica::{Replica, Summary, ids_of};
use super::sketch::{Cell, Salt, Sketch, key_of};
use crate::state::Kind;

/// The most retries to let pass, see [`Track::patience`].
const MAX_PATIENCE: u32 = 1 << 12;

/// What is going on about one name.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) have: Due,
    pub(super) ask: Option<Ask>,
    pub(super) pieces: VecDeque<Vec<u8>>,
    pub(super) cells: Option<(usize, usize)>,
    /// The revision of our state that the other side was told of.
    pub(super) told: Option<u64>,
    /// What the other side said last, and whether that is what we have.
    pub(super) theirs: Option<Have>,
    pub(super) equal_at: Option<u64>,
    /// The other side's digest at which a delta was rejected: asking again is useless until it changes, or what
    /// was not rejected has changed the state here.
    pub(super) stuck_at: Option<Digest>,
    /// How many retries to let pass before asking again nevertheless, since what was not rejected may have got lost; and
    /// how many the next time.
    pub(super) patience: (u32, u32),
    /// When to ask again if nothing comes back about this name.
    pub(super) retry_at_ms: u64,
    /// The digests of both sides when something was last done about them: the same again means that it did not help, or
    /// is still under way.
    pub(super) tried: Option<(Digest, Digest)>,
    pub(super) serving: Option<(u64, Sketch)>,
    pub(super) fetching: Option<Fetching>,
}

/// Whether what we have is to be said.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Due {
    #[default]
    No,
    /// Once, without an answer.
    Statement,
    /// Until there is an answer.
    Question,
}

/// A sketch of the other side's that is coming in.
#[derive(Debug)]
pub(super) struct Fetching {
    pub(super) digest: Digest,
    pub(super) salt: Salt,
    pub(super) cells: Vec<Cell>,
    pub(super) ours: Option<(u64, Sketch)>,
}

impl Track {
    /// Appends what is to be said about this name, as far as there is room: questions and cells, then pieces, then what
    /// we have, so that the other side compares after it has merged.
    pub(super) fn speak(
        &mut self,
        name: &str,
        kind: Kind,
        replica: &mut Replica,
        salt: Salt,
        limit: usize,
        out: &mut Outgoing,
    ) {
        if let Some(ask) = &self.ask {
            if !out.put(&Item::Ask { name, kind, ask: ask.clone() }) {
                return;
            }
            self.ask = None;
        }
        if let Some((from, to)) = self.cells {
            if !self.speak_cells(name, kind, replica, salt, (from, to.min(from + limit / 64)), out) {
                return;
            }
            self.cells = None;
        }
        while let Some(piece) = self.pieces.front() {
            if !out.put(&Item::Delta { name, kind, bytes: piece }) {
                return;
            }
            self.pieces.pop_front();
        }
        // Without room for it, it stays due.
        let _ = self.speak_have(name, kind, replica, out);
    }

    /// Says what we have if that is due; false when there is no room.
    fn speak_have(&mut self, name: &str, kind: Kind, replica: &mut Replica, out: &mut Outgoing) -> bool {
        if self.have > Due::No
            && let Some(Summary { digest, parts, context }) = replica.summary(name).cloned()
        {
            let is_question = self.have == Due::Question;
            if !out.put(&Item::Have { name, kind, is_question, have: Have { digest, parts, context } }) {
                return false;
            }
            self.have = Due::No;
            self.told = replica.revision(name);
        }
        true
    }

    /// Whether nothing new can come of asking, as far as is known: what was rejected is all that the other side has more.
    pub(super) fn is_stuck(&self, ours: &Digest, theirs: &Digest) -> bool {
        self.stuck_at == Some(*theirs) && self.tried.is_none_or(|(before, _)| before == *ours)
    }

    /// Something was rejected for good.
    pub(super) fn get_stuck(&mut self) {
        let digest = self.theirs.as_ref().map(|have| have.digest);
        if digest.is_some() && self.stuck_at != digest {
            let wait = self.patience.1.max(4);
            let is_again = self.stuck_at.is_none();
            self.patience = (wait, if is_again { (wait * 2).min(MAX_PATIENCE) } else { wait });
            self.stuck_at = digest;
        }
    }

    /// It is time to ask again, unless that was useless before: then after twice as many times each time.
    pub(super) fn retry(&mut self) {
        match (self.stuck_at, self.patience.0) {
            (Some(_), 1..) => self.patience.0 -= 1,
            _ => (self.stuck_at, self.tried) = (None, None),
        }
    }

    /// What we have is to be said, if so, or asked about.
    pub(super) fn say(&mut self, so: bool, is_question: bool) {
        if so {
            self.have = self.have.max(if is_question { Due::Question } else { Due::Statement });
        }
    }

    /// Says these cells; false when there is no room.
    fn speak_cells(
        &mut self,
        name: &str,
        kind: Kind,
        replica: &mut Replica,
        salt: Salt,
        (from, to): (usize, usize),
        out: &mut Outgoing,
    ) -> bool {
        let Some(digest) = replica.digest(name) else { return true };
        let (Some(state), Some(revision)) = (replica.get(name), replica.revision(name)) else { return true };
        if self.serving.as_ref().is_none_or(|(made, _)| *made != revision) {
            self.serving = Some((revision, Sketch::new(&salt, ids_of(state, &key_of(&salt)))));
        }
        // What they are of is said first, with its context.
        if !self.speak_have(name, kind, replica, out) {
            return false;
        }
        let Some((_, sketch)) = &mut self.serving else { return true };
        let cells = sketch.cells(to)[from..].to_vec();
        out.put(&Item::Cells { name, kind, salt, digest, from, cells })
    }
}
