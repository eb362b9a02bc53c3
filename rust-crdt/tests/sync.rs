//! Two replicas that talk over a bad network, and replicas that are talked to by something else.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod support;

use chrysalis_crdt::membership::Membership;
use chrysalis_crdt::sync::{Replica, SyncConfig, SyncEvent, SyncSession};
use chrysalis_crdt::{
    ActorId, ActorKey, AgentState, CrdtError, Decompose, HybridClock, LwwMap, LwwRegister, OrSet, Stamp,
    State, Value, VectorClock, Writer,
};
use support::{Random, run_seeded};

const NOW_MS: u64 = 1_700_000_000_000;

fn writer(name: &str) -> Writer {
    Writer::resume(ActorKey::new(name).unwrap(), 0)
}

fn config(max_message_bytes: usize) -> SyncConfig {
    SyncConfig { max_message_bytes, ..SyncConfig::default() }
}

/// Both sides of a conversation, and what is on its way between them.
struct Pair {
    replicas: [Replica; 2],
    sessions: [SyncSession; 2],
    network: [Vec<Vec<u8>>; 2],
    longest: usize,
    now_ms: u64,
    messages: usize,
    bytes: usize,
    events: Vec<SyncEvent>,
}

impl Pair {
    fn new(replicas: [Replica; 2], config: SyncConfig) -> Self {
        let sessions = [SyncSession::initiator(7, [1; 16], config), SyncSession::responder([2; 16], config)];
        let network = [Vec::new(), Vec::new()];
        let longest = config.max_message_bytes;
        Self {
            replicas,
            sessions,
            network,
            longest,
            now_ms: NOW_MS,
            messages: 0,
            bytes: 0,
            events: Vec::new(),
        }
    }

    fn speak(&mut self, side: usize) {
        while let Some(message) = self.sessions[side].poll(&mut self.replicas[side]).unwrap() {
            (self.messages, self.bytes) = (self.messages + 1, self.bytes + message.len());
            assert!(message.len() <= self.longest, "{} bytes of {}", message.len(), self.longest);
            assert!(self.messages < 20_000, "the sides never stop talking");
            self.network[1 - side].push(message);
        }
    }

    fn hear(&mut self, side: usize, message: &[u8]) {
        let events = self.sessions[side].receive(&mut self.replicas[side], message, self.now_ms).unwrap();
        self.events.extend(events);
    }

    /// Talks in turns over a perfect network until nobody has anything to say; gives the number of rounds.
    fn talk(&mut self) -> usize {
        for round in 0.. {
            self.speak(0);
            if self.network[1].is_empty() {
                return round;
            }
            for side in [1, 0] {
                for message in std::mem::take(&mut self.network[side]) {
                    self.hear(side, &message);
                }
                self.speak(side);
            }
            for message in std::mem::take(&mut self.network[0]) {
                self.hear(0, &message);
            }
        }
        unreachable!()
    }

    fn assert_equal(&mut self) {
        let names: Vec<String> = self.replicas[0].names().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            assert_eq!(self.replicas[0].digest(&name), self.replicas[1].digest(&name), "{name}");
        }
        assert!(self.sessions[0].is_equal(&self.replicas[0]) && self.sessions[1].is_equal(&self.replicas[1]));
    }

    /// Time passes, half of the messages get lost, some come twice and all in any order.
    fn talk_badly(&mut self, random: &mut Random) {
        for _ in 0..6 {
            self.speak(0);
            self.speak(1);
            for side in [0, 1] {
                for _ in 0..self.network[side].len() {
                    let at = random.below(self.network[side].len());
                    match random.below(4) {
                        0 => drop(self.network[side].swap_remove(at)),
                        1 => {
                            let message = self.network[side][at].clone();
                            self.hear(side, &message);
                        }
                        _ => {
                            let message = self.network[side].swap_remove(at);
                            self.hear(side, &message);
                        }
                    }
                    if self.network[side].is_empty() {
                        break;
                    }
                }
            }
        }
        self.now_ms += 1_500;
        for side in [0, 1] {
            let events = self.sessions[side].tick(&mut self.replicas[side], self.now_ms);
            self.events.extend(events);
        }
    }
}

fn random_set(base: &OrSet, writer: &Writer, random: &mut Random) -> OrSet {
    let mut set = base.clone();
    for _ in 0..random.below(30) {
        let number = random.below(200) as u64;
        match random.below(3) {
            0 => drop(set.remove(&Value::from(number))),
            1 => drop(set.add(writer, number).unwrap()),
            _ => drop(set.add(writer, "some longer text ".repeat(random.below(40))).unwrap()),
        }
    }
    set
}

fn random_replicas(random: &mut Random) -> [Replica; 2] {
    let writers = [writer("a"), writer("b")];
    let mut base = OrSet::new();
    base.add_all(&writer("base"), 0..random.below(300) as u64).unwrap();
    let mut clock = VectorClock::new();
    (0..random.below(100))
        .for_each(|i| drop(clock.increment(&ActorKey::new(&format!("actor {i}")).unwrap())));
    let mut replicas = [Replica::new(), Replica::new()];
    for (replica, writer) in replicas.iter_mut().zip(&writers) {
        replica.insert("set", random_set(&base, writer, random)).unwrap();
        replica.insert("other set", random_set(&OrSet::new(), writer, random)).unwrap();
        let mut clock = clock.clone();
        (0..random.below(60))
            .for_each(|i| drop(clock.increment(&ActorKey::new(&format!("actor {i}")).unwrap())));
        replica.insert("clock", clock).unwrap();
        let mut register = LwwRegister::new();
        register.set(writer, &mut HybridClock::new(), NOW_MS, random.next()).unwrap();
        replica.insert("register", register).unwrap();
    }
    replicas
}

fn joined<T: Decompose + 'static>(replicas: &[Replica; 2], name: &str) -> [u8; 32] {
    let mut joined = replicas[0].state::<T>(name).unwrap().clone();
    State::merge(&mut joined, replicas[1].state::<T>(name).unwrap()).unwrap();
    State::digest(&joined)
}

#[test]
fn both_sides_end_with_the_join_over_a_perfect_network() {
    run_seeded(150, |random| {
        let replicas = random_replicas(random);
        let expected = [joined::<OrSet>(&replicas, "set"), joined::<VectorClock>(&replicas, "clock")];
        let mut pair = Pair::new(replicas, config(2048 + random.below(5_000)));
        let rounds = pair.talk();
        pair.assert_equal();
        assert_eq!(pair.replicas[0].digest("set"), Some(expected[0]));
        assert_eq!(pair.replicas[0].digest("clock"), Some(expected[1]));
        assert!(rounds <= 8, "{rounds}");
        assert_eq!(pair.talk(), 0);
        assert!(
            pair.events
                .iter()
                .all(|event| matches!(event, SyncEvent::Merged { .. } | SyncEvent::Equal { .. }))
        );
    });
}

#[test]
fn loss_doubles_and_disorder_only_delay() {
    run_seeded(60, |random| {
        let replicas = random_replicas(random);
        let expected = joined::<OrSet>(&replicas, "set");
        let mut pair = Pair::new(replicas, config(2048));
        for _ in 0..40 {
            pair.talk_badly(random);
        }
        // Then the network is good for a while.
        pair.network = [Vec::new(), Vec::new()];
        for _ in 0..8 {
            pair.talk();
            pair.now_ms += 1_500;
            for side in [0, 1] {
                pair.sessions[side].tick(&mut pair.replicas[side], pair.now_ms);
            }
        }
        pair.talk();
        pair.assert_equal();
        assert_eq!(pair.replicas[1].digest("set"), Some(expected));
    });
}

#[test]
fn what_changes_during_a_session_arrives_too() {
    run_seeded(40, |random| {
        let mut pair = Pair::new(random_replicas(random), config(2048));
        let writers = [writer("a"), writer("b")];
        for _ in 0..10 {
            pair.talk_badly(random);
            let side = random.below(2);
            let set = pair.replicas[side].state_mut::<OrSet>("set").unwrap();
            *set = random_set(set, &writers[side], random);
        }
        let expected = joined::<OrSet>(&pair.replicas, "set");
        pair.network = [Vec::new(), Vec::new()];
        for _ in 0..8 {
            pair.talk();
            pair.now_ms += 1_500;
            for side in [0, 1] {
                pair.sessions[side].tick(&mut pair.replicas[side], pair.now_ms);
            }
        }
        pair.talk();
        pair.assert_equal();
        assert_eq!(pair.replicas[0].digest("set"), Some(expected));
    });
}

#[test]
fn a_session_that_starts_over_sends_what_is_missing_only() {
    let mut full = OrSet::new();
    full.add_all(&writer("a"), (0..5_000).map(|i| format!("key-{i:08}"))).unwrap();
    let mut replicas = [Replica::new(), Replica::new()];
    replicas[0].insert("set", full).unwrap();
    replicas[1].insert("set", OrSet::new()).unwrap();
    let mut pair = Pair::new(replicas, config(2048));
    for message in 0..6 {
        pair.speak(0);
        for side in [1, 0] {
            let waiting = std::mem::take(&mut pair.network[side]);
            for bytes in waiting.into_iter().take(3 + message) {
                pair.hear(side, &bytes);
            }
            pair.speak(side);
        }
    }
    let arrived = pair.replicas[1].state::<OrSet>("set").unwrap().len();
    assert!(arrived > 500 && arrived < 5_000, "{arrived}");
    let sent = pair.bytes;
    let mut again = Pair::new(pair.replicas, config(2048));
    again.talk();
    again.assert_equal();
    assert!(again.bytes < 5_000 * 6 - arrived * 2, "{} {sent} {arrived}", again.bytes);
}

/// A context takes most of a message: what else there is to say must not make it longer than the other side takes.
#[test]
fn messages_keep_to_the_limit_beside_long_contexts() {
    let mut replicas = [Replica::new(), Replica::new()];
    for (side, replica) in replicas.iter_mut().enumerate() {
        for name in ["one", "two", "three"] {
            let mut set = OrSet::new();
            for i in 0..60 {
                let writer = writer(&format!("{name} {side} a rather long name of an actor {i}"));
                set.add_all(&writer, (0..5).map(|j| format!("{side} {i} {j}"))).unwrap();
            }
            replica.insert(name, set).unwrap();
        }
    }
    let limit = 8 << 10;
    let config = SyncConfig { max_receive_bytes: limit, ..config(limit) };
    let mut pair = Pair::new(replicas, config);
    pair.talk();
    pair.assert_equal();
    assert_eq!(pair.replicas[0].state::<OrSet>("two").unwrap().len(), 600);
}

/// A message to a session that answers, with one delta.
fn delta_message(name: &str, kind: u8, delta: &[u8]) -> Vec<u8> {
    let mut message =
        vec![0xc5, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xff, 0x7f, 4, u8::try_from(name.len()).unwrap()];
    message.extend_from_slice(name.as_bytes());
    message.extend([kind, u8::try_from(delta.len()).unwrap()]);
    message.extend_from_slice(delta);
    assert!(delta.len() < 128);
    message
}

#[test]
fn one_bad_part_of_a_delta_holds_up_no_other() {
    let (mut ours, mut theirs) = (OrSet::new(), OrSet::new());
    ours.add(&writer("mallory"), "one").unwrap();
    theirs.add(&writer("mallory"), "two").unwrap();
    theirs.add(&writer("alice"), "before").unwrap();
    theirs.add(&writer("zoe"), "after").unwrap();
    let mut replica = Replica::new();
    replica.insert("set", ours).unwrap();
    let mut session = SyncSession::responder([0; 16], SyncConfig::default());
    let message = delta_message("set", 4, &theirs.to_packed());
    let events = session.receive(&mut replica, &message, NOW_MS).unwrap();
    assert_eq!(events[0], SyncEvent::Merged { name: "set".to_owned() });
    let SyncEvent::Rejected { error: CrdtError::Equivocation { .. }, delta, .. } = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!((OrSet::from_packed(delta).unwrap().len(), events.len()), (1, 2));
    let set = replica.state::<OrSet>("set").unwrap();
    assert!(["one", "before", "after"].iter().all(|text| set.contains(&Value::from(*text))));
    assert_eq!(set.len(), 3);
    // The same again says nothing new.
    let digest = replica.digest("set");
    let events = session.receive(&mut replica, &message, NOW_MS).unwrap();
    assert!(matches!(events[..], [SyncEvent::Rejected { .. }]), "{events:?}");
    assert_eq!(replica.digest("set"), digest);
}

#[test]
fn a_stamp_from_the_future_holds_up_only_its_own_part() {
    let mut map = LwwMap::new();
    let mut clock = HybridClock::new();
    for (key, ms) in [("a", NOW_MS), ("z", NOW_MS + 1), ("later", NOW_MS + 100_000)] {
        map.set(&writer(key), &mut clock, ms, key, key).unwrap();
    }
    let mut replica = Replica::new();
    replica.insert("map", LwwMap::new()).unwrap();
    let mut session = SyncSession::responder([0; 16], SyncConfig::default());
    let message = delta_message("map", LwwMap::KIND.to_byte(), &map.to_bytes());
    let events = session.receive(&mut replica, &message, NOW_MS).unwrap();
    let name = || "map".to_owned();
    assert_eq!(
        events,
        [SyncEvent::Merged { name: name() }, SyncEvent::Held { name: name(), ahead_ms: 100_000 }]
    );
    assert_eq!((replica.state::<LwwMap>("map").unwrap().len(), session.held()), (2, 1));
    let events = session.tick(&mut replica, NOW_MS + 50_000);
    assert_eq!((events.len(), session.held()), (1, 0));
    assert_eq!(replica.state::<LwwMap>("map").unwrap().to_bytes(), map.to_bytes());
}

#[test]
fn an_agent_with_a_skill_from_the_future_is_taken_in_but_for_that_skill() {
    let id = |name| ActorId::new(name).unwrap();
    let w = writer("w");
    let mut theirs = AgentState::new(id("agent"));
    let ms = |ahead| (NOW_MS + ahead) as f64;
    for (name, time) in [("now", ms(0)), ("in a day", ms(86_400_000)), ("soon", ms(100_000))] {
        theirs.update_skill(&w, name, 0.5, time).unwrap();
    }
    theirs.link_episodes(&w, "effect", "cause").unwrap();
    let mut replica = Replica::new();
    replica.insert("agent", AgentState::new(id("agent"))).unwrap();
    let mut session = SyncSession::responder([0; 16], SyncConfig::default());
    let kind = AgentState::KIND.to_byte();
    let events = session.receive(&mut replica, &delta_message("agent", kind, &theirs.to_bytes()), NOW_MS);
    assert_eq!(events.unwrap().len(), 2, "merged and held");
    let state = |replica: &Replica| replica.state::<AgentState>("agent").unwrap().clone();
    let names = |state: &AgentState| state.skills().skills().map(|skill| skill.name).collect::<Vec<_>>();
    assert_eq!((names(&state(&replica)), session.held()), (vec!["now".to_owned()], 2));
    assert_eq!(state(&replica).episodes().links().count(), 1);
    // It does not say that it knows what it holds back.
    assert!(state(&replica).context().is_empty());
    session.tick(&mut replica, NOW_MS + 50_000);
    assert_eq!((names(&state(&replica)).len(), state(&replica).context().is_empty()), (2, true));
    session.tick(&mut replica, NOW_MS + 86_400_000);
    assert_eq!((state(&replica).to_bytes(), session.held()), (theirs.to_bytes(), 0));

    // What no part could change is one refusal.
    let mut other = AgentState::new(id("another"));
    other.update_skill(&w, "one", 0.5, ms(0)).unwrap();
    other.update_skill(&w, "two", 0.5, ms(0)).unwrap();
    let events = session.receive(&mut replica, &delta_message("agent", kind, &other.to_bytes()), NOW_MS);
    let [SyncEvent::Rejected { error, .. }] = &events.unwrap()[..] else { panic!("one refusal") };
    assert_eq!(error, &CrdtError::AgentMismatch);
}

/// A peer that says the same again and again neither costs a digest each time nor makes anyone talk.
#[test]
fn what_is_known_already_changes_nothing() {
    let mut set = OrSet::new();
    set.add_all(&writer("a"), 0..20u64).unwrap();
    let message = delta_message("set", 4, &set.to_packed());
    let mut replicas = [Replica::new(), Replica::new()];
    replicas.iter_mut().for_each(|replica| replica.insert("set", set.clone()).unwrap());
    let mut pair = Pair::new(replicas, SyncConfig::default());
    pair.talk();
    pair.assert_equal();
    assert_eq!(pair.sessions[1].receive(&mut pair.replicas[1], &message, NOW_MS), Ok(Vec::new()));
    pair.assert_equal();
}

/// Answers about one state come all the time; what was lost about another is asked for again nevertheless.
#[test]
fn each_state_has_its_own_time_to_ask_again() {
    let mut replica = Replica::new();
    replica.insert("busy", OrSet::new()).unwrap();
    replica.insert("quiet", OrSet::new()).unwrap();
    let mut session = SyncSession::responder([0; 16], SyncConfig::default());
    let message = delta_message("busy", 4, &OrSet::new().to_packed());
    let mut asked = 0;
    for step in 0..20 {
        let now_ms = NOW_MS + step * 500;
        session.receive(&mut replica, &message, now_ms).unwrap();
        session.tick(&mut replica, now_ms);
        while let Some(message) = session.poll(&mut replica).unwrap() {
            asked += message.windows(5).filter(|bytes| bytes == b"quiet").count();
        }
    }
    assert!((9..=11).contains(&asked), "{asked}");
}

/// Removing what the other side has removed is a change like others.
#[test]
fn a_removal_by_sketch_is_told() {
    let mut set = OrSet::new();
    set.add_all(&writer("a"), 0..100u64).unwrap();
    let mut other = set.clone();
    other.remove(&Value::from(7u64));
    for sets in [[set.clone(), other.clone()], [other.clone(), set.clone()]] {
        let mut replicas = [Replica::new(), Replica::new()];
        for (replica, set) in replicas.iter_mut().zip(sets) {
            replica.insert("set", set).unwrap();
        }
        let mut pair = Pair::new(replicas, SyncConfig::default());
        pair.talk();
        pair.assert_equal();
        let merged = SyncEvent::Merged { name: "set".to_owned() };
        assert_eq!(pair.events.iter().filter(|event| **event == merged).count(), 1, "{:?}", pair.events);
    }
}

/// Removals leave nothing new behind, so contexts do not tell of them: sketches do.
#[test]
fn bare_removals_are_found_at_the_price_of_the_difference() {
    let mut set = OrSet::new();
    set.add_all(&writer("a"), (0..8_000).map(|i| format!("key-{i:08}"))).unwrap();
    let mut other = set.clone();
    for i in (0..8_000).step_by(400) {
        other.remove(&Value::text(format!("key-{i:08}")));
        set.remove(&Value::text(format!("key-{:08}", i + 200)));
    }
    let mut replicas = [Replica::new(), Replica::new()];
    replicas[0].insert("set", set).unwrap();
    replicas[1].insert("set", other).unwrap();
    let mut pair = Pair::new(replicas, config(64 << 10));
    let rounds = pair.talk();
    pair.assert_equal();
    assert_eq!(pair.replicas[0].state::<OrSet>("set").unwrap().len(), 7_960);
    assert!(pair.bytes < 4_000 && rounds <= 5, "{} bytes, {rounds} rounds", pair.bytes);
}

#[test]
fn stamps_from_the_future_wait_for_their_time() {
    let mut late = LwwRegister::new();
    late.set_at("future", Stamp::new(NOW_MS + 100_000, 0).unwrap(), ActorKey::new("z").unwrap()).unwrap();
    let mut now = LwwRegister::new();
    now.set_at("present", Stamp::new(NOW_MS, 0).unwrap(), ActorKey::new("a").unwrap()).unwrap();
    let mut replicas = [Replica::new(), Replica::new()];
    replicas[0].insert("register", late).unwrap();
    replicas[1].insert("register", now).unwrap();
    let mut pair = Pair::new(replicas, SyncConfig::default());
    pair.talk();
    assert!(pair.events.contains(&SyncEvent::Held { name: "register".to_owned(), ahead_ms: 100_000 }));
    assert_eq!(pair.sessions[1].held(), 1);
    let value = |pair: &Pair| {
        pair.replicas[1]
            .state::<LwwRegister>("register")
            .unwrap()
            .get()
            .and_then(Value::as_text)
            .unwrap()
            .to_owned()
    };
    assert_eq!(value(&pair), "present");
    pair.now_ms += 30_000;
    assert!(pair.sessions[1].tick(&mut pair.replicas[1], pair.now_ms).is_empty());
    pair.now_ms += 15_000;
    assert_eq!(pair.sessions[1].tick(&mut pair.replicas[1], pair.now_ms).len(), 1);
    assert_eq!((value(&pair).as_str(), pair.sessions[1].held()), ("future", 0));
    pair.sessions[0].tick(&mut pair.replicas[0], pair.now_ms);
    pair.talk();
    pair.assert_equal();
}

#[test]
fn equivocation_is_handed_out_as_evidence_and_not_asked_for_again() {
    let mut replicas = [Replica::new(), Replica::new()];
    for (replica, value) in replicas.iter_mut().zip(["one", "two"]) {
        let mut set = OrSet::new();
        set.add(&writer("mallory"), value).unwrap();
        replica.insert("set", set).unwrap();
    }
    let mut pair = Pair::new(replicas, SyncConfig::default());
    pair.talk();
    let rejected = pair.events.iter().find_map(|event| match event {
        SyncEvent::Rejected { error: CrdtError::Equivocation { counter, .. }, delta, .. } => {
            Some((*counter, delta))
        }
        _ => None,
    });
    let (counter, delta) = rejected.unwrap();
    assert_eq!((counter, OrSet::from_packed(delta).unwrap().len()), (1, 1));
    assert_eq!(pair.replicas[0].state::<OrSet>("set").unwrap().len(), 1);
    let messages = pair.messages;
    for _ in 0..20 {
        pair.now_ms += 1_500;
        pair.sessions[0].tick(&mut pair.replicas[0], pair.now_ms);
        pair.talk();
    }
    let more = pair.messages - messages;
    assert!(more <= 80, "a question and an answer each time, and two attempts, no more: {more}");
    let is_rejected = |event: &&SyncEvent| matches!(event, SyncEvent::Rejected { .. });
    let rejected = pair.events.iter().filter(is_rejected).count();
    assert!(rejected <= 6, "twice on each side at most after the first time: {rejected}");
}

#[test]
fn a_side_that_has_forgotten_an_actor_does_not_learn_of_it_again() {
    let (a, x) = (writer("a"), writer("x"));
    let mut set = OrSet::new();
    set.add_all(&x, 0..10u64).unwrap();
    set.adopt(&a, x.actor()).unwrap();
    let mut members = Membership::new();
    for writer in [&a, &x] {
        members.admit(writer.actor()).unwrap();
        members.acknowledge(writer.actor(), set.context()).unwrap();
    }
    members.retire(x.actor()).unwrap();
    members.forget(x.actor(), set.context()).unwrap();
    let mut replicas = [Replica::new(), Replica::new()];
    replicas.iter_mut().for_each(|replica| replica.insert("set", set.clone()).unwrap());
    for first in [0, 1] {
        replicas[first].set_members(members.clone());
        let mut pair = Pair::new(replicas, SyncConfig::default());
        pair.talk();
        assert!(!pair.sessions[0].is_equal(&pair.replicas[0]), "one side has forgotten, the other has not");
        replicas = pair.replicas;
        replicas[1 - first].set_members(members.clone());
        let mut pair = Pair::new(replicas, SyncConfig::default());
        pair.talk();
        pair.assert_equal();
        replicas = pair.replicas;
        assert_eq!(
            replicas[0].state::<OrSet>("set").unwrap().context().actors().collect::<Vec<_>>(),
            [a.actor()]
        );
        replicas.iter_mut().for_each(|replica| replica.insert("set", set.clone()).unwrap());
        replicas = replicas.map(|replica| {
            let mut fresh = Replica::new();
            fresh.insert("set", replica.state::<OrSet>("set").unwrap().clone()).unwrap();
            fresh
        });
    }
}

#[test]
fn names_and_kinds_that_only_one_side_has_are_told() {
    let mut replicas = [Replica::new(), Replica::new()];
    replicas[0].insert("only here", OrSet::new()).unwrap();
    replicas[0].insert("different", OrSet::new()).unwrap();
    replicas[1].insert("different", VectorClock::new()).unwrap();
    assert!(replicas[0].insert("", OrSet::new()).is_err());
    assert!(replicas[0].insert(&"x".repeat(257), OrSet::new()).is_err());
    let mut pair = Pair::new(replicas, SyncConfig::default());
    pair.talk();
    let names: Vec<&str> = pair
        .events
        .iter()
        .filter_map(|event| match event {
            SyncEvent::Unknown { name, .. } | SyncEvent::Refused { name } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    assert!(names.contains(&"only here") && names.contains(&"different"));
    // About a name that nobody asked for there is nothing to refuse.
    let refusal = [0xc5, 7, 0, 0, 0, 0, 0, 0, 0, 5, 1, b'?', 4];
    assert_eq!(pair.sessions[0].receive(&mut pair.replicas[0], &refusal, NOW_MS), Ok(Vec::new()));
    assert!(!pair.sessions[0].is_equal(&pair.replicas[0]));
}

#[test]
fn versions_are_agreed_on_or_refused() {
    let mut replica = Replica::new();
    let message =
        |least, greatest| [&[0xc5, 7, 0, 0, 0, 0, 0, 0, 0, 0, least, greatest][..], &[0xff, 0x7f]].concat();
    for (least, greatest, is_spoken) in [(1, 1, true), (0, 9, true), (2, 9, false), (0, 0, false)] {
        let mut session = SyncSession::responder([0; 16], SyncConfig::default());
        let outcome = session.receive(&mut replica, &message(least, greatest), NOW_MS);
        assert_eq!(outcome.is_ok(), is_spoken);
        if let Err(error) = outcome {
            assert_eq!(error, CrdtError::UnsupportedVersion { least, greatest });
            assert_eq!(session.poll(&mut replica), Ok(None));
        }
    }
}

#[test]
fn a_hostile_side_gets_errors_and_bounded_work() {
    run_seeded(300, |random| {
        let mut pair = Pair::new(random_replicas(random), config(2048));
        pair.speak(0);
        let mut messages: Vec<Vec<u8>> = pair.network[1].clone();
        pair.talk();
        let before: Vec<_> = ["set", "clock"].map(|name| pair.replicas[1].digest(name)).to_vec();
        let mut session = SyncSession::responder([2; 16], config(2048));
        for _ in 0..30 {
            let mut bytes = random.pick(&messages).clone();
            for _ in 0..1 + random.below(3) {
                let at = random.below(bytes.len());
                match random.below(3) {
                    0 => bytes[at] = random.next().to_le_bytes()[0],
                    1 => bytes.truncate(at + 1),
                    _ => bytes.insert(at, random.next().to_le_bytes()[0]),
                }
            }
            if session.receive(&mut pair.replicas[1], &bytes, NOW_MS).is_ok() {
                for _ in 0..50 {
                    let Some(answer) = session.poll(&mut pair.replicas[1]).unwrap() else { break };
                    messages.push(answer);
                }
            }
        }
        // A peer that is believed can change a state, but not to something that is none.
        for name in ["set", "clock"] {
            assert!(pair.replicas[1].digest(name).is_some());
        }
        assert_eq!(before.len(), 2);
        let set = pair.replicas[1].state::<OrSet>("set").unwrap();
        assert_eq!(OrSet::from_bytes(&set.to_bytes()).as_ref(), Ok(set));
    });
}

#[test]
fn too_long_messages_and_those_of_other_sessions_are_refused() {
    let mut replica = Replica::new();
    let mut session =
        SyncSession::initiator(7, [0; 16], SyncConfig { max_receive_bytes: 100, ..SyncConfig::default() });
    assert_eq!(session.receive(&mut replica, &[0; 101], 0), Err(CrdtError::TooLong { limit: 100 }));
    let other = [0xc5, 8, 0, 0, 0, 0, 0, 0, 0];
    assert!(matches!(session.receive(&mut replica, &other, 0), Err(CrdtError::Malformed(_))));
}

/// A peer that names updates under another's key beyond what was given out there is found out, once for each.
#[test]
fn claims_on_an_own_key_are_told() {
    let own = writer("own");
    let mut replica = Replica::new();
    let mut set = OrSet::new();
    set.add(&own, "mine").unwrap();
    replica.insert("s", set.clone()).unwrap();
    replica.own(&own);
    // The key was copied: it goes on elsewhere.
    let copied = Writer::resume(own.actor().clone(), own.last());
    let mut theirs = set;
    theirs.add(&writer("peer"), "fine").unwrap();
    let mut other = Replica::new();
    other.insert("s", theirs.clone()).unwrap();
    let mut pair = Pair::new([other, replica], SyncConfig::default());
    pair.talk();
    assert!(
        !pair.events.iter().any(|event| matches!(event, SyncEvent::Claimed { .. })),
        "nothing was claimed"
    );
    for number in [2u32, 3] {
        pair.events.clear();
        pair.replicas[0].state_mut::<OrSet>("s").unwrap().add(&copied, u64::from(number)).unwrap();
        pair.talk();
        let claimed = SyncEvent::Claimed {
            name: "s".to_owned(),
            actor: own.actor().clone(),
            counter: u64::from(number),
        };
        assert_eq!(pair.events.iter().filter(|event| **event == claimed).count(), 1, "{:?}", pair.events);
    }
    // What is written here now goes above the claims.
    let state = pair.replicas[1].state_mut::<OrSet>("s").unwrap();
    state.add(&own, "later").unwrap();
    assert_eq!((own.last(), state.context().greatest(own.actor())), (4, 4));
}
