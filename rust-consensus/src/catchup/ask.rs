//! Whom to ask for what.

use alloc::vec::Vec;

use super::{Asked, CatchUp, CatchUpEffect, MAX_OPEN_RANGES, What};
use crate::id::{Height, PeerId};
use crate::transfer::{Claim, MAX_RANGE, Request};

/// Most requests to one peer at once.
const MAX_PER_PEER: usize = 2;
/// After so many failures without a success a peer is asked only when nobody better is there.
const MAX_STRIKES: u32 = 3;

/// How far beyond the next height decisions are asked for.
const MAX_LOOKAHEAD: u64 = MAX_OPEN_RANGES as u64 * MAX_RANGE as u64;

impl CatchUp {
    /// Sends the requests there is room for.
    pub(super) fn ask(&mut self, effects: &mut Vec<CatchUpEffect>) {
        if self.transfer.is_some() {
            self.ask_chunks(effects);
            return;
        }
        let mut from = self.next;
        loop {
            let ranges =
                self.requests.values().filter(|asked| matches!(asked.what, What::Range { .. })).count();
            if ranges + self.answers.len() >= MAX_OPEN_RANGES {
                return;
            }
            let Some((gap, count)) = self.gap(from) else { break };
            let Some(peer) = self.choose(|claim| claim.oldest <= gap && gap <= claim.decided) else { break };
            let claimed = self.peers.get(&peer).map_or(gap, |peer| peer.claim.decided);
            let most = claimed.0.saturating_sub(gap.0).saturating_add(1);
            let count = u32::try_from(most).unwrap_or(u32::MAX).min(count);
            self.send(peer, What::Range { from: gap, count }, effects);
            from = gap.plus(u64::from(count));
        }
        self.ask_checkpoint(effects);
    }

    /// The first stretch of heights from `from` on that nobody was asked for and no answer has.
    fn gap(&self, from: Height) -> Option<(Height, u32)> {
        let highest = self.peers.values().map(|peer| peer.claim.decided).max()?;
        let mut taken: Vec<(u64, u64)> = self
            .requests
            .values()
            .filter_map(|asked| match asked.what {
                What::Range { from, count } => Some((from.0, from.0.saturating_add(count.into()))),
                _ => None,
            })
            .chain(self.answers.iter().map(|(from, answer)| (from.0, from.0 + answer.items.len() as u64)))
            .collect();
        taken.sort_unstable();
        let mut start = from.0;
        for (from, until) in &taken {
            if *from > start {
                break;
            }
            start = start.max(*until);
        }
        if start > highest.0 || start > self.next.0.saturating_add(MAX_LOOKAHEAD) {
            return None;
        }
        let until = taken.iter().map(|(from, _)| *from).find(|from| *from > start).unwrap_or(u64::MAX);
        let count = (until - start).min(u64::from(self.config.range));
        Some((Height(start), u32::try_from(count).unwrap_or(u32::MAX)))
    }

    /// Where nobody has the next decision any more, somebody's checkpoint.
    fn ask_checkpoint(&mut self, effects: &mut Vec<CatchUpEffect>) {
        let next = self.next;
        let is_kept = self.peers.values().any(|peer| peer.claim.oldest <= next && next <= peer.claim.decided);
        let is_asked = !self.requests.is_empty() || !self.answers.is_empty();
        if is_kept || is_asked || self.is_stuck {
            return;
        }
        if let Some(peer) = self.choose(|claim| claim.checkpoint >= next) {
            self.send(peer, What::Manifest, effects);
        }
    }

    fn ask_chunks(&mut self, effects: &mut Vec<CatchUpEffect>) {
        loop {
            let Some(transfer) = &mut self.transfer else { return };
            let height = transfer.manifest.height();
            let Some(index) = transfer.missing.pop() else { return };
            let open = self.requests.len();
            let peer =
                if open < MAX_OPEN_RANGES { self.choose(|claim| claim.checkpoint == height) } else { None };
            match peer {
                Some(peer) => self.send(peer, What::Chunk { index }, effects),
                None => {
                    if let Some(transfer) = &mut self.transfer {
                        transfer.missing.push(index);
                    }
                    let is_lost =
                        open == 0 && !self.peers.values().any(|peer| peer.claim.checkpoint == height);
                    if is_lost {
                        // Everybody has gone on to a later one.
                        self.drop_transfer();
                        self.ask_checkpoint(effects);
                    }
                    return;
                }
            }
        }
    }

    /// The best peer whose claim fits and that has room: fewest strikes, then fewest open requests, then by turns.
    fn choose(&mut self, fits: impl Fn(&Claim) -> bool) -> Option<PeerId> {
        let able: Vec<(u32, usize, PeerId)> = self
            .peers
            .iter()
            .filter(|(_, peer)| fits(&peer.claim) && peer.open < MAX_PER_PEER)
            .map(|(id, peer)| (peer.strikes.min(MAX_STRIKES), peer.open, *id))
            .collect();
        let best = able.iter().map(|(strikes, open, _)| (*strikes, *open)).min()?;
        // While a better one is only busy, a bad one is not asked instead.
        let is_better_busy = best.0 == MAX_STRIKES
            && self
                .peers
                .values()
                .any(|peer| fits(&peer.claim) && peer.strikes < MAX_STRIKES && peer.open > 0);
        if is_better_busy {
            return None;
        }
        let tied: Vec<PeerId> =
            able.iter().filter(|able| (able.0, able.1) == best).map(|able| able.2).collect();
        self.turn = self.turn.wrapping_add(1);
        let index = usize::try_from(self.turn % tied.len() as u64).unwrap_or(0);
        tied.get(index).copied()
    }

    fn send(&mut self, peer: PeerId, what: What, effects: &mut Vec<CatchUpEffect>) {
        let request = self.next_request;
        self.next_request += 1;
        let message = match (what, &self.transfer) {
            (What::Range { from, count }, _) => Request::Range { request, from, count },
            (What::Chunk { index }, Some(transfer)) => {
                Request::Chunk { request, height: transfer.manifest.height(), index }
            }
            _ => Request::Manifest { request },
        };
        if let Some(known) = self.peers.get_mut(&peer) {
            known.open += 1;
        }
        self.requests.insert(request, Asked { peer, what });
        effects.push(CatchUpEffect::Send { peer, bytes: message.to_bytes() });
        effects.push(CatchUpEffect::Deadline { request, after: self.config.deadline });
    }
}
