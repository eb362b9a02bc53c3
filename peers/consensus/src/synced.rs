//! The third-party core with the third-party sync: requests for ranges, retries and scores of peers are all the published
//! state machine's; this is what carries its messages, in place of its libp2p behaviour and its actors.
//!
//! Where it could be told otherwise, it is told what is best for it: peers say their heights as soon as they see each
//! other and after every decision (its eager mode; its default is every 5 s), decisions are in memory, and a fetched
//! certificate is checked in one batch, where the core would check each signature by itself.
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrysalis_consensus::engine::{
    Application, ConsensusEngine, EngineEffect, EngineInput, EngineStatus, FaultModel, MalachiteEngine,
    TimerId,
};
use chrysalis_consensus::{CommitCertificate, ConsensusError, Message, PeerId};
use malachite_sync::{
    Config, Effect, Error, HeightStartType, InboundRequestId, Input, Metrics, OutboundRequestId,
    RawDecidedValue, Request, Resumable, Resume, State, Status, ValueRequest, ValueResponse,
};
use malachite_types::{ExtendedCommitCertificate, Round};
use rand::SeedableRng;

use crate::Outcome;
use crate::context::{Chain, H};

/// How much is asked for at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Batches {
    /// What its configuration has: 5 requests of 5 heights.
    Default,
    /// As many heights as this project's catch-up asks for.
    Large { requests: usize, heights: usize },
}

/// The second byte of a message, as in this project's encodings, whose others end below.
const STATUS: u8 = 0x90;
const REQUEST: u8 = 0x91;
const RESPONSE: u8 = 0x92;
const HELLO: u8 = 0x93;
/// Timers of requests, beside those of the engine.
const OWN_TIMER: u64 = 1 << 63;

pub struct Synced<A> {
    engine: MalachiteEngine<A>,
    sync: State<Chain>,
    metrics: Metrics,
    /// What was decided in this life, as the application would keep it: the proof and the value.
    decided: BTreeMap<u64, (Vec<u8>, Vec<u8>)>,
    /// What was fetched and is not decided yet.
    fetched: BTreeMap<u64, (PeerId, Arc<[u8]>)>,
    inputs: VecDeque<Input<Chain>>,
    asked: BTreeMap<u64, (malachite_peer::PeerId, ValueRequest<Chain>)>,
    next_request: u64,
    timeout: Duration,
}

impl<A: Application> Synced<A> {
    pub fn new(engine: MalachiteEngine<A>, me: usize, peers: usize, batches: Batches) -> Outcome<Self> {
        let mut config = Config::new(true);
        if let Batches::Large { requests, heights } = batches {
            config = config.with_parallel_requests(requests).with_batch_size(heights);
        }
        debug_assert!(me < peers);
        let rng = rand::rngs::StdRng::seed_from_u64(me as u64);
        Ok(Self {
            engine,
            sync: State::new(Box::new(rng), config),
            metrics: Metrics::default(),
            decided: BTreeMap::new(),
            fetched: BTreeMap::new(),
            inputs: VecDeque::new(),
            asked: BTreeMap::new(),
            next_request: 0,
            timeout: config.request_timeout,
        })
    }

    fn next_height(&self) -> u64 {
        self.engine.status().executed.0 + 1
    }

    /// Gives the engine an input, and the sync what it has to know of what came of it.
    fn run_engine(&mut self, input: EngineInput, out: &mut Vec<EngineEffect>) -> Result<(), ConsensusError> {
        for effect in self.engine.handle(input)? {
            match &effect {
                // The catch-up of this project is off.
                EngineEffect::Send { bytes, .. } if matches!(bytes.get(1), Some(0x60..=0x67)) => continue,
                EngineEffect::Executed { height, value, proof } => {
                    self.decided.insert(height.0, (proof.clone(), value.clone()));
                    self.inputs.push_back(Input::Decided(H(height.0)));
                    self.inputs.push_back(Input::StartedHeight(H(height.0 + 1), HeightStartType::Start));
                    self.inputs.push_back(Input::SendStatusUpdate);
                }
                _ => {}
            }
            out.push(effect);
        }
        Ok(())
    }

    /// Does what is to be done until nothing is left.
    fn settle(&mut self, out: &mut Vec<EngineEffect>) -> Result<(), ConsensusError> {
        loop {
            if let Some(input) = self.inputs.pop_front() {
                self.run_sync(input, out)
                    .map_err(|_| ConsensusError::InvalidState("the third-party sync refuses to go on"))?;
                continue;
            }
            let next = self.next_height();
            self.fetched = self.fetched.split_off(&next);
            let Some((from, bytes)) = self.fetched.remove(&next) else { return Ok(()) };
            self.run_engine(EngineInput::Message { from, bytes }, out)?;
        }
    }

    fn run_sync(&mut self, input: Input<Chain>, out: &mut Vec<EngineEffect>) -> Result<(), Error<Chain>> {
        let mut desk = Desk {
            decided: &self.decided,
            fetched: &mut self.fetched,
            inputs: &mut self.inputs,
            asked: &mut self.asked,
            next_request: &mut self.next_request,
            timeout: self.timeout,
            out,
        };
        let (state, metrics) = (&mut self.sync, &self.metrics);
        malachite_sync::process!(
            input: input,
            state: state,
            metrics: metrics,
            with: effect => desk.answer(effect)
        )
    }

    /// Takes a message of the sync; `None` for one that is not the network's fault but a mistake of this file.
    fn receive(&mut self, from: PeerId, bytes: &[u8], out: &mut Vec<EngineEffect>) -> Option<()> {
        let mut rest = bytes.get(2..)?;
        match *bytes.get(1)? {
            HELLO => out.push(EngineEffect::Send { to: from, bytes: self.status().into() }),
            STATUS => {
                let (tip, oldest) = (take_u64(&mut rest)?, take_u64(&mut rest)?);
                self.inputs.push_back(Input::Status(Status {
                    peer_id: name(from),
                    tip_height: H(tip),
                    history_min_height: H(oldest),
                }));
            }
            REQUEST => {
                let (id, first, last) = (take_u64(&mut rest)?, take_u64(&mut rest)?, take_u64(&mut rest)?);
                let id = InboundRequestId::new(format!("{} {id}", from.0));
                let request = ValueRequest::new(H(first)..=H(last));
                self.inputs.push_back(Input::ValueRequest(id, name(from), request));
            }
            RESPONSE => {
                let (id, start, count) = (take_u64(&mut rest)?, take_u64(&mut rest)?, take_u64(&mut rest)?);
                let values = (0..count).map(|place| {
                    let length = usize::try_from(take_u64(&mut rest)?).ok()?;
                    let (value, behind) = rest.split_at_checked(length)?;
                    rest = behind;
                    Some(raw(start + place, value))
                });
                let response = ValueResponse::new(H(start), values.collect::<Option<_>>()?);
                self.asked.remove(&id);
                let id = OutboundRequestId::new(id);
                self.inputs.push_back(Input::ValueResponse(id, name(from), Some(response)));
            }
            _ => {}
        }
        Some(())
    }

    fn status(&self) -> Vec<u8> {
        let tip = self.next_height() - 1;
        status(tip, self.decided.keys().next().copied().unwrap_or(tip + 1))
    }
}

impl<A: Application> ConsensusEngine for Synced<A> {
    fn fault_model(&self) -> FaultModel {
        self.engine.fault_model()
    }

    fn handle(&mut self, input: EngineInput) -> Result<Vec<EngineEffect>, ConsensusError> {
        let mut out = Vec::new();
        match input {
            EngineInput::Start => {
                self.inputs.push_back(Input::StartedHeight(H(self.next_height()), HeightStartType::Start));
                self.run_engine(EngineInput::Start, &mut out)?;
                out.push(EngineEffect::Broadcast(vec![1, HELLO].into()));
                out.push(EngineEffect::Broadcast(self.status().into()));
            }
            EngineInput::Message { from, bytes } => match bytes.get(1) {
                Some(STATUS..=HELLO) => {
                    let problem = ConsensusError::InvalidState("a message of the sync that does not decode");
                    self.receive(from, &bytes, &mut out).ok_or(problem)?;
                }
                Some(0x60..=0x67) => {}
                _ => self.run_engine(EngineInput::Message { from, bytes }, &mut out)?,
            },
            EngineInput::Timer(TimerId(id)) if id & OWN_TIMER != 0 => {
                if let Some((peer, request)) = self.asked.remove(&(id & !OWN_TIMER)) {
                    let id = OutboundRequestId::new(id & !OWN_TIMER);
                    self.inputs.push_back(Input::SyncRequestTimedOut(
                        id,
                        peer,
                        Request::ValueRequest(request),
                    ));
                }
            }
            other => self.run_engine(other, &mut out)?,
        }
        self.settle(&mut out)?;
        Ok(out)
    }

    fn status(&self) -> EngineStatus {
        self.engine.status()
    }
}

/// What answers the sync while it handles an input.
struct Desk<'a> {
    decided: &'a BTreeMap<u64, (Vec<u8>, Vec<u8>)>,
    fetched: &'a mut BTreeMap<u64, (PeerId, Arc<[u8]>)>,
    inputs: &'a mut VecDeque<Input<Chain>>,
    asked: &'a mut BTreeMap<u64, (malachite_peer::PeerId, ValueRequest<Chain>)>,
    next_request: &'a mut u64,
    timeout: Duration,
    out: &'a mut Vec<EngineEffect>,
}

impl Desk<'_> {
    fn answer(&mut self, effect: Effect<Chain>) -> Result<Resume<Chain>, Error<Chain>> {
        Ok(match effect {
            Effect::BroadcastStatus(tip, r) => {
                let oldest = self.decided.keys().next().copied().unwrap_or(tip.0 + 1);
                self.out.push(EngineEffect::Broadcast(status(tip.0, oldest).into()));
                r.resume_with(())
            }
            Effect::SendValueRequest(peer, request, r) => {
                let id = *self.next_request;
                *self.next_request += 1;
                let mut bytes = vec![1, REQUEST];
                for number in [id, request.range.start().0, request.range.end().0] {
                    bytes.extend_from_slice(&number.to_le_bytes());
                }
                self.out.push(EngineEffect::Send { to: number_of(&peer), bytes: bytes.into() });
                let timer = TimerId(OWN_TIMER | id);
                self.out.push(EngineEffect::SetTimer { timer, after: self.timeout });
                self.asked.insert(id, (peer, request));
                r.resume_with(Some(OutboundRequestId::new(id)))
            }
            Effect::SendValueResponse(id, response, r) => {
                let id = id.to_string();
                let numbers =
                    id.split_once(' ').and_then(|(peer, id)| peer.parse().ok().zip(id.parse::<u64>().ok()));
                if let Some((peer, id)) = numbers {
                    let mut bytes = vec![1, RESPONSE];
                    for number in [id, response.start_height.0, response.values.len() as u64] {
                        bytes.extend_from_slice(&number.to_le_bytes());
                    }
                    for value in &response.values {
                        bytes.extend_from_slice(&(value.value_bytes.len() as u64).to_le_bytes());
                        bytes.extend_from_slice(&value.value_bytes);
                    }
                    self.out.push(EngineEffect::Send { to: PeerId(peer), bytes: bytes.into() });
                }
                r.resume_with(())
            }
            Effect::GetDecidedValues(id, range, r) => {
                let kept = self.decided.range(range.start().0..=range.end().0);
                let values = kept.map(|(height, (proof, value))| raw(*height, &decision(proof, value)));
                self.inputs.push_back(Input::GotDecidedValues(id, range, values.collect()));
                r.resume_with(())
            }
            Effect::ProcessValueResponse(peer, _, response, r) => {
                for value in response.values {
                    let bytes = Arc::from(&*value.value_bytes);
                    self.fetched.insert(value.certificate.height.0, (number_of(&peer), bytes));
                }
                r.resume_with(())
            }
            Effect::CancelValueRequest(id, r) => {
                if let Ok(id) = id.to_string().parse() {
                    self.asked.remove(&id);
                }
                r.resume_with(())
            }
        })
    }
}

/// A decision as the engine takes it from a peer: the certificate and the value.
fn decision(proof: &[u8], value: &[u8]) -> Vec<u8> {
    let certificate = CommitCertificate::from_bytes(proof).expect("the engine made it");
    Message::Decision { certificate, value: value.to_vec() }.to_bytes()
}

fn raw(height: u64, bytes: &[u8]) -> RawDecidedValue<Chain> {
    let certificate = ExtendedCommitCertificate {
        height: H(height),
        round: Round::new(0),
        value_id: height,
        // They are among the bytes, which the engine checks.
        commit_signatures: Vec::new(),
    };
    RawDecidedValue::new(Bytes::copy_from_slice(bytes), certificate)
}

fn status(tip: u64, oldest: u64) -> Vec<u8> {
    [&[1, STATUS][..], &tip.to_le_bytes(), &oldest.to_le_bytes()].concat()
}

fn take_u64(rest: &mut &[u8]) -> Option<u64> {
    let (number, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u64::from_le_bytes(*number))
}

/// A peer's name in the sync: an identity multihash of its number.
fn name(peer: PeerId) -> malachite_peer::PeerId {
    let bytes = [&[0, 8][..], &peer.0.to_le_bytes()].concat();
    malachite_peer::PeerId::from_bytes(&bytes).expect("an identity multihash")
}

fn number_of(peer: &malachite_peer::PeerId) -> PeerId {
    let bytes = peer.to_bytes();
    let number = bytes.last_chunk().expect("a number of eight bytes is in the name");
    PeerId(u64::from_le_bytes(*number))
}
