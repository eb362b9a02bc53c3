//! Requests and answers between members, over a network that carries single messages and may lose any.

use std::collections::BTreeMap;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::hash;
use openraft::error::{Fatal, RPCError, RaftError, ReplicationClosed, StreamingError};
use openraft::network::RPCOption;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};
use openraft::{AsyncRuntime, EmptyNode, RaftNetwork, RaftNetworkFactory, Snapshot};
use tokio::sync::oneshot;

use super::message::{Body, CHUNK_BYTES, Chunk, RaftMessage};
use super::runtime::Runtime;
use super::types::{Member, Turn, Types, Vote};
use crate::engine::EngineEffect;
use crate::id::{ChainId, PeerId};

/// Sends messages, and knows which answers are waited for.
#[derive(Clone)]
pub(super) struct Office(Arc<Mutex<Desk>>);

struct Desk {
    chain: ChainId,
    key: Arc<SigningKey>,
    /// The last request made.
    last: Turn,
    /// Over which connection a member was heard last. A guess: what is sent there and not answered goes to all next time.
    peers: BTreeMap<Member, PeerId>,
    waiting: BTreeMap<Turn, (Member, oneshot::Sender<Body>)>,
    out: Vec<EngineEffect>,
    /// How long a member has for an answer to a chunk.
    deadline: Duration,
}

impl Office {
    /// `life` is counted up whenever the member starts, so that no answer to a request of an earlier life is taken for one
    /// to a later request.
    pub(super) fn new(chain: ChainId, key: Arc<SigningKey>, life: u64, deadline: Duration) -> Self {
        Self(Arc::new(Mutex::new(Desk {
            chain,
            key,
            last: Turn { life, number: 0 },
            peers: BTreeMap::new(),
            waiting: BTreeMap::new(),
            out: Vec::new(),
            deadline,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be sent.
    pub(super) fn take_effects(&self) -> Vec<EngineEffect> {
        std::mem::take(&mut self.lock().out)
    }

    /// A member was heard over a connection.
    pub(super) fn hear(&self, member: Member, peer: PeerId) {
        self.lock().peers.insert(member, peer);
    }

    /// A connection is gone.
    pub(super) fn forget(&self, peer: PeerId) {
        self.lock().peers.retain(|_, known| *known != peer);
    }

    /// Answers a request.
    pub(super) fn answer(&self, to: Member, request: Turn, body: Body) {
        self.lock().send(to, request, body);
    }

    /// Sends what needs no answer.
    pub(super) fn tell(&self, to: Member, body: Body) {
        let mut desk = self.lock();
        let request = desk.next();
        desk.send(to, request, body);
    }

    /// Takes the answer to a request; nothing where nobody waits for it any more.
    pub(super) fn deliver(&self, from: Member, request: Turn, body: Body) {
        let mut desk = self.lock();
        if desk.waiting.get(&request).is_some_and(|(asked, _)| *asked == from)
            && let Some((_, sender)) = desk.waiting.remove(&request)
        {
            // The one who asked may have gone in the same moment.
            let _ = sender.send(body);
        }
    }

    fn ask(&self, to: Member, body: Body) -> Asked {
        let (sender, receiver) = oneshot::channel();
        let mut desk = self.lock();
        let request = desk.next();
        desk.waiting.insert(request, (to, sender));
        desk.send(to, request, body);
        Asked { office: self.clone(), to, request, receiver }
    }
}

impl Desk {
    fn next(&mut self) -> Turn {
        self.last.number += 1;
        self.last
    }

    fn send(&mut self, to: Member, request: Turn, body: Body) {
        let bytes = RaftMessage::sign(&self.chain, &self.key, to, request, body).to_bytes().into();
        self.out.push(match self.peers.get(&to) {
            Some(peer) => EngineEffect::Send { to: *peer, bytes },
            None => EngineEffect::Broadcast(bytes),
        });
    }
}

/// An answer to come, or never.
struct Asked {
    office: Office,
    to: Member,
    request: Turn,
    receiver: oneshot::Receiver<Body>,
}

impl Future for Asked {
    type Output = Body;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Body> {
        match Pin::new(&mut self.receiver).poll(context) {
            Poll::Ready(Ok(body)) => Poll::Ready(body),
            _ => Poll::Pending,
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let mut desk = self.office.lock();
        if desk.waiting.remove(&self.request).is_some() {
            desk.peers.remove(&self.to);
        }
    }
}

/// The way to one member.
pub(super) struct Line {
    office: Office,
    to: Member,
}

impl RaftNetworkFactory<Types> for Office {
    type Network = Line;

    async fn new_client(&mut self, target: Member, _: &EmptyNode) -> Line {
        Line { office: self.clone(), to: target }
    }
}

type Answer<R> = Result<R, RPCError<Member, EmptyNode, RaftError<Member>>>;

// The library limits the time that each of its requests takes. What is not answered waits for that: an error at once would
// have it try again at once, for ever.
impl RaftNetwork<Types> for Line {
    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<Types>,
        _: RPCOption,
    ) -> Answer<AppendEntriesResponse<Member>> {
        match self.office.ask(self.to, Body::Append(rpc)).await {
            Body::Appended(answer) => Ok(answer),
            _ => pending().await,
        }
    }

    async fn vote(&mut self, rpc: VoteRequest<Member>, _: RPCOption) -> Answer<VoteResponse<Member>> {
        match self.office.ask(self.to, Body::Vote(rpc)).await {
            Body::Voted(answer) => Ok(answer),
            _ => pending().await,
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot<Types>,
        cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<Member>, StreamingError<Types, Fatal<Member>>> {
        let deadline = self.office.lock().deadline;
        let bytes = *snapshot.snapshot;
        let digest = digest(&bytes);
        let mut cancel = pin!(cancel);
        let mut offset = 0usize;
        loop {
            let end = bytes.len().min(offset + CHUNK_BYTES);
            let chunk = Chunk {
                vote,
                digest,
                total: bytes.len() as u64,
                offset: offset as u64,
                bytes: bytes[offset..end].to_vec(),
            };
            let mut asked = Runtime::timeout(deadline, self.office.ask(self.to, Body::Chunk(chunk)));
            let answer = poll_fn(|context| {
                if let Poll::Ready(closed) = cancel.as_mut().poll(context) {
                    return Poll::Ready(Err(closed));
                }
                Pin::new(&mut asked).poll(context).map(Ok)
            });
            match answer.await? {
                Ok(Body::Installed(vote)) => return Ok(SnapshotResponse::new(vote)),
                // The other one says where it is; behind the end there is nothing but the beginning.
                Ok(Body::Taken(next)) => {
                    offset = usize::try_from(next).ok().filter(|next| *next < bytes.len()).unwrap_or(0);
                }
                // Once more.
                Ok(_) | Err(_) => {}
            }
        }
    }
}

/// A snapshot on its way here.
pub(super) struct Assembly {
    from: Member,
    digest: [u8; 32],
    total: u64,
    bytes: Vec<u8>,
}

/// What became of a chunk.
pub(super) enum Taken {
    /// The byte that is wanted next.
    Next(u64),
    /// All is there, and is what was announced.
    Whole(Arc<[u8]>),
    /// More than there may be.
    TooLarge,
}

impl Assembly {
    /// Takes a chunk. There is one snapshot on its way at a time, the one begun last; memory grows with what has come.
    pub(super) fn take(assembly: &mut Option<Self>, from: Member, chunk: &Chunk, max_bytes: usize) -> Taken {
        let Chunk { digest: announced, total, offset, bytes, .. } = chunk;
        if usize::try_from(*total).map_or(true, |total| total > max_bytes) {
            return Taken::TooLarge;
        }
        let fits = |known: &Self| (known.from, known.digest, known.total) == (from, *announced, *total);
        if !assembly.as_ref().is_some_and(fits) {
            *assembly = Some(Self { from, digest: *announced, total: *total, bytes: Vec::new() });
        }
        let Some(known) = assembly else { return Taken::Next(0) };
        if known.bytes.len() as u64 == *offset {
            known.bytes.extend_from_slice(bytes);
        }
        let length = known.bytes.len() as u64;
        if length < *total {
            return Taken::Next(length);
        }
        match assembly.take() {
            Some(known) if digest(&known.bytes) == known.digest => Taken::Whole(known.bytes.into()),
            _ => Taken::Next(0),
        }
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    hash::blake3_derive_key("chrysalis raft v1 snapshot digest", bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_comes_together_whatever_comes_in_between() {
        let state: Vec<u8> = (0..100u8).collect();
        let (ours, other) = (Member([1; 32]), Member([2; 32]));
        let chunk = |offset: usize, end: usize| Chunk {
            vote: Vote::default(),
            digest: digest(&state),
            total: 100,
            offset: offset as u64,
            bytes: state[offset..end].to_vec(),
        };
        let mut assembly = None;
        let mut take = |from, chunk: &Chunk| Assembly::take(&mut assembly, from, chunk, 100);
        assert!(matches!(take(ours, &chunk(0, 40)), Taken::Next(40)));
        // Twice, ahead, and of another.
        assert!(matches!(take(ours, &chunk(0, 40)), Taken::Next(40)));
        assert!(matches!(take(ours, &chunk(60, 100)), Taken::Next(40)));
        assert!(matches!(take(other, &chunk(60, 100)), Taken::Next(0)));
        assert!(matches!(take(ours, &chunk(40, 100)), Taken::Next(0)));
        assert!(matches!(take(ours, &chunk(0, 100)), Taken::Whole(bytes) if *bytes == state[..]));
        // Other bytes than were announced, and more than there may be.
        let lie = Chunk { bytes: vec![0; 100], ..chunk(0, 100) };
        assert!(matches!(take(ours, &lie), Taken::Next(0)));
        let large = Chunk { total: 101, ..chunk(0, 100) };
        assert!(matches!(take(ours, &large), Taken::TooLarge));
    }
}
