use alloc::collections::BTreeSet;
use std::sync::LazyLock;

use chrysalis_crypto::ed25519::SigningKey;

use super::*;
use crate::certificate::CommitCertificate;
use crate::checkpoint::{CHUNK_BYTES, Checkpoint, CheckpointVote};
use crate::id::{ChainId, Epoch, NodeId, Round};
use crate::message::MAX_MESSAGE_BYTES;
use crate::transfer::{Archive, Request, serve};
use crate::validator::Validator;
use crate::vote::{Vote, VoteKind};

fn chain() -> ChainId {
    ChainId::new("test").unwrap()
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

fn set(epoch: u64) -> ValidatorSet {
    let validator = |n| Validator {
        id: NodeId::new(&alloc::format!("n{n}")).unwrap(),
        key: key(n).public_key(),
        power: 1,
    };
    ValidatorSet::new(Epoch(epoch), (1..=4).map(validator).collect()).unwrap()
}

fn decision(height: u64, epoch: u64, size: usize) -> EncodedDecision {
    let mut value = alloc::format!("value {height}").into_bytes();
    value.resize(value.len().max(size), 7);
    let (digest, round) = (Digest::of(&value), Round(0));
    let signature = |n: u8| {
        let kind = VoteKind::Precommit;
        Vote::sign(&key(n), &chain(), Epoch(epoch), Height(height), round, kind, Some(digest), 0).signature
    };
    let votes: Vec<_> = (0..3u8).map(|n| (u16::from(n), signature(n + 1))).collect();
    let certificate = CommitCertificate::new(&set(epoch), Height(height), round, digest, &votes);
    EncodedDecision { certificate, value }
}

fn stable(manifest: &Manifest, epoch: u64) -> StableCheckpoint {
    let checkpoint = Checkpoint { epoch: Epoch(epoch), height: manifest.height(), state: manifest.digest() };
    let vote = |n: u8| CheckpointVote::sign(&chain(), &set(epoch), checkpoint, &key(n)).unwrap();
    let signatures = (1..=3).map(|n| (u16::from(n - 1), vote(n).signature)).collect();
    StableCheckpoint { checkpoint, signatures }
}

/// What a peer does with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Manner {
    Honest,
    /// Never answers.
    Silent,
    /// One decision per answer.
    Drips,
    /// A signature that does not hold.
    BadSignature,
    /// Another value than the certified one.
    BadValue,
    /// Decisions of other heights.
    OtherHeights,
    /// Bytes that mean nothing.
    Garbage,
    /// Has nothing of what it claims.
    Boasts,
    /// Chunks with a flipped bit.
    BadChunk,
    /// A checkpoint of its own making.
    BadCheckpoint,
}

struct World {
    decisions: Vec<EncodedDecision>,
    state: Vec<u8>,
    checkpoint: Option<(StableCheckpoint, Manifest)>,
    oldest: u64,
}

impl Archive for World {
    fn claim(&self) -> Claim {
        Claim {
            decided: Height(self.decisions.len() as u64),
            oldest: Height(self.oldest),
            checkpoint: self.checkpoint.as_ref().map_or(Height(0), |(_, manifest)| manifest.height()),
        }
    }

    fn decision(&self, height: Height) -> Option<EncodedDecision> {
        let index = usize::try_from(height.0.checked_sub(1)?).ok()?;
        if height.0 < self.oldest { None } else { self.decisions.get(index).cloned() }
    }

    fn checkpoint(&self) -> Option<(StableCheckpoint, Manifest)> {
        self.checkpoint.clone()
    }

    fn chunk(&self, height: Height, index: u32) -> Option<Vec<u8>> {
        let (_, manifest) = self.checkpoint.as_ref().filter(|(_, manifest)| manifest.height() == height)?;
        let start = index as usize * CHUNK_BYTES;
        Some(self.state[start..start + manifest.chunk_length(index)?].to_vec())
    }
}

fn world(heights: usize) -> World {
    static DECISIONS: LazyLock<Vec<EncodedDecision>> =
        LazyLock::new(|| (1..=1000).map(|height| decision(height, 0, 0)).collect());
    let decisions = DECISIONS[..heights].to_vec();
    World { decisions, state: Vec::new(), checkpoint: None, oldest: 1 }
}

fn answer(world: &World, manner: Manner, request: &[u8]) -> Option<Vec<u8>> {
    let honest = Response::from_bytes(&serve(world, request).unwrap()).unwrap();
    let changed = match (manner, honest) {
        (Manner::Silent, _) => return None,
        (Manner::Garbage, _) => return Some(vec![1, 2, 3]),
        (Manner::Boasts, honest) => Response::Unavailable { request: honest.request(), claim: world.claim() },
        (Manner::Drips, Response::Range { request, mut items }) => {
            items.truncate(1);
            Response::Range { request, items }
        }
        (Manner::BadSignature, Response::Range { request, mut items }) => {
            let last = items.len() - 1;
            let certificate = &items[last].certificate;
            let votes: Vec<_> = certificate.votes().map(|vote| (vote.validator, [9; 64])).collect();
            let (height, digest) = (certificate.height(), certificate.digest());
            items[last].certificate = CommitCertificate::new(&set(0), height, Round(0), digest, &votes);
            Response::Range { request, items }
        }
        (Manner::BadValue, Response::Range { request, mut items }) => {
            items[0].value.push(0);
            Response::Range { request, items }
        }
        (Manner::OtherHeights, Response::Range { request, mut items }) => {
            items.reverse();
            items.push(decision(5000, 0, 0));
            items.remove(0);
            Response::Range { request, items }
        }
        (Manner::BadChunk, Response::Chunk { request, mut bytes }) => {
            bytes[0] ^= 1;
            Response::Chunk { request, bytes }
        }
        (Manner::BadCheckpoint, Response::Manifest { request, checkpoint, manifest }) => {
            let manifest = Manifest { chunks: vec![[0; 32]; manifest.chunks.len()], ..manifest };
            let own = Checkpoint { state: manifest.digest(), ..checkpoint.checkpoint };
            let checkpoint = StableCheckpoint { checkpoint: own, ..checkpoint };
            Response::Manifest { request, checkpoint, manifest }
        }
        (_, honest) => honest,
    };
    Some(changed.to_bytes())
}

/// What came of a run.
struct Outcome {
    decided: Vec<Height>,
    punished: BTreeSet<PeerId>,
    chunks: BTreeMap<u32, Vec<u8>>,
    installed: Option<Origin>,
    /// In seconds: an answer takes 0.1, a deadline 5.
    elapsed: f64,
    requests: usize,
    machine: CatchUp,
}

/// Runs until nothing more happens. Answers come in the order of the requests, deadlines after 5 s.
fn run(world: &World, manners: &[Manner]) -> Outcome {
    let machine = CatchUp::new(CatchUpConfig::new(chain()), set(0).into()).unwrap();
    let mut outcome = Outcome {
        decided: Vec::new(),
        punished: BTreeSet::new(),
        chunks: BTreeMap::new(),
        installed: None,
        elapsed: 0.0,
        requests: 0,
        machine,
    };
    // Time in tenths of a second, and a number that keeps equal times in order.
    let mut events: BTreeMap<(u64, u64), CatchUpInput> = BTreeMap::new();
    let mut count = 0;
    let mut push = |events: &mut BTreeMap<_, _>, at: u64, input| {
        count += 1;
        events.insert((at, count), input);
    };
    for (peer, _) in manners.iter().enumerate() {
        push(&mut events, 0, CatchUpInput::Claim { peer: PeerId(peer as u64), claim: world.claim() });
    }
    let mut last_progress = 0;
    while let Some(((now, _), input)) = events.pop_first() {
        let effects = outcome.machine.handle(input);
        assert!(outcome.machine.answers.len() + outcome.machine.requests.len() <= MAX_OPEN_RANGES + 1);
        for effect in effects {
            match effect {
                CatchUpEffect::Send { peer, bytes } => {
                    outcome.requests += 1;
                    assert!(outcome.requests < 20_000, "endless");
                    assert!(!outcome.punished.contains(&peer), "asks whom it dropped");
                    let manner = manners[usize::try_from(peer.0).unwrap()];
                    if let Some(bytes) = answer(world, manner, &bytes) {
                        push(&mut events, now + 1, CatchUpInput::Response { peer, bytes });
                    }
                }
                CatchUpEffect::Deadline { request, after } => {
                    push(&mut events, now + after.as_secs() * 10, CatchUpInput::Deadline { request });
                }
                CatchUpEffect::Decide { height, value, certificate } => {
                    let certificate = certificate.into_certificate();
                    assert_eq!(certificate.height(), height);
                    assert_eq!(certificate.digest(), Digest::of(&value));
                    if height.0.is_multiple_of(50) {
                        certificate.verify(&chain(), &set(certificate.epoch().0)).unwrap();
                    }
                    outcome.decided.push(height);
                    last_progress = now;
                    let origin = Origin { height: height.next(), ..set(0).into() };
                    push(&mut events, now, CatchUpInput::Advanced { origin });
                }
                CatchUpEffect::Manifest { .. } => outcome.chunks.clear(),
                CatchUpEffect::Chunk { index, bytes } => {
                    outcome.chunks.insert(index, bytes);
                }
                CatchUpEffect::Install { origin, .. } => {
                    outcome.installed = Some(origin.clone());
                    last_progress = now;
                    push(&mut events, now, CatchUpInput::Advanced { origin });
                }
                CatchUpEffect::Punish { peer, .. } => {
                    outcome.punished.insert(peer);
                }
                CatchUpEffect::UnknownEpoch { .. } => {}
            }
        }
        outcome.elapsed = f64::from(u32::try_from(last_progress).unwrap()) / 10.0;
    }
    outcome
}

fn heights(outcome: &Outcome) -> Vec<u64> {
    outcome.decided.iter().map(|height| height.0).collect()
}

#[test]
fn r_14_a_member_1000_heights_behind_catches_up() {
    let world = world(1000);
    let outcome = run(&world, &[Manner::Honest; 4]);
    assert_eq!(heights(&outcome), (1..=1000).collect::<Vec<_>>());
    assert!(outcome.punished.is_empty() && !outcome.machine.is_busy());
    assert!(outcome.elapsed < 1.0, "{}", outcome.elapsed);
}

#[test]
fn r_14_liars_are_dropped_and_what_they_sent_is_fetched_elsewhere() {
    let world = world(300);
    for manner in
        [Manner::BadSignature, Manner::BadValue, Manner::OtherHeights, Manner::Garbage, Manner::Boasts]
    {
        for liars in [1, 3] {
            let mut manners = vec![manner; liars];
            manners.push(Manner::Honest);
            let outcome = run(&world, &manners);
            assert_eq!(heights(&outcome), (1..=300).collect::<Vec<_>>(), "{manner:?}");
            let liars: BTreeSet<_> = (0..liars as u64).map(PeerId).collect();
            assert_eq!(outcome.punished, liars, "{manner:?}");
        }
    }
}

#[test]
fn r_14_peers_that_stall_or_drip_do_not_stop_it() {
    let world = world(1000);
    let silent = [Manner::Silent, Manner::Silent, Manner::Silent, Manner::Honest];
    let outcome = run(&world, &silent);
    assert_eq!(heights(&outcome), (1..=1000).collect::<Vec<_>>());
    assert!(outcome.punished.is_empty());
    assert!(outcome.elapsed < 30.0, "{}", outcome.elapsed);
    let dripping = [Manner::Drips, Manner::Drips, Manner::Honest];
    let outcome = run(&world, &dripping);
    assert_eq!(heights(&outcome), (1..=1000).collect::<Vec<_>>());
    assert!(outcome.elapsed < 10.0, "{}", outcome.elapsed);
    // Dripping alone is slow, not a dead end.
    let world = World { decisions: world.decisions[..40].to_vec(), ..world };
    assert_eq!(run(&world, &[Manner::Drips]).decided.len(), 40);
    let none = run(&world, &[Manner::BadValue, Manner::BadSignature]);
    assert_eq!((none.decided.len(), none.punished.len()), (39, 2), "all but the forged one");
}

#[test]
fn a_full_message_is_no_drip() {
    let decisions = (1..=20).map(|height| decision(height, 0, 300 << 10)).collect();
    let world = World { decisions, ..world(0) };
    let outcome = run(&world, &[Manner::Honest; 2]);
    assert_eq!(outcome.decided.len(), 20);
    assert!(outcome.machine.peers.values().all(|peer| peer.strikes == 0));
    let request = Request::Range { request: 1, from: Height(1), count: 20 }.to_bytes();
    let bytes = serve(&world, &request).unwrap();
    assert!(bytes.len() <= MAX_MESSAGE_BYTES && bytes.len() > MAX_MESSAGE_BYTES / 2);
}

fn transfer_world(chunks: usize) -> World {
    let mut world = world(30);
    world.oldest = 25;
    world.state = (0..chunks * CHUNK_BYTES - 1000).map(|n| n.to_le_bytes()[0]).collect();
    let origin = Origin { height: Height(21), ..set(0).into() };
    let manifest = Manifest::of(origin, &world.state).unwrap();
    world.checkpoint = Some((stable(&manifest, 0), manifest));
    world
}

#[test]
fn r_14_beyond_the_retained_log_a_checkpoint_is_fetched_in_chunks() {
    let mut world = transfer_world(9);
    world.oldest = 21;
    let outcome = run(&world, &[Manner::BadCheckpoint, Manner::BadChunk, Manner::Silent, Manner::Honest]);
    assert_eq!(outcome.installed.as_ref().map(|origin| origin.height), Some(Height(21)));
    assert_eq!(outcome.chunks.into_values().flatten().collect::<Vec<_>>(), world.state);
    assert_eq!(
        outcome.decided.iter().map(|height| height.0).collect::<Vec<_>>(),
        (21..=30).collect::<Vec<_>>()
    );
    assert!(outcome.punished.is_subset(&[PeerId(0), PeerId(1)].into()), "{:?}", outcome.punished);
    // An empty state has no chunks.
    let manifest = Manifest::of(Origin { height: Height(21), ..set(0).into() }, &[]).unwrap();
    world.checkpoint = Some((stable(&manifest, 0), manifest));
    assert_eq!(run(&world, &[Manner::Honest]).decided.len(), 10);
}

#[test]
fn a_checkpoint_of_an_unknown_epoch_is_reported_and_not_asked_for_again() {
    let mut world = transfer_world(1);
    let origin = Origin { height: Height(21), ..set(3).into() };
    let manifest = Manifest::of(origin, &world.state).unwrap();
    world.checkpoint = Some((stable(&manifest, 3), manifest));
    let outcome = run(&world, &[Manner::Honest; 2]);
    assert!(outcome.punished.is_empty() && outcome.installed.is_none());
    assert!(outcome.requests <= 2, "{}", outcome.requests);
}

#[test]
fn a_checkpoint_of_a_trusted_epoch_is_installed() {
    let mut world = transfer_world(1);
    let manifest = Manifest::of(Origin { height: Height(21), ..set(3).into() }, &world.state).unwrap();
    world.checkpoint = Some((stable(&manifest, 3), manifest));
    let mut machine = CatchUp::new(CatchUpConfig::new(chain()), set(0).into()).unwrap();
    let mut inputs = VecDeque::from([CatchUpInput::Claim { peer: PeerId(1), claim: world.claim() }]);
    let mut installed = Vec::new();
    for trusted in [set(2), set(3)] {
        while let Some(input) = inputs.pop_front() {
            for effect in machine.handle(input) {
                match effect {
                    CatchUpEffect::Send { peer, bytes } => {
                        inputs.push_back(CatchUpInput::Response {
                            peer,
                            bytes: serve(&world, &bytes).unwrap(),
                        });
                    }
                    CatchUpEffect::UnknownEpoch { epoch } => assert_eq!(epoch, Epoch(3)),
                    CatchUpEffect::Install { origin, .. } => installed.push(origin.height),
                    CatchUpEffect::Punish { .. } => panic!("nobody lied"),
                    _ => {}
                }
            }
        }
        assert!(installed.is_empty());
        inputs.push_back(CatchUpInput::Trust(trusted));
    }
    while let Some(input) = inputs.pop_front() {
        for effect in machine.handle(input) {
            match effect {
                CatchUpEffect::Send { peer, bytes } => {
                    inputs.push_back(CatchUpInput::Response { peer, bytes: serve(&world, &bytes).unwrap() });
                }
                CatchUpEffect::Install { origin, .. } => installed.push(origin.height),
                _ => {}
            }
        }
    }
    assert_eq!(installed, [Height(21)]);
}

#[test]
fn r_15_a_change_of_validators_is_waited_for_and_not_taken_from_a_peer() {
    let mut world = world(10);
    world.decisions.extend((11..=20).map(|height| decision(height, 1, 0)));
    let mut machine = CatchUp::new(CatchUpConfig::new(chain()), set(0).into()).unwrap();
    let mut decided = Vec::new();
    let mut inputs = VecDeque::from([CatchUpInput::Claim { peer: PeerId(1), claim: world.claim() }]);
    while let Some(input) = inputs.pop_front() {
        for effect in machine.handle(input) {
            match effect {
                CatchUpEffect::Send { peer, bytes } => {
                    inputs.push_back(CatchUpInput::Response { peer, bytes: serve(&world, &bytes).unwrap() });
                }
                CatchUpEffect::Decide { height, .. } => decided.push(height.0),
                CatchUpEffect::Deadline { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        // The change becomes known when height 3 is executed; after 8 and 10 decisions nothing goes on without that.
        let (executed, upcoming) = match decided.len() {
            8 => (2, vec![]),
            10 => (3, vec![(Height(11), set(1))]),
            11 => (10, vec![(Height(11), set(1))]),
            18 => (12, vec![(Height(11), set(1))]),
            _ => continue,
        };
        if inputs.is_empty() {
            let origin = Origin { height: Height(executed + 1), upcoming, ..set(0).into() };
            inputs.push_back(CatchUpInput::Advanced { origin });
        }
    }
    assert_eq!(decided, (1..=20).collect::<Vec<_>>());
    // Once all before it is executed, another epoch is a lie.
    let mut machine =
        CatchUp::new(CatchUpConfig::new(chain()), Origin { height: Height(11), ..set(0).into() }).unwrap();
    let asked = machine.handle(CatchUpInput::Claim { peer: PeerId(1), claim: world.claim() });
    let CatchUpEffect::Send { bytes, .. } = &asked[0] else { panic!("{asked:?}") };
    let bytes = serve(&world, bytes).unwrap();
    let effects = machine.handle(CatchUpInput::Response { peer: PeerId(1), bytes });
    assert!(matches!(effects[..], [CatchUpEffect::Punish { .. }]), "{effects:?}");
}

#[test]
fn r_13_memory_is_bounded_whatever_peers_claim() {
    let mut machine = CatchUp::new(CatchUpConfig::new(chain()), set(0).into()).unwrap();
    let claim = Claim { decided: Height(u64::MAX), oldest: Height(0), checkpoint: Height(u64::MAX) };
    for peer in 0..100_000 {
        machine.handle(CatchUpInput::Claim { peer: PeerId(peer), claim });
        machine.handle(CatchUpInput::Response { peer: PeerId(peer), bytes: vec![1; 10] });
    }
    for peer in 0..100_000 {
        machine.handle(CatchUpInput::Claim { peer: PeerId(peer), claim });
    }
    assert_eq!(machine.peers.len(), MAX_PEERS);
    assert!(machine.requests.len() <= MAX_OPEN_RANGES && machine.answers.is_empty());
    for request in 0..200_000 {
        machine.handle(CatchUpInput::Deadline { request });
        assert!(machine.requests.len() <= MAX_OPEN_RANGES);
    }
}
