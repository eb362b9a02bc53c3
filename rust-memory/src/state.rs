//! The fold: what a set of commits says, independent of their order and of whom one trusts.
//!
//! A record is known by its leaf and its author, so that a copy of somebody's record in another journal is
//! the copier's statement and gives no power over the original. Supersede and forget count only from the
//! target's own author, in the target's namespace. Equal notes of one author in one namespace form a group: one entry, several occasions.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrysalis_crdt::Stamp;
use chrysalis_crypto::commit::{RecordHeader, WriterId};
use chrysalis_crypto::merkle::Hash;
use chrysalis_journal::{Commit, Position, StoredRecord};

use crate::identity::AgentKey;
use crate::namespace::NamespaceId;
use crate::note::{Forget, KIND_FORGET, KIND_REMEMBER, KIND_SUPERSEDE, Note, Supersede};
use crate::trust::Trust;

/// A record's identity: its leaf and who signed it.
pub(crate) type RecordKey = (Hash, AgentKey);
/// Index of a commit in the state, in order of admission: local to this process.
pub(crate) type CommitRef = u32;
/// Index of a group, likewise local.
pub(crate) type GroupRef = u32;
/// Everything one author remembered of one source in one namespace.
pub(crate) type SourceKey = (AgentKey, NamespaceId, String);

/// What is kept of a commit.
#[derive(Debug)]
pub(crate) struct CommitInfo {
    pub(crate) hash: Hash,
    pub(crate) previous: Hash,
    pub(crate) writer: WriterId,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) time: Stamp,
    pub(crate) position: Position,
}

/// What is kept of a record.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) kind: u16,
    pub(crate) namespace: NamespaceId,
    /// What its header says; see [`State::time_of`].
    said: Stamp,
    pub(crate) occurred_ms: Option<u64>,
    /// Where it stands: more than one place only where a writer forked or repeated itself.
    pub(crate) places: Vec<(CommitRef, u32)>,
    pub(crate) group: Option<GroupRef>,
    /// Whether the content is here, and was not forgotten.
    pub(crate) held: bool,
}

/// What a statement of an author says about one of its own records.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) forget: bool,
    pub(crate) replacements: Arc<[Hash]>,
}

/// Equal notes of one author in one namespace.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) author: AgentKey,
    pub(crate) namespace: NamespaceId,
    pub(crate) note: Note,
    pub(crate) members: BTreeSet<Hash>,
}

/// What a group looks like at answer time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Standing {
    /// The member that stands for the group: the earliest one not revoked, ties by leaf.
    pub(crate) representative: RecordKey,
    /// When it last happened or was said, in milliseconds since 1970.
    pub(crate) latest_ms: u64,
    /// When it was first known: said, or happened where that was earlier.
    pub(crate) known_ms: u64,
    /// How often it was said.
    pub(crate) occasions: u32,
    /// Whether every live member lies beyond what is accepted of a revoked key.
    pub(crate) revoked: bool,
}

/// Which commits of revoked keys are accepted, of those that are here.
#[derive(Debug, Default)]
pub(crate) struct Revocations(HashMap<AgentKey, HashSet<Hash>>);

impl Revocations {
    fn accepts(&self, commit: &CommitInfo) -> bool {
        self.0
            .get(&AgentKey::from_bytes(commit.writer.key))
            .is_none_or(|accepted| accepted.contains(&commit.hash))
    }
}

/// Two commits that one writer signed for the same place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fork {
    /// The writer.
    pub writer: WriterId,
    /// Both commit hashes, the smaller first.
    pub commits: [Hash; 2],
}

/// The fold of all commits admitted so far.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) commits: Vec<CommitInfo>,
    pub(crate) records: BTreeMap<RecordKey, Record>,
    pub(crate) groups: Vec<Group>,
    pub(crate) sources: BTreeMap<SourceKey, BTreeSet<GroupRef>>,
    /// Groups that changed since they were last taken with [`State::take_changed`].
    changed: BTreeSet<GroupRef>,
    /// Targets, and what is said of each by the leaf of the statement; its author is the target's.
    marks: BTreeMap<RecordKey, BTreeMap<Hash, Mark>>,
    by_hash: HashMap<Hash, CommitRef>,
    /// By the commit they follow, the successor with the smallest hash.
    successors: HashMap<(WriterId, Hash), CommitRef>,
    forks: BTreeMap<WriterId, [Hash; 2]>,
    group_of: HashMap<(AgentKey, NamespaceId, Hash), GroupRef>,
    revocations: Revocations,
    /// Whether commits of a revoked key arrived since [`State::revoke`]: what is accepted may reach further now.
    revocations_due: bool,
    frontier: BTreeMap<WriterId, (u64, Hash)>,
    greatest: Stamp,
    withheld: u64,
    /// Whether a forget statement or one of its targets arrived since [`State::drop_forgotten`] last looked.
    erasure_due: bool,
}

impl State {
    /// Takes in one admitted commit. The order of commits makes no difference, nor does repeating one. A commit without
    /// a signature, which a journal may hold and no import admits, says nothing.
    pub(crate) fn admit(&mut self, commit: Commit) {
        if commit.signature.is_none() || self.by_hash.contains_key(&commit.hash) {
            return;
        }
        let at = CommitRef::try_from(self.commits.len()).expect("2^32 commits do not fit in memory");
        self.note_fork(&commit, at);
        self.by_hash.insert(commit.hash, at);
        self.greatest = self.greatest.max(Stamp::from_bits(commit.header.time));
        let reached = (commit.header.last(), commit.hash);
        let furthest = self.frontier.entry(commit.header.writer).or_insert(reached);
        *furthest = (*furthest).max(reached);
        self.commits.push(CommitInfo {
            hash: commit.hash,
            previous: commit.header.previous,
            writer: commit.header.writer,
            first: commit.header.first,
            last: commit.header.last(),
            time: Stamp::from_bits(commit.header.time),
            position: commit.position,
        });
        let author = AgentKey::from_bytes(commit.header.writer.key);
        self.revocations_due |= self.revocations.0.contains_key(&author);
        for (index, record) in (0..).zip(commit.records) {
            match record {
                StoredRecord::Full { header, content, .. } => {
                    self.admit_record(author, &header, Some(&content), (at, index));
                }
                StoredRecord::Erased { header } => {
                    self.admit_record(author, &header, None, (at, index));
                }
                StoredRecord::Withheld { .. } => self.withheld += 1,
            }
        }
    }

    /// Whether [`revoke`](Self::revoke) must be called before anything is shown.
    pub(crate) fn are_revocations_due(&self) -> bool {
        self.revocations_due
    }

    /// Applies a trust: which commits of revoked keys still count, of those that are here. Every group may look
    /// different.
    pub(crate) fn revoke(&mut self, trust: &Trust) {
        let mut revoked = HashMap::new();
        for (key, statement) in trust.iter() {
            let Some(last_accepted) = &statement.revoked else { continue };
            let mut accepted = HashSet::new();
            for last in last_accepted {
                let mut next = Some(last.commit);
                while let Some(info) = next.and_then(|hash| self.commit(&hash)) {
                    if info.writer.key != *key.as_bytes() || !accepted.insert(info.hash) {
                        break;
                    }
                    next = Some(info.previous);
                }
            }
            revoked.insert(*key, accepted);
        }
        self.revocations = Revocations(revoked);
        self.revocations_due = false;
        self.erasure_due = true;
        self.changed.extend(0..GroupRef::try_from(self.groups.len()).expect("groups are counted in 32 bits"));
    }

    /// Whether any group changed since [`take_changed`](Self::take_changed) was last called.
    pub(crate) fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The groups that changed since this was last called.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<GroupRef> {
        std::mem::take(&mut self.changed)
    }

    /// What a group looks like now; `None` when no member of it is live.
    pub(crate) fn standing(&self, group: GroupRef) -> Option<Standing> {
        let group = &self.groups[group as usize];
        let live = || {
            group.members.iter().filter_map(|leaf| {
                let key = (*leaf, group.author);
                let record = self.records.get(&key)?;
                (record.held && !self.is_marked(&key)).then(|| (key, self.time_of(record), record))
            })
        };
        let (representative, _, first) =
            live().min_by_key(|(key, time, record)| (self.is_revoked(record), *time, key.0))?;
        let happened = |time: Stamp, record: &Record| record.occurred_ms.unwrap_or(time.ms());
        Some(Standing {
            representative,
            latest_ms: live().map(|(_, time, record)| happened(time, record)).max()?,
            known_ms: live().map(|(_, time, record)| happened(time, record).min(time.ms())).min()?,
            occasions: u32::try_from(live().count()).unwrap_or(u32::MAX),
            revoked: self.is_revoked(first),
        })
    }

    /// The live members of a group.
    pub(crate) fn live_members(&self, group: GroupRef) -> Vec<Hash> {
        let group = &self.groups[group as usize];
        let is_live = |leaf: &Hash| {
            let key = (*leaf, group.author);
            self.records.get(&key).is_some_and(|record| record.held) && !self.is_marked(&key)
        };
        group.members.iter().copied().filter(is_live).collect()
    }

    /// Whether the record was superseded or forgotten by commits that count.
    pub(crate) fn is_marked(&self, key: &RecordKey) -> bool {
        self.counted_marks(key).next().is_some()
    }

    /// What replaced a record, by commits that count.
    pub(crate) fn replacements(&self, key: &RecordKey) -> BTreeSet<Hash> {
        self.counted_marks(key).flat_map(|mark| mark.replacements.iter().copied()).collect()
    }

    /// Whether every place of the record lies beyond what is accepted of a revoked key.
    pub(crate) fn is_revoked(&self, record: &Record) -> bool {
        record.places.iter().all(|(at, _)| !self.revocations.accepts(&self.commits[*at as usize]))
    }

    /// When a record was said: by its header, or by the earliest accepted commit that holds it where that is earlier.
    /// Commits that are not accepted count only where there are no others.
    pub(crate) fn time_of(&self, record: &Record) -> Stamp {
        let commits = || record.places.iter().map(|(at, _)| &self.commits[*at as usize]);
        let accepted =
            commits().filter(|commit| self.revocations.accepts(commit)).map(|commit| commit.time).min();
        let earliest = accepted.or_else(|| commits().map(|commit| commit.time).min());
        earliest.map_or(record.said, |earliest| earliest.min(record.said))
    }

    /// Whether anything arrived since [`drop_forgotten`](Self::drop_forgotten) that could give it something to do.
    pub(crate) fn is_erasure_due(&self) -> bool {
        self.erasure_due
    }

    /// Drops the text of remembered records whose author asked for their erasure, and gives which: they are still to be
    /// erased from the store. A statement keeps its content: without it nobody who comes later could tell what it said.
    pub(crate) fn drop_forgotten(&mut self) -> Vec<RecordKey> {
        if !std::mem::take(&mut self.erasure_due) {
            return Vec::new();
        }
        let held = |key: &RecordKey| {
            self.records.get(key).is_some_and(|record| record.held && record.kind == KIND_REMEMBER)
        };
        let due: Vec<RecordKey> = self
            .marks
            .keys()
            .filter(|key| held(key) && self.counted_marks(key).any(|mark| mark.forget))
            .copied()
            .collect();
        for key in &due {
            self.drop_text(key);
        }
        due
    }

    /// The commit a record is shown from, and its index there: of several places the one that is accepted and
    /// has the smallest hash.
    pub(crate) fn first_place(&self, record: &Record) -> (&CommitInfo, u32) {
        let place = |(at, index): &(CommitRef, u32)| (&self.commits[*at as usize], *index);
        record
            .places
            .iter()
            .map(place)
            .min_by_key(|(commit, index)| (!self.revocations.accepts(commit), commit.hash, *index))
            .expect("a record is admitted with a place")
    }

    pub(crate) fn commit(&self, hash: &Hash) -> Option<&CommitInfo> {
        self.by_hash.get(hash).map(|at| &self.commits[*at as usize])
    }

    pub(crate) fn fork(&self, writer: &WriterId) -> Option<Fork> {
        self.forks.get(writer).map(|commits| Fork { writer: *writer, commits: *commits })
    }

    pub(crate) fn forks(&self) -> impl Iterator<Item = Fork> {
        self.forks.iter().map(|(writer, commits)| Fork { writer: *writer, commits: *commits })
    }

    /// Up to where each writer was read: the greatest sequence number and its commit. Of the branches of a
    /// fork it names the one that is longest, ties by hash.
    pub(crate) fn frontier(&self) -> &BTreeMap<WriterId, (u64, Hash)> {
        &self.frontier
    }

    /// The greatest hybrid time admitted.
    pub(crate) fn greatest(&self) -> Stamp {
        self.greatest
    }

    /// How many records are here as leaves only.
    pub(crate) fn withheld(&self) -> u64 {
        self.withheld
    }

    /// Canonical bytes of every namespace: its records with kind and status, in order of leaf and author.
    ///
    /// Trust has no part in it, nor has what content this store holds.
    pub(crate) fn canonical(&self) -> BTreeMap<NamespaceId, Vec<u8>> {
        let mut namespaces: BTreeMap<_, Vec<u8>> = BTreeMap::new();
        for (key, record) in &self.records {
            let bytes = namespaces.entry(record.namespace).or_default();
            bytes.extend_from_slice(&key.0);
            bytes.extend_from_slice(key.1.as_bytes());
            bytes.extend_from_slice(&record.kind.to_le_bytes());
            let marks = || self.marks_of(key).map(|(mark, _)| mark);
            bytes.push(if marks().any(|mark| mark.forget) { 2 } else { u8::from(marks().next().is_some()) });
        }
        namespaces
    }

    /// What is said of a record by statements that some accepted commit holds.
    fn counted_marks(&self, key: &RecordKey) -> impl Iterator<Item = &Mark> {
        self.marks_of(key).filter(|(_, statement)| !self.is_revoked(statement)).map(|(mark, _)| mark)
    }

    /// What is said of a record, and by which. Only statements in the record's own namespace count: what a namespace
    /// says must not depend on another one, which not everybody holds.
    fn marks_of(&self, key: &RecordKey) -> impl Iterator<Item = (&Mark, &Record)> {
        let namespace = self.records.get(key).map(|record| record.namespace);
        let marks = self.marks.get(key).into_iter().flatten();
        marks
            .map(|(by, mark)| (mark, &self.records[&(*by, key.1)]))
            .filter(move |(_, statement)| Some(statement.namespace) == namespace)
    }

    fn note_fork(&mut self, commit: &Commit, at: CommitRef) {
        let writer = commit.header.writer;
        let mut smallest = match self.successors.entry((writer, commit.header.previous)) {
            Entry::Occupied(smallest) => smallest,
            Entry::Vacant(none) => {
                none.insert(at);
                return;
            }
        };
        // Of several pairs the smallest is kept, so that every store keeps the same evidence: whichever of the two
        // comes second meets the other here.
        let other = self.commits[*smallest.get() as usize].hash;
        let commits = [other.min(commit.hash), other.max(commit.hash)];
        if commit.hash < other {
            smallest.insert(at);
        }
        let kept = self.forks.entry(writer).or_insert(commits);
        *kept = (*kept).min(commits);
    }

    fn admit_record(
        &mut self,
        author: AgentKey,
        header: &RecordHeader,
        content: Option<&[u8]>,
        place: (CommitRef, u32),
    ) {
        let leaf = header.leaf().expect("a decoded record header encodes");
        let key = (leaf, author);
        let namespace = NamespaceId(header.namespace);
        let record = self.records.entry(key).or_insert_with(|| Record {
            kind: header.kind,
            namespace,
            said: Stamp::from_bits(header.time),
            occurred_ms: None,
            places: Vec::new(),
            group: None,
            held: false,
        });
        record.places.push(place);
        self.changed.extend(record.group);
        if record.held {
            return;
        }
        let Some(content) = content.filter(|_| header.key_epoch == 0) else { return };
        record.held = true;
        self.erasure_due |= self.marks.contains_key(&key);
        match header.kind {
            KIND_REMEMBER => {
                if let Some(note) = Note::from_bytes(content) {
                    record.occurred_ms = note.occurred_ms;
                    self.join_group(key, namespace, note);
                }
            }
            KIND_SUPERSEDE => {
                if let Some(supersede) = Supersede::from_bytes(content) {
                    let replacements: Arc<[Hash]> = supersede.replacements.into();
                    for target in supersede.targets {
                        self.mark(target, key, Mark { forget: false, replacements: replacements.clone() });
                    }
                }
            }
            KIND_FORGET => {
                if let Some(forget) = Forget::from_bytes(content) {
                    for target in forget.targets {
                        self.mark(target, key, Mark { forget: true, replacements: Arc::default() });
                    }
                }
            }
            _ => {}
        }
    }

    fn join_group(&mut self, key: RecordKey, namespace: NamespaceId, mut note: Note) {
        note.occurred_ms = None;
        let author = key.1;
        let next = GroupRef::try_from(self.groups.len()).expect("groups are counted in 32 bits");
        let group = *self.group_of.entry((author, namespace, identity_of(&note))).or_insert(next);
        if group == next {
            if let Some(source) = &note.source {
                self.sources.entry((author, namespace, source.clone())).or_default().insert(group);
            }
            self.groups.push(Group { author, namespace, note, members: BTreeSet::new() });
        }
        self.groups[group as usize].members.insert(key.0);
        self.changed.insert(group);
        if let Some(record) = self.records.get_mut(&key) {
            record.group = Some(group);
        }
    }

    fn drop_text(&mut self, key: &RecordKey) {
        let Some(record) = self.records.get_mut(key) else { return };
        record.held = false;
        let Some(at) = record.group.take() else { return };
        self.changed.insert(at);
        let group = &mut self.groups[at as usize];
        group.members.remove(&key.0);
        if group.members.is_empty() {
            let note = std::mem::take(&mut group.note);
            self.group_of.remove(&(group.author, group.namespace, identity_of(&note)));
            if let Some(source) = note.source
                && let Some(groups) = self.sources.get_mut(&(group.author, group.namespace, source))
            {
                groups.remove(&at);
            }
        }
    }

    fn mark(&mut self, target: Hash, (by, author): RecordKey, mark: Mark) {
        self.erasure_due |= mark.forget;
        let target = (target, author);
        self.marks.entry(target).or_default().insert(by, mark);
        if let Some(group) = self.records.get(&target).and_then(|record| record.group) {
            self.changed.insert(group);
        }
    }
}

/// What notes of one group have in common.
fn identity_of(note: &Note) -> Hash {
    *blake3::hash(&note.to_bytes().expect("a decoded note encodes")).as_bytes()
}
