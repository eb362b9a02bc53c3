//! Merging memory records of the Python API: plain maps with camel-case fields, as they cross to other languages.
//!
//! Each record is brought into one form, in which what joins is a set, a minimum or a maximum, votes are keyed by who
//! gave them, and all the rest is one last-writer record. On such forms merging is commutative, associative and idempotent.
//! Arguments are never changed.

mod join;
mod record;
mod votes;

use std::cmp::Ordering;

use crate::error::CrdtError;
use crate::sorted::SortedMap;
use crate::value::Value;
use join::{Join, order};
use record::{Fields, extract, fields, insert, inside, list, value, within};
use votes::Votes;

/// Merges lists of episodic (or working) memories: records with a `memoryId`. The result is sorted by it.
///
/// # Errors
/// [`CrdtError::WrongShape`] for what is not such a record, [`CrdtError::ContentMismatch`] for two contents under one id
/// that is a hash of content, [`CrdtError::NotFinite`] and [`CrdtError::OutOfRange`] for confidences that are not such.
pub fn merge_episodic_memories(ours: &[Value], theirs: &[Value]) -> Result<Vec<Value>, CrdtError> {
    merge_records(ours, theirs, "memoryId", &["content"])
}

/// Merges lists of semantic memories: records with a `knowledgeId`. The result is sorted by it.
///
/// # Errors
/// As [`merge_episodic_memories`].
pub fn merge_semantic_memories(ours: &[Value], theirs: &[Value]) -> Result<Vec<Value>, CrdtError> {
    merge_records(ours, theirs, "knowledgeId", &["fact", "content"])
}

/// Merges the states of two instances of one agent.
///
/// Memories merge by their ids, clocks join both sides, `totalMemories` is the sum of the three lists. `instanceId` and
/// `lastSync` are local: the first argument's. The rest is that of the state with the greater `lamportClock`.
///
/// # Errors
/// As [`merge_episodic_memories`], and [`CrdtError::AgentMismatch`] for states of different agents.
pub fn merge_memory_states(ours: &Value, theirs: &Value) -> Result<Value, CrdtError> {
    const LISTS: [&str; 3] = ["workingMemories", "episodicMemories", "semanticMemories"];
    let (mut one, mut two) = (fields(ours)?, fields(theirs)?);
    if let (Some(a), Some(b)) = (one.get("agentId"), two.get("agentId"))
        && a != b
    {
        return Err(CrdtError::AgentMismatch);
    }
    let mut local = Fields::new();
    for name in ["instanceId", "lastSync"] {
        local.extend(one.remove_entry(name));
        two.remove(name);
    }
    let mut joined = Fields::new();
    let mut total = 0u64;
    for name in LISTS {
        let (a, b) = (list(one.remove(name))?, list(two.remove(name))?);
        let merged = if name == "semanticMemories" {
            merge_semantic_memories(&a, &b)?
        } else {
            merge_episodic_memories(&a, &b)?
        };
        total += merged.len() as u64;
        joined.insert(name.to_owned(), Value::Array(merged));
    }
    joined.insert("totalMemories".to_owned(), Value::from(total));
    for state in [&mut one, &mut two] {
        state.remove("totalMemories");
    }
    let lamport = |fields: &mut Fields| extract(fields, Join::Max, "lamportClock");
    let (a, b) = (lamport(&mut one)?, lamport(&mut two)?);
    let vector = |fields: &mut Fields| extract(fields, Join::Vector, "vectorClock");
    insert(&mut joined, "vectorClock", Join::Vector.apply(vector(&mut one)?, vector(&mut two)?)?);
    let (first, second) = (Key::of(a.as_ref(), None, "", &one)?, Key::of(b.as_ref(), None, "", &two)?);
    insert(&mut joined, "lamportClock", Join::Max.apply(a, b)?);
    let mut merged = if second > first { two } else { one };
    merged.extend(joined);
    merged.extend(local);
    Ok(value(merged))
}

/// The fields that join by themselves, in the order of their paths.
const JOINS: [(&[&str], Join); 12] = [
    (&["alternatePhrasings"], Join::Union),
    (&["causality", "parentMemories"], Join::Union),
    (&["convergence", "iterations"], Join::Max),
    (&["convergence", "sources"], Join::Union),
    (&["crdt", "addedBy"], Join::Union),
    (&["crdt", "firstAdded"], Join::Min),
    (&["crdt", "lastModified"], Join::Max),
    (&["crdt", "version"], Join::Max),
    (&["evidence"], Join::Union),
    (&["gossip", "seenBy"], Join::Union),
    (&["logicalTime", "lamportTime"], Join::Max),
    (&["logicalTime", "vectorTime"], Join::Vector),
];
const MODIFIED: usize = 6;
const LAMPORT: usize = 10;

/// A memory record in the form in which it merges.
struct Form {
    joined: [Option<Value>; JOINS.len()],
    votes: Option<Votes>,
    /// What the id is the hash of, where it is one: no two can differ, and a record without it gains it.
    contents: Fields,
    /// What is left, of the record with the greatest key.
    rest: Fields,
}

fn merge_records(
    ours: &[Value],
    theirs: &[Value],
    id: &str,
    contents: &[&str],
) -> Result<Vec<Value>, CrdtError> {
    let mut by_id: SortedMap<String, Form> = SortedMap::new();
    for record in ours.iter().chain(theirs) {
        let mut form = Form::of(record)?;
        let name = form
            .rest
            .get(id)
            .and_then(Value::as_text)
            .ok_or(CrdtError::WrongShape("record without its id"))?;
        let name = name.to_owned();
        if is_content_hash(&name) {
            form.take_contents(contents);
        }
        let merged = match by_id.remove(&name) {
            None => form,
            Some(known) => known.merge(form)?,
        };
        by_id.insert(name, merged);
    }
    Ok(by_id.into_iter().map(|(_, form)| form.into_value()).collect())
}

impl Form {
    fn of(record: &Value) -> Result<Self, CrdtError> {
        let mut rest = fields(record)?;
        let votes = Votes::extract(&mut rest)?;
        let mut joined = [const { None }; JOINS.len()];
        for (slot, (path, join)) in joined.iter_mut().zip(JOINS) {
            *slot = match path {
                [name] => extract(&mut rest, join, name)?,
                [parent, name] => within(&mut rest, parent, |inner| extract(inner, join, name))?,
                _ => None,
            };
        }
        Ok(Self { joined, votes, contents: Fields::new(), rest })
    }

    fn take_contents(&mut self, names: &[&str]) {
        let taken = names.iter().filter_map(|name| self.rest.remove_entry(*name));
        self.contents.extend(taken.collect::<Vec<_>>());
    }

    fn merge(self, other: Self) -> Result<Self, CrdtError> {
        let mut contents = self.contents.clone();
        for (name, content) in &other.contents {
            if contents.insert(name.clone(), content.clone()).is_some_and(|known| known != *content) {
                return Err(CrdtError::ContentMismatch);
            }
        }
        let rest = if other.key()? > self.key()? { other.rest } else { self.rest };
        let mut joined = [const { None }; JOINS.len()];
        for ((slot, (_, join)), (a, b)) in
            joined.iter_mut().zip(JOINS).zip(self.joined.into_iter().zip(other.joined))
        {
            *slot = join.apply(a, b)?;
        }
        let votes = match (self.votes, other.votes) {
            (Some(a), Some(b)) => Some(a.merge(b)),
            (a, b) => a.or(b),
        };
        Ok(Self { joined, votes, contents, rest })
    }

    /// Which rest counts. The time is the one that the merged record has too, so that the order of merging is no matter.
    fn key(&self) -> Result<Key, CrdtError> {
        let text = |parent: &str, name: &str| {
            let inner = self.rest.get(parent).and_then(|inner| inner.get(name));
            inner.and_then(Value::as_text).unwrap_or("").to_owned()
        };
        let mut writer = text("logicalTime", "instanceId");
        if writer.is_empty() {
            writer = text("gossip", "originInstance");
        }
        Key::of(self.joined[LAMPORT].as_ref(), self.joined[MODIFIED].as_ref(), &writer, &self.rest)
    }

    fn into_value(self) -> Value {
        let mut record = self.rest;
        record.extend(self.contents);
        for (found, (path, _)) in self.joined.into_iter().zip(JOINS) {
            match path {
                [name] => insert(&mut record, name, found),
                [parent, name] if found.is_some() => {
                    inside(&mut record, parent, |inner| insert(inner, name, found))
                }
                _ => {}
            }
        }
        if let Some(votes) = self.votes {
            votes.put(&mut record);
        }
        value(record)
    }
}

/// The order of rests: time, writer, digest.
#[derive(PartialEq)]
struct Key {
    time: Time,
    writer: String,
    digest: [u8; 16],
}

/// When a record was written. A modification time says more than a count of events.
#[derive(PartialEq)]
enum Time {
    Unknown,
    Lamport(Value),
    Modified(Value),
}

impl Key {
    fn of(
        lamport: Option<&Value>,
        modified: Option<&Value>,
        writer: &str,
        rest: &Fields,
    ) -> Result<Self, CrdtError> {
        let time = match (modified, lamport) {
            (Some(modified), _) => Time::Modified(modified.clone()),
            (None, Some(lamport)) => Time::Lamport(lamport.clone()),
            (None, None) => Time::Unknown,
        };
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(&value(rest.clone()).to_bytes()?).as_bytes()[..16]);
        Ok(Self { time, writer: writer.to_owned(), digest })
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let time = match (&self.time, &other.time) {
            (Time::Modified(a), Time::Modified(b)) | (Time::Lamport(a), Time::Lamport(b)) => {
                order(a, b).ok()?
            }
            (a, b) => a.rank().cmp(&b.rank()),
        };
        Some(time.then_with(|| self.writer.cmp(&other.writer)).then_with(|| self.digest.cmp(&other.digest)))
    }
}

impl Time {
    fn rank(&self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Lamport(_) => 1,
            Self::Modified(_) => 2,
        }
    }
}

/// Whether an id is the hexadecimal of a 256-, 384- or 512-bit hash.
fn is_content_hash(id: &str) -> bool {
    matches!(id.len(), 64 | 96 | 128) && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
        Value::map(fields)
    }

    fn texts(list: &[&str]) -> Value {
        Value::array(list.iter().copied())
    }

    fn memory(id: &str, content: &str, modified: u64, verifiers: &[&str]) -> Value {
        let scores = Value::array(verifiers.iter().map(|_| Value::float(0.9).unwrap()));
        object([
            ("memoryId", Value::from(id)),
            ("content", Value::from(content)),
            (
                "crdt",
                object([
                    ("crdtType", Value::from("g-set")),
                    ("addedBy", texts(&["a"])),
                    ("firstAdded", Value::from(modified)),
                    ("lastModified", Value::from(modified)),
                    ("version", Value::from(1u8)),
                ]),
            ),
            (
                "validation",
                object([
                    ("verifiedBy", texts(verifiers)),
                    ("confidenceScores", scores),
                    ("median", Value::from(0u8)),
                ]),
            ),
        ])
    }

    fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
        path.iter().fold(value, |value, name| value.get(*name).unwrap())
    }

    #[test]
    fn merging_with_a_copy_adds_no_votes() {
        let one = memory("m", "x", 1, &["p", "q"]);
        let merged = merge_episodic_memories(std::slice::from_ref(&one), std::slice::from_ref(&one)).unwrap();
        assert_eq!(at(&merged[0], &["validation", "verifiedBy"]), &texts(&["p", "q"]));
        assert_eq!(at(&merged[0], &["validation", "confidenceScores"]).as_array().unwrap().len(), 2);
        // Not even when a record lists a verifier twice by itself; and then his smaller confidence counts.
        let mut twice = memory("m", "x", 1, &["p", "q", "p"]);
        if let Value::Map(fields) = &mut twice {
            let scores = Value::array([0.9, 0.8, 0.2].map(|score| Value::float(score).unwrap()));
            let validation = object([
                ("verifiedBy", texts(&["p", "q", "p"])),
                ("confidenceScores", scores),
                ("median", Value::Null),
            ]);
            fields.insert("validation".into(), validation);
        }
        let merged = merge_episodic_memories(&[twice], &[one]).unwrap();
        let scores = at(&merged[0], &["validation", "confidenceScores"]);
        assert_eq!(scores, &Value::array([0.2, 0.8].map(|score| Value::float(score).unwrap())));
        assert_eq!(at(&merged[0], &["validation", "median"]).as_f64(), Some(f64::midpoint(0.2, 0.8)));
    }

    #[test]
    fn versions_settle_and_the_later_content_wins_on_both_sides() {
        let (one, two) = (memory("m", "old", 1, &["p"]), memory("m", "new", 2, &["q"]));
        let merged = merge_episodic_memories(std::slice::from_ref(&one), std::slice::from_ref(&two)).unwrap();
        assert_eq!(merged, merge_episodic_memories(&[two], &[one]).unwrap());
        assert_eq!(merged, merge_episodic_memories(&merged, &merged).unwrap());
        assert_eq!(at(&merged[0], &["content"]).as_text(), Some("new"));
        assert_eq!(at(&merged[0], &["crdt", "version"]).as_u64(), Some(1));
        assert_eq!(at(&merged[0], &["crdt", "firstAdded"]).as_u64(), Some(1));
        assert_eq!(at(&merged[0], &["crdt", "lastModified"]).as_u64(), Some(2));
        assert_eq!(at(&merged[0], &["crdt", "crdtType"]).as_text(), Some("g-set"));
    }

    #[test]
    fn a_content_hash_has_one_content() {
        let id = "0".repeat(96);
        let (one, two) = (memory(&id, "x", 1, &[]), memory(&id, "y", 2, &[]));
        assert_eq!(merge_episodic_memories(&[one], &[two]), Err(CrdtError::ContentMismatch));
        let fact =
            |fact: &str| object([("knowledgeId", Value::from(id.as_str())), ("fact", Value::from(fact))]);
        assert_eq!(merge_semantic_memories(&[fact("x")], &[fact("y")]), Err(CrdtError::ContentMismatch));
    }

    #[test]
    fn a_record_without_the_content_of_its_hash_does_not_hide_another_content() {
        let id = "0".repeat(64);
        let bare = object([
            ("memoryId", Value::from(id.as_str())),
            ("crdt", object([("lastModified", Value::from(9u8))])),
        ]);
        let (x, y) = (memory(&id, "x", 1, &[]), memory(&id, "y", 2, &[]));
        let merged = merge_episodic_memories(&[x], &[bare]).unwrap();
        assert_eq!(at(&merged[0], &["content"]).as_text(), Some("x"));
        assert_eq!(merge_episodic_memories(&merged, &[y]), Err(CrdtError::ContentMismatch));
    }

    #[test]
    fn semantic_fields_join() {
        let fact = |phrase: &str, iterations: u64, lamport: u64| {
            object([
                ("knowledgeId", Value::from("k")),
                ("fact", Value::from(phrase)),
                ("alternatePhrasings", texts(&[phrase])),
                ("evidence", texts(&[phrase, "both"])),
                (
                    "convergence",
                    object([("sources", texts(&[phrase])), ("iterations", Value::from(iterations))]),
                ),
                (
                    "logicalTime",
                    object([
                        ("lamportTime", Value::from(lamport)),
                        ("vectorTime", object([(phrase, Value::from(lamport))])),
                    ]),
                ),
            ])
        };
        let (one, two) = (fact("x", 3, 9), fact("y", 2, 4));
        let merged = merge_semantic_memories(std::slice::from_ref(&one), std::slice::from_ref(&two)).unwrap();
        assert_eq!(merged, merge_semantic_memories(&[two], &[one]).unwrap());
        assert_eq!(at(&merged[0], &["fact"]).as_text(), Some("x"));
        assert_eq!(at(&merged[0], &["evidence"]), &texts(&["x", "y", "both"]));
        assert_eq!(at(&merged[0], &["convergence", "iterations"]).as_u64(), Some(3));
        assert_eq!(
            at(&merged[0], &["logicalTime", "vectorTime"]),
            &object([("x", Value::from(9u8)), ("y", Value::from(4u8))])
        );
    }

    #[test]
    fn states_join_their_clocks_and_count_their_memories() {
        let state = |instance: &str, vector: [u64; 2], lamport: u64, memories: &[Value]| {
            object([
                ("instanceId", Value::from(instance)),
                ("agentId", Value::from("ada")),
                ("episodicMemories", Value::array(memories.iter().cloned())),
                ("vectorClock", Value::array(vector)),
                ("lamportClock", Value::from(lamport)),
                ("lastSync", Value::from(lamport)),
                ("totalMemories", Value::from(77u8)),
                ("coreMemory", Value::from(instance)),
            ])
        };
        let one = state("i", [5, 0], 5, &[memory("a", "x", 1, &[]), memory("c", "x", 1, &[])]);
        let two = state("j", [0, 3], 3, &[memory("b", "x", 1, &[]), memory("c", "x", 1, &[])]);
        let (merged, other) =
            (merge_memory_states(&one, &two).unwrap(), merge_memory_states(&two, &one).unwrap());
        assert_eq!(at(&merged, &["vectorClock"]), &Value::array([5u8, 3]));
        assert_eq!(
            (at(&merged, &["lamportClock"]).as_u64(), at(&merged, &["totalMemories"]).as_u64()),
            (Some(5), Some(3))
        );
        let ids: Vec<_> = at(&merged, &["episodicMemories"])
            .as_array()
            .unwrap()
            .iter()
            .map(|one| at(one, &["memoryId"]).as_text())
            .collect();
        assert_eq!(ids, [Some("a"), Some("b"), Some("c")]);
        assert_eq!(at(&merged, &["coreMemory"]).as_text(), Some("i"));
        // What is local is all that differs between the sides.
        assert_eq!(
            (at(&merged, &["instanceId"]).as_text(), at(&other, &["instanceId"]).as_text()),
            (Some("i"), Some("j"))
        );
        assert_eq!(
            (at(&merged, &["lastSync"]).as_u64(), at(&other, &["lastSync"]).as_u64()),
            (Some(5), Some(3))
        );
        let shared = |state: &Value| {
            let mut fields = fields(state).unwrap();
            fields.retain(|name, _| !["instanceId", "lastSync"].contains(&&**name));
            fields
        };
        assert_eq!(shared(&merged), shared(&other));
        let stranger = object([("agentId", Value::from("bob"))]);
        assert_eq!(merge_memory_states(&one, &stranger), Err(CrdtError::AgentMismatch));
    }

    #[test]
    fn what_is_not_a_record_is_refused() {
        let good = memory("m", "x", 1, &["p"]);
        let with = |name: &str, value: Value| {
            let mut fields = fields(&good).unwrap();
            fields.insert(name.into(), value);
            Value::map(fields)
        };
        let validation = |verifiers: Value, scores: Value| {
            with("validation", object([("verifiedBy", verifiers), ("confidenceScores", scores)]))
        };
        let bad = [
            Value::Null,
            Value::array([1u8]),
            with("memoryId", Value::from(7u8)),
            with("crdt", Value::from(7u8)),
            with("crdt", object([("addedBy", Value::from(7u8))])),
            with("crdt", object([("version", Value::array([1u8]))])),
            with("logicalTime", object([("vectorTime", texts(&["x"]))])),
            validation(texts(&["p"]), Value::array([1u8, 1])),
            validation(texts(&["p"]), Value::array([7u8])),
            validation(Value::array([7u8]), Value::array([1u8])),
        ];
        for record in bad {
            assert!(merge_episodic_memories(std::slice::from_ref(&good), &[record]).is_err());
        }
        let place = with("logicalTime", object([("vectorTime", Value::array([1u8]))]));
        let name = with("logicalTime", object([("vectorTime", object([("a", Value::from(1u8))]))]));
        assert!(matches!(merge_episodic_memories(&[place], &[name]), Err(CrdtError::WrongShape(_))));
    }
}
