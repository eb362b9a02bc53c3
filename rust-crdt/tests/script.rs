//! The program of `vectors/script.json`, which every language runs to one digest.
//!
//! After a deliberate change, `CHRYSALIS_WRITE_VECTORS=1` writes the digest anew.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

use std::collections::BTreeMap;

use chrysalis_crdt::json::{Envelope, Import};
use chrysalis_crdt::{
    ActorId, ActorKey, AgentState, Belief, BeliefState, ClockUnit, CrdtError, Decompose, Episode,
    EpisodeMemory, GCounter, GSet, JsonState, LwwElementSet, LwwMap, LwwNumericRegister, LwwRegister,
    MerkleDag, MvRegister, NumericMode, OrSet, PnCounter, SkillAccumulator, State, TwoPhaseSet, Value,
    VectorClock, Writer,
};
use chrysalis_crypto::hex;
use serde_json::Value as Json;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/script.json");

#[test]
fn the_script_gives_the_published_digest() {
    let text = std::fs::read_to_string(PATH).unwrap();
    let script: Json = serde_json::from_str(&text).unwrap();
    let mut run = Run::default();
    for (at, step) in script["steps"].as_array().unwrap().iter().enumerate() {
        run.step(step).unwrap_or_else(|error| panic!("step {at}, {step}: {error}"));
    }
    let mut digests = GSet::new();
    for (name, state) in &run.states {
        digests.add(format!("{name} {}", hex::encode(&state.digest()))).unwrap();
    }
    let digest = hex::encode(&digests.digest());
    let published = script["digest"].as_str().unwrap();
    if std::env::var_os("CHRYSALIS_WRITE_VECTORS").is_some() {
        return std::fs::write(PATH, text.replace(published, &digest)).unwrap();
    }
    assert_eq!(digest, published);
}

#[derive(Default)]
struct Run {
    writers: BTreeMap<String, Writer>,
    states: BTreeMap<String, Box<dyn Any>>,
}

/// A state of any type.
trait Any {
    fn change(&mut self, method: &str, args: &[Json], writer: Option<&Writer>) -> Result<(), CrdtError>;
    fn merge_bytes(&mut self, bytes: &[u8]) -> Result<(), CrdtError>;
    fn missing(&self, theirs: &[u8]) -> Result<Vec<u8>, CrdtError>;
    fn join_bytes(&mut self, delta: &[u8]) -> Result<(), CrdtError>;
    fn again(&mut self) -> Result<(), CrdtError>;
    fn by_json(&mut self) -> Result<(), CrdtError>;
    fn bytes(&self) -> Vec<u8>;
    fn digest(&self) -> [u8; 32];
    fn copy(&self) -> Box<dyn Any>;
}

impl<T: Change + Decompose + JsonState + 'static> Any for T {
    fn change(&mut self, method: &str, args: &[Json], writer: Option<&Writer>) -> Result<(), CrdtError> {
        Change::change(self, method, args, writer)
    }

    fn merge_bytes(&mut self, bytes: &[u8]) -> Result<(), CrdtError> {
        self.merge(&T::from_bytes(bytes)?)
    }

    fn missing(&self, theirs: &[u8]) -> Result<Vec<u8>, CrdtError> {
        Ok(self.delta_from(&T::from_bytes(theirs)?)?.to_bytes())
    }

    fn join_bytes(&mut self, delta: &[u8]) -> Result<(), CrdtError> {
        self.join_delta(&T::from_bytes(delta)?)
    }

    fn again(&mut self) -> Result<(), CrdtError> {
        *self = T::from_bytes(&self.to_bytes())?;
        Ok(())
    }

    fn by_json(&mut self) -> Result<(), CrdtError> {
        *self = T::from_json(&self.to_json(&Envelope::default())?, &Import::new())?.0;
        Ok(())
    }

    fn bytes(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn digest(&self) -> [u8; 32] {
        State::digest(self)
    }

    fn copy(&self) -> Box<dyn Any> {
        Box::new(self.clone())
    }
}

impl Run {
    fn step(&mut self, step: &Json) -> Result<(), CrdtError> {
        let step = step.as_array().unwrap();
        let name = step[1].as_str().unwrap();
        match step[0].as_str().unwrap() {
            "writer" => drop(self.writers.insert(name.to_owned(), Writer::resume(ActorKey::new(name)?, 0))),
            "new" => drop(self.states.insert(name.to_owned(), empty(step[2].as_str().unwrap(), step.get(3)))),
            "copy" => {
                drop(self.states.insert(name.to_owned(), self.states[step[2].as_str().unwrap()].copy()))
            }
            "do" => {
                let writer = step.last().unwrap().as_str().and_then(|key| self.writers.get(key)).cloned();
                let state = self.states.get_mut(name).unwrap();
                state.change(step[2].as_str().unwrap(), &step[3..], writer.as_ref())?;
            }
            "merge" => {
                let other = self.states[step[2].as_str().unwrap()].bytes();
                self.states.get_mut(name).unwrap().merge_bytes(&other)?;
            }
            "import" => {
                let bytes = self.states[name].bytes();
                let delta = self.states[step[2].as_str().unwrap()].missing(&bytes)?;
                self.states.get_mut(name).unwrap().join_bytes(&delta)?;
            }
            "bytes" => self.states.get_mut(name).unwrap().again()?,
            "json" => self.states.get_mut(name).unwrap().by_json()?,
            "equal" => {
                assert_eq!(self.states[name].digest(), self.states[step[2].as_str().unwrap()].digest());
            }
            "error" => {
                let before: Vec<_> = self.states.values().map(|state| state.bytes()).collect();
                assert_eq!(self.step(&step[2]).map_err(|error| error.code()), Err(name));
                assert!(self.states.values().map(|state| state.bytes()).eq(before));
            }
            other => panic!("unknown step {other}"),
        }
        Ok(())
    }
}

fn empty(kind: &str, options: Option<&Json>) -> Box<dyn Any> {
    let option = |name: &str| options.and_then(|options| options.get(name));
    let unit = option("clock")
        .map_or(ClockUnit::Milliseconds, |name| ClockUnit::from_name(name.as_str().unwrap()).unwrap());
    match kind {
        "vector_clock" => Box::new(VectorClock::new()),
        "g_counter" => Box::new(GCounter::new()),
        "pn_counter" => Box::new(PnCounter::new()),
        "g_set" => Box::new(GSet::new()),
        "two_phase_set" => Box::new(TwoPhaseSet::new()),
        "or_set" => Box::new(OrSet::new()),
        "lww_element_set" => Box::new(LwwElementSet::with_unit(unit)),
        "lww_register" => Box::new(LwwRegister::with_unit(unit)),
        "lww_numeric_register" => {
            let greatest = option("useMax") == Some(&Json::Bool(true));
            let mode = if greatest { NumericMode::Greatest } else { NumericMode::Last };
            Box::new(LwwNumericRegister::with_unit(mode, unit))
        }
        "lww_map" => Box::new(LwwMap::with_unit(unit)),
        "mv_register" => Box::new(MvRegister::new()),
        "skill_accumulator" => Box::new(SkillAccumulator::new()),
        "episode_memory" => Box::new(EpisodeMemory::with(
            option("maxEpisodes").and_then(Json::as_u64).and_then(std::num::NonZeroU64::new),
            ClockUnit::Milliseconds,
        )),
        "belief_state" => Box::new(BeliefState::with_unit(unit)),
        "agent_state" => {
            Box::new(AgentState::new(ActorId::new(option("agentId").unwrap().as_str().unwrap()).unwrap()))
        }
        "merkle_dag" => Box::new(MerkleDag::new()),
        other => panic!("unknown type {other}"),
    }
}

/// The methods of a type by name.
trait Change {
    fn change(&mut self, method: &str, args: &[Json], writer: Option<&Writer>) -> Result<(), CrdtError>;
}

macro_rules! changes {
    ($type:ty, |$state:ident, $args:ident, $writer:ident| { $($method:literal => $run:expr,)* }) => {
        impl Change for $type {
            fn change(&mut self, method: &str, $args: &[Json], $writer: Option<&Writer>) -> Result<(), CrdtError> {
                let $state = self;
                let _ = $writer;
                match method {
                    $($method => drop($run),)*
                    other => panic!("unknown method {other}"),
                }
                Ok(())
            }
        }
    };
}

changes!(VectorClock, |state, args, writer| {
    "increment" => state.increment(&actor(&args[0])?)?,
    "set" => state.set(&actor(&args[0])?, integer(&args[1]).try_into().unwrap())?,
});
changes!(GCounter, |state, args, writer| {
    "increment" => state.increment(&actor(&args[0])?)?,
    "incrementBy" => state.increment_by(&actor(&args[0])?, integer(&args[1]))?,
});
changes!(PnCounter, |state, args, writer| {
    "increment" => state.increment(&actor(&args[0])?)?,
    "decrement" => state.decrement(&actor(&args[0])?)?,
    "incrementBy" => state.increment_by(&actor(&args[0])?, integer(&args[1]))?,
});
changes!(GSet, |state, args, writer| {
    "add" => state.add(value(&args[0])?)?,
});
changes!(TwoPhaseSet, |state, args, writer| {
    "add" => state.add(value(&args[0])?)?,
    "remove" => state.remove(value(&args[0])?)?,
});
changes!(OrSet, |state, args, writer| {
    "add" => state.add(writer.unwrap(), value(&args[0])?)?,
    "addWithTag" => state.add_with_tag(value(&args[0])?, args[1].as_str().unwrap())?,
    "remove" => state.remove(&value(&args[0])?),
});
changes!(LwwElementSet, |state, args, writer| {
    "add" => state.add(value(&args[0])?, state.unit().stamp(number(&args[1]))?)?,
    "remove" => state.remove(value(&args[0])?, state.unit().stamp(number(&args[1]))?)?,
});
changes!(LwwRegister, |state, args, writer| {
    "set" => state.set_at(value(&args[0])?, state.unit().stamp(number(&args[1]))?, actor(&args[2])?)?,
});
changes!(LwwNumericRegister, |state, args, writer| {
    "set" => state.set_at(number(&args[0]), state.unit().stamp(number(&args[1]))?, Some(actor(&args[2])?))?,
});
changes!(LwwMap, |state, args, writer| {
    "set" => {
        let stamp = state.unit().stamp(number(&args[2]))?;
        state.set_at(text(&args[0]), value(&args[1])?, stamp, actor(&args[3])?)?
    },
    "remove" => state.remove_at(text(&args[0]), state.unit().stamp(number(&args[1]))?, actor(&args[2])?),
});
changes!(MvRegister, |state, args, writer| {
    "write" => state.write(writer.unwrap(), value(&args[0])?)?,
    "resolve" => state.resolve(writer.unwrap(), value(&args[0])?)?,
    "set" => {
        let entries = args[1].as_object().unwrap();
        let clock = entries.iter().map(|(key, n)| (ActorKey::new(key).unwrap(), n.as_u64().unwrap())).collect();
        state.set(value(&args[0])?, clock)?
    },
});
changes!(SkillAccumulator, |state, args, writer| {
    "updateSkill" => state.update(writer.unwrap(), text(&args[0]), number(&args[1]), number(&args[2]))?,
});
changes!(EpisodeMemory, |state, args, writer| {
    "add" => state.add(episode(&args[0])?)?,
    "link" => state.link(text(&args[0]), text(&args[1])),
});
changes!(BeliefState, |state, args, writer| {
    "update" => state.update(writer.unwrap(), &belief(&args[0])?)?,
    "addEvidenceFor" => state.add_evidence_for(writer.unwrap(), text(&args[0]), number(&args[1]))?,
    "addEvidenceAgainst" => state.add_evidence_against(writer.unwrap(), text(&args[0]), number(&args[1]))?,
});
changes!(AgentState, |state, args, writer| {
    "tick" => state.tick(writer.unwrap())?,
    "updateSkill" => state.update_skill(writer.unwrap(), text(&args[0]), number(&args[1]), number(&args[2]))?,
    "addEpisode" => state.add_episode(writer.unwrap(), episode(&args[0])?)?,
    "updateBelief" => state.update_belief(writer.unwrap(), &belief(&args[0])?)?,
});
changes!(MerkleDag, |state, args, writer| {
    "add" => state.add(writer.unwrap(), value(&args[0])?)?,
});

fn text(json: &Json) -> &str {
    json.as_str().unwrap()
}

fn actor(json: &Json) -> Result<ActorKey, CrdtError> {
    ActorKey::new(text(json))
}

fn integer(json: &Json) -> i128 {
    json.get("$int").map_or_else(|| json.as_i64().unwrap().into(), |digits| text(digits).parse().unwrap())
}

fn number(json: &Json) -> f64 {
    json.get("$int").map_or_else(|| json.as_f64().unwrap(), |digits| text(digits).parse().unwrap())
}

fn value(json: &Json) -> Result<Value, CrdtError> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(number) => Value::float(number.as_f64().unwrap())?,
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::Array(items.iter().map(value).collect::<Result<_, _>>()?),
        Json::Object(fields) if fields.contains_key("$int") => {
            let number = integer(json);
            u64::try_from(number).map_or_else(|_| Value::from(i64::try_from(number).unwrap()), Value::from)
        }
        Json::Object(fields) if fields.contains_key("$bytes") => {
            Value::bytes(hex::decode(text(&fields["$bytes"])).unwrap())
        }
        Json::Object(fields) if fields.contains_key("$float") => Value::float(f64::NAN)?,
        Json::Object(fields) => {
            let fields = fields.iter().map(|(key, item)| Ok((Value::from(key.as_str()), value(item)?)));
            Value::map(fields.collect::<Result<Vec<_>, CrdtError>>()?)
        }
    })
}

fn episode(json: &Json) -> Result<Episode, CrdtError> {
    Ok(Episode {
        id: text(&json["id"]).to_owned(),
        content: value(&json["content"])?,
        context: value(&json["context"])?,
        outcome: value(&json["outcome"])?,
        timestamp: number(&json["timestamp"]),
        importance: number(&json["importance"]),
        tags: json["tags"].as_array().unwrap().iter().map(|tag| text(tag).to_owned()).collect(),
    })
}

fn belief(json: &Json) -> Result<Belief, CrdtError> {
    Ok(Belief {
        id: text(&json["id"]).to_owned(),
        content: value(&json["content"])?,
        conviction: number(&json["conviction"]),
        evidence_for: json["evidenceFor"].as_u64().unwrap().into(),
        evidence_against: json["evidenceAgainst"].as_u64().unwrap().into(),
        last_updated: number(&json["lastUpdated"]),
        source: value(&json["source"])?,
    })
}
