use std::io;
use std::sync::Arc;

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_journal::sim::{Fault, SimDisk, Survival};
use chrysalis_journal::{Disk, MemoryDisk, OpenMode};

use super::*;
use crate::certificate::CommitCertificate;
use crate::checkpoint::{Checkpoint, Manifest};
use crate::id::{Epoch, NodeId, Round};
use crate::validator::{Validator, ValidatorSet};
use crate::value::Digest;
use crate::vote::{Vote, VoteKind};

fn chain() -> ChainId {
    ChainId::new("test").unwrap()
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

fn validators(keys: &[u8]) -> Vec<Validator> {
    let validator = |n: &u8| Validator {
        id: NodeId::new(&format!("n{n}")).unwrap(),
        key: key(*n).public_key(),
        power: 1,
    };
    keys.iter().map(validator).collect()
}

fn set() -> ValidatorSet {
    ValidatorSet::new(Epoch(0), validators(&[1])).unwrap()
}

fn options() -> LogOptions {
    LogOptions {
        create: Some(set().into()),
        segment_bytes: 8 << 10,
        ..LogOptions::new(chain(), key(1).public_key())
    }
}

fn value(height: u64, salt: u8) -> Vec<u8> {
    format!("value {height} {salt}").into_bytes()
}

/// The log looks at what is said, not at signatures.
fn voted(height: u64, round: u32, kind: VoteKind, digest: Option<Digest>) -> LogRecord {
    LogRecord::Voted(Vote {
        epoch: Epoch(0),
        height: Height(height),
        round: Round(round),
        kind,
        digest,
        validator: 0,
        signature: [9; 64],
    })
}

/// The records of a height that is decided in round 0, in the batches in which they are logged.
fn height_of(height: u64, salt: u8) -> Vec<Vec<LogRecord>> {
    let bytes = value(height, salt);
    let digest = Digest::of(&bytes);
    let certificate = CommitCertificate::new(&set(), Height(height), Round(0), digest, &[(0, [9; 64])]);
    vec![
        vec![
            LogRecord::Value { height: Height(height), bytes },
            voted(height, 0, VoteKind::Prevote, Some(digest)),
        ],
        vec![voted(height, 0, VoteKind::Precommit, Some(digest))],
        vec![LogRecord::Decided(certificate)],
        vec![LogRecord::Executed { height: Height(height), validators: None }],
    ]
}

fn open(disk: &(impl Disk + Clone)) -> Result<(VoteLog, Recovered), ConsensusError> {
    VoteLog::open(Arc::new(disk.clone()), options())
}

fn log_heights(log: &mut VoteLog, heights: std::ops::RangeInclusive<u64>) {
    for height in heights {
        for batch in height_of(height, 0) {
            log.append(&batch).unwrap();
        }
    }
}

fn origin_at(height: u64) -> Origin {
    Origin { height: Height(height), ..set().into() }
}

fn stable(height: u64) -> StableCheckpoint {
    let manifest = Manifest::of(origin_at(height + 1), b"state").unwrap();
    let checkpoint = Checkpoint { epoch: Epoch(0), height: Height(height), state: manifest.digest() };
    let vote = CheckpointVote::sign(&chain(), &set(), checkpoint, &key(1)).unwrap();
    StableCheckpoint { checkpoint, signatures: vec![(0, vote.signature)] }
}

#[test]
fn r_10_what_was_appended_is_there_after_opening_again() {
    let disk = MemoryDisk::new();
    let (mut log, recovered) = open(&disk).unwrap();
    assert_eq!(recovered.origin, Origin::from(set()));
    assert!(recovered.records.is_empty());
    log_heights(&mut log, 1..=3);
    let open_records: Vec<LogRecord> = height_of(4, 0)[..2].concat();
    log.append(&open_records).unwrap();
    assert_eq!((log.decided(), log.oldest()), (Height(3), Some(Height(1))));
    log.close().unwrap();
    let (log, recovered) = open(&disk).unwrap();
    assert_eq!(recovered.origin.height, Height(4));
    assert_eq!(recovered.records, open_records);
    for height in 1..=3 {
        let decision = log.decision(Height(height)).unwrap().unwrap();
        assert_eq!(decision.value, value(height, 0));
        assert_eq!(decision.certificate.digest(), Digest::of(&decision.value));
    }
    assert_eq!(log.decision(Height(4)), Ok(None));
}

#[test]
fn r_10_a_signature_that_contradicts_another_is_never_logged() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk).unwrap();
    log.append(&[voted(1, 0, VoteKind::Prevote, None)]).unwrap();
    log.append(&[voted(1, 0, VoteKind::Prevote, None)]).unwrap();
    log.append(&[voted(1, 0, VoteKind::Precommit, None)]).unwrap();
    let other = voted(1, 0, VoteKind::Prevote, Some(Digest([1; 32])));
    assert_eq!(log.append(std::slice::from_ref(&other)), Err(ConsensusError::ConflictingVotes));
    let (a, b) =
        (voted(2, 0, VoteKind::Prevote, None), voted(2, 0, VoteKind::Prevote, Some(Digest([1; 32]))));
    assert_eq!(log.append(&[a, b]), Err(ConsensusError::ConflictingVotes));
    assert!(!log.is_stopped());
    drop(log);
    let (mut log, recovered) = open(&disk).unwrap();
    assert_eq!(recovered.records.len(), 3);
    assert_eq!(log.append(&[other]), Err(ConsensusError::ConflictingVotes));
}

#[test]
fn r_13_pruning_keeps_what_is_open_and_one_interval_of_decisions() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk).unwrap();
    log_heights(&mut log, 1..=10);
    let ahead = height_of(11, 0)[..2].concat();
    log.append(&ahead).unwrap();
    assert!(matches!(log.prune(stable(11)), Err(ConsensusError::OutOfOrder { .. })));
    log.prune(stable(10)).unwrap();
    assert!(matches!(log.prune(stable(10)), Err(ConsensusError::OutOfOrder { .. })));
    assert_eq!(log.oldest(), Some(Height(1)));
    log.append(&height_of(11, 0)[2]).unwrap();
    log.append(&height_of(11, 0)[3]).unwrap();
    log_heights(&mut log, 12..=20);
    log.prune(stable(20)).unwrap();
    assert_eq!(log.oldest(), Some(Height(11)));
    assert_eq!(disk.list("").unwrap(), ["0000000000000002", "0000000000000003", "CURRENT", "lock"]);
    drop(log);
    let (mut log, recovered) = open(&disk).unwrap();
    assert_eq!(recovered.checkpoint, Some(stable(20)));
    assert_eq!(recovered.origin.height, Height(21));
    assert_eq!(log.decision(Height(11)).unwrap().unwrap().value, value(11, 0));
    assert_eq!(log.decision(Height(10)), Ok(None));
    // Fetched from others, far ahead.
    let origin = Origin { height: Height(101), validators: set(), upcoming: Vec::new() };
    assert_eq!(log.install(stable(100), origin.clone(), || Ok(())), Ok(vec![]));
    assert_eq!(log.decided(), Height(100));
    drop(log);
    assert_eq!(open(&disk).unwrap().1.origin, origin);
}

/// The application stores the state, then the power goes before the log knows.
#[test]
fn r_14_an_install_that_a_crash_cuts_short_is_completed_or_undone() {
    let disk = SimDisk::new();
    let (mut log, _) = open(&disk).unwrap();
    log_heights(&mut log, 1..=3);
    let ahead = height_of(4, 0)[..2].concat();
    log.append(&ahead).unwrap();
    let start = disk.operations();
    let origin = origin_at(101);
    let at_take = std::cell::Cell::new(0);
    let take = || {
        at_take.set(disk.operations());
        Ok(())
    };
    log.install(stable(100), origin.clone(), take).unwrap();
    let end = disk.operations();
    let at_take = at_take.get();
    drop(log);
    assert!(start < at_take && at_take < end);
    for cut in start..=end {
        for survival in [Survival::Synced, Survival::All, Survival::Random(cut)] {
            let disk = SimDisk::new();
            let (mut log, _) = open(&disk).unwrap();
            log_heights(&mut log, 1..=3);
            log.append(&ahead).unwrap();
            disk.power_off_after(cut.saturating_sub(disk.operations()));
            let mut executed = Height(3);
            let take = || {
                executed = Height(100);
                Ok(())
            };
            let _ = log.install(stable(100), origin.clone(), take);
            drop(log);
            let next = disk.power_cut(survival);
            let options = LogOptions { executed: Some(executed), ..options() };
            let (log, recovered) = VoteLog::open(Arc::new(next.clone()), options).unwrap();
            if executed == Height(100) {
                assert_eq!(recovered.origin, origin, "{cut} {survival:?}");
            } else {
                assert_eq!((recovered.origin.height, recovered.records), (Height(4), ahead.clone()));
            }
            drop(log);
            assert_eq!(open(&next).unwrap().1.origin.height, executed.next());
        }
    }
}

#[test]
fn r_15_changes_of_validators_survive_and_count_after_the_window() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk).unwrap();
    for batch in &height_of(1, 0)[..3] {
        log.append(batch).unwrap();
    }
    log.append(&[LogRecord::Executed { height: Height(1), validators: Some(validators(&[1, 2])) }]).unwrap();
    let next = ValidatorSet::new(Epoch(1), validators(&[1, 2])).unwrap();
    assert_eq!(log.origin().upcoming, [(Height(9), next.clone())]);
    drop(log);
    let (mut log, recovered) = open(&disk).unwrap();
    assert_eq!(recovered.origin.upcoming, [(Height(9), next.clone())]);
    log_heights(&mut log, 2..=4);
    log.prune(stable(4)).unwrap();
    log_heights(&mut log, 5..=8);
    drop(log);
    let origin = open(&disk).unwrap().1.origin;
    assert_eq!(origin, Origin { height: Height(9), validators: next, upcoming: Vec::new() });
}

#[test]
fn checkpoint_votes_are_remembered_and_never_contradicted() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk).unwrap();
    let vote = |height, state| {
        let checkpoint = Checkpoint { epoch: Epoch(0), height: Height(height), state: Digest([state; 32]) };
        CheckpointVote::sign(&chain(), &set(), checkpoint, &key(1)).unwrap()
    };
    log.vote_checkpoint(&vote(10, 1)).unwrap();
    log.vote_checkpoint(&vote(10, 1)).unwrap();
    drop(log);
    let (mut log, recovered) = open(&disk).unwrap();
    assert_eq!(recovered.vote, Some(vote(10, 1)));
    for other in [vote(10, 2), vote(9, 1)] {
        assert_eq!(log.vote_checkpoint(&other), Err(ConsensusError::ConflictingVotes));
    }
    log.vote_checkpoint(&vote(20, 2)).unwrap();
}

#[test]
fn only_one_process_and_only_the_owner_opens_a_log() {
    let disk = MemoryDisk::new();
    let without = LogOptions { create: None, ..options() };
    let missing = VoteLog::open(Arc::new(disk.clone()), without.clone());
    assert_eq!(missing.err(), Some(ConsensusError::LogMissing));
    let held = open(&disk).unwrap();
    assert_eq!(open(&disk).err(), Some(ConsensusError::LogHeld));
    drop(held);
    VoteLog::open(Arc::new(disk.clone()), without.clone()).unwrap();
    let other = [
        LogOptions { chain: ChainId::new("other").unwrap(), ..options() },
        LogOptions { key: key(2).public_key(), ..options() },
    ];
    for options in other {
        assert_eq!(VoteLog::open(Arc::new(disk.clone()), options).err(), Some(ConsensusError::LogForeign));
    }
    let window = LogOptions { window: 4, ..options() };
    assert!(matches!(VoteLog::open(Arc::new(disk.clone()), window), Err(ConsensusError::InvalidConfig(_))));
    // Whoever loses CURRENT must not begin anew.
    disk.remove("CURRENT").unwrap();
    assert!(matches!(open(&disk), Err(ConsensusError::LogDamaged { .. })));
}

#[test]
fn a_copied_directory_is_refused_unless_it_is_adopted() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (directory.path().join("first"), directory.path().join("second"));
    let at = |path: &std::path::Path, adopt| {
        let disk = Arc::new(chrysalis_journal::FileDisk::new(path));
        VoteLog::open(disk, LogOptions { adopt, ..options() })
    };
    let (mut log, _) = at(&first, false).unwrap();
    log_heights(&mut log, 1..=2);
    let ahead = height_of(3, 0)[..2].concat();
    log.append(&ahead).unwrap();
    log.close().unwrap();
    copy(&first, &second);
    assert_eq!(at(&second, false).err(), Some(ConsensusError::LogMoved));
    let (mut log, recovered) = at(&second, true).unwrap();
    assert_eq!(recovered.records, ahead);
    log.append(&height_of(3, 0)[2]).unwrap();
    drop(log);
    assert_eq!(at(&second, false).unwrap().1.records.len(), 4);
    assert_eq!(at(&first, false).unwrap().1.records, ahead);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Segment and mark of the only journal of a generation.
fn files(disk: &dyn Disk, generation: u64) -> (String, String) {
    let writers = format!("{generation:016x}/writers");
    let journal = disk.list(&writers).unwrap().remove(0);
    let directory = format!("{writers}/{journal}");
    let segment = disk.list(&directory).unwrap().into_iter().rfind(|name| name.ends_with(".seg")).unwrap();
    (format!("{directory}/{segment}"), format!("{directory}/durable"))
}

fn read_all(disk: &dyn Disk, path: &str) -> Vec<u8> {
    let file = disk.open(path, OpenMode::Read).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    bytes
}

fn write_at(disk: &dyn Disk, path: &str, bytes: &[u8], offset: usize) {
    disk.open(path, OpenMode::Write).unwrap().write_all_at(bytes, offset as u64).unwrap();
}

/// The last record as it is cut at every byte: it is there as a whole or not at all, and what was before it stays.
#[test]
fn r_11_a_torn_last_record_is_cut_at_every_byte() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk).unwrap();
    let options = LogOptions { segment_bytes: 1 << 20, ..options() };
    log_heights(&mut log, 1..=1);
    log.append(&[voted(2, 0, VoteKind::Prevote, None)]).unwrap();
    let before = disk.copy();
    log.append(&[voted(2, 0, VoteKind::Precommit, None)]).unwrap();
    let after = disk.copy();
    let (segment, mark) = files(&after, 1);
    let (old, new) = (read_all(&before, &segment), read_all(&after, &segment));
    let start = (0..new.len()).find(|at| old.get(*at) != Some(&new[*at])).unwrap();
    let end = (0..new.len()).rfind(|at| old.get(*at) != Some(&new[*at])).unwrap() + 1;
    assert!(end - start > 200);
    for cut in start..=end {
        let torn = before.copy();
        write_at(&torn, &segment, &new[start..cut], start);
        let recovered = VoteLog::open(Arc::new(torn.clone()), options.clone());
        let (mut log, recovered) = recovered.unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        let expected = if cut == end { 2 } else { 1 };
        assert_eq!(recovered.records.len(), expected, "cut at {cut} of {start} to {end}");
        log.append(&[voted(2, 0, VoteKind::Precommit, None)]).unwrap();
    }
    // Once the mark says that it was acknowledged, a record that is not whole is damage.
    let torn = after.copy();
    write_at(&torn, &segment, &vec![0; end - start - 1], start + 1);
    assert_eq!(read_all(&torn, &mark), read_all(&after, &mark));
    assert!(matches!(VoteLog::open(Arc::new(torn), options), Err(ConsensusError::LogDamaged { .. })));
}

#[test]
fn r_11_damage_before_the_tail_stops_the_member_and_says_where() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk).unwrap();
    log_heights(&mut log, 1..=3);
    log.close().unwrap();
    let (segment, _) = files(&disk, 1);
    let length = read_all(&disk, &segment).len();
    let mut places = 0;
    for at in (0..length).step_by(61) {
        let copy = disk.copy();
        let byte = read_all(&copy, &segment)[at];
        write_at(&copy, &segment, &[byte ^ 0x10], at);
        match open(&copy) {
            Err(ConsensusError::LogDamaged { file, offset, .. }) => {
                assert_eq!(file, segment);
                places += usize::from(offset > 0);
            }
            other => panic!("byte {at}: {:?}", other.map(|_| ())),
        }
        // Nothing was changed by looking, and it stays refused.
        assert!(open(&copy).is_err());
    }
    assert!(places > 10);
    for at in 0..HEAD_LENGTH {
        let copy = disk.copy();
        let byte = read_all(&copy, CURRENT)[at];
        write_at(&copy, CURRENT, &[byte ^ 1], at);
        assert!(matches!(open(&copy), Err(ConsensusError::LogDamaged { file, .. }) if file == CURRENT));
    }
}

#[test]
fn r_11_a_full_disk_stops_votes_but_not_reads_and_passes() {
    let disk = SimDisk::new();
    let (mut log, _) = open(&disk).unwrap();
    log_heights(&mut log, 1..=3);
    disk.set_capacity(Some(disk.used()));
    let mut height = 4;
    let full = loop {
        let batches = height_of(height, 0);
        if let Some(error) = batches.iter().find_map(|batch| log.append(batch).err()) {
            break error;
        }
        height += 1;
        assert!(height < 2000);
    };
    assert_eq!(full, ConsensusError::Journal(JournalError::DiskFull));
    assert!(!log.is_stopped());
    assert_eq!(log.decision(Height(2)).unwrap().unwrap().value, value(2, 0));
    assert_eq!(log.prune(stable(3)), Err(full));
    disk.set_capacity(None);
    let fourth = voted(height + 1, 0, VoteKind::Prevote, None);
    log.append(std::slice::from_ref(&fourth)).unwrap();
    log.prune(stable(3)).unwrap();
    drop(log);
    assert!(open(&disk).unwrap().1.records.contains(&fourth));
}

#[test]
fn after_a_failed_sync_the_log_takes_nothing_before_it_is_opened_again() {
    let disk = SimDisk::new();
    let (mut log, _) = open(&disk).unwrap();
    log_heights(&mut log, 1..=1);
    let vote = [voted(2, 0, VoteKind::Prevote, None)];
    // A write, then the sync.
    disk.fail_at(2, Fault::LostSync(io::ErrorKind::Other));
    assert!(matches!(log.append(&vote), Err(ConsensusError::Journal(JournalError::OutcomeUnknown { .. }))));
    assert!(log.is_stopped());
    assert_eq!(log.append(&vote), Err(ConsensusError::Journal(JournalError::Poisoned)));
    assert_eq!(log.prune(stable(1)), Err(ConsensusError::Journal(JournalError::Poisoned)));
    assert!(log.decision(Height(1)).unwrap().is_some());
    drop(log);
    open(&disk).unwrap().0.append(&vote).unwrap();
}

/// What left the member, in the order it did.
#[derive(Default)]
struct Sent(Vec<LogRecord>);

/// One life of a member: each batch is logged, then sent. Where the log knows of signatures already, the same are sent
/// again and no others; what a life chooses freely differs from what other lives choose.
fn live(disk: &(impl Disk + Clone), life: u8, sent: &mut Sent) -> Result<(), ConsensusError> {
    live_watched(disk, life, sent, &mut |_| {})
}

/// The same; `watch` is shown what was sent before and after each write.
fn live_watched(
    disk: &(impl Disk + Clone),
    life: u8,
    sent: &mut Sent,
    watch: &mut dyn FnMut(&Sent),
) -> Result<(), ConsensusError> {
    let (mut log, recovered) = open(disk)?;
    sent.0.extend(recovered.records.iter().cloned());
    let from = recovered.origin.height.0;
    for height in from..=6 {
        let known = log.current.contents.open.clone();
        let salt = known.iter().find_map(|record| match record {
            LogRecord::Value { bytes, .. } if record.height().0 == height => {
                bytes.last().map(|last| last - b'0')
            }
            _ => None,
        });
        for batch in height_of(height, salt.unwrap_or(life)) {
            let missing: Vec<_> = batch.into_iter().filter(|record| !known.contains(record)).collect();
            watch(sent);
            log.append(&missing)?;
            watch(sent);
            sent.0.extend(missing);
        }
        if height == 2 || height == 4 {
            log.prune(stable(height))?;
        }
    }
    log.close()
}

fn assert_no_contradiction(sent: &Sent, what: &str) {
    let mut signed = std::collections::BTreeMap::new();
    for record in &sent.0 {
        if let LogRecord::Voted(vote) = record {
            let key = (vote.height, vote.round, vote.kind);
            let first = *signed.entry(key).or_insert(vote.digest);
            assert_eq!(first, vote.digest, "{what}: {key:?} signed twice");
        }
    }
}

/// crash at every operation of the disk, with every kind of survival; the next life contradicts nothing that was
/// sent. `CHRYSALIS_SOAK` runs 10^5.
#[test]
fn r_10_no_crash_makes_a_member_contradict_itself() {
    let soak = std::env::var_os("CHRYSALIS_SOAK").is_some();
    let disk = SimDisk::new();
    live(&disk, 0, &mut Sent::default()).unwrap();
    let length = disk.operations();
    assert!(length > 60, "{length}");
    let seeds = 100_000 / length + 1;
    let mut survivors = 0;
    for n in 0..=length {
        let every = [Survival::Synced, Survival::All, Survival::Random(n)];
        let survivals: Vec<Survival> = if soak {
            let random = (0..seeds).map(|seed| Survival::Random(n * 1_000_000 + seed));
            every[..2].iter().copied().chain(random).collect()
        } else {
            vec![every[usize::try_from(n % 3).unwrap()]]
        };
        for survival in survivals {
            let what = format!("power cut at operation {n}, {survival:?}");
            let (disk, mut sent) = (SimDisk::new(), Sent::default());
            disk.power_off_after(n);
            let _ = live(&disk, 1, &mut sent);
            let next = disk.power_cut(survival);
            // Again, somewhere in the recovery.
            next.power_off_after(n % 17);
            let _ = live(&next, 2, &mut sent);
            let last = next.power_cut(Survival::Random(n));
            live(&last, 3, &mut sent).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_no_contradiction(&sent, &what);
            survivors += 1;
        }
    }
    println!("soak: {survivors} lives with power lost at one of the {length} operations of a log's disk");
}

/// at every record boundary of a life, the write that follows is torn at every byte of what it writes; the next life contradicts
/// nothing that was sent. `CHRYSALIS_SOAK` takes every byte, otherwise every few hundredth.
#[test]
fn r_10_a_write_torn_at_any_byte_makes_no_member_contradict_itself() {
    let stride = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 1 } else { 401 };
    let disk = MemoryDisk::new();
    let mut states: Vec<(MemoryDisk, Vec<LogRecord>)> = Vec::new();
    let mut watch = |sent: &Sent| states.push((disk.copy(), sent.0.clone()));
    live_watched(&disk, 1, &mut Sent::default(), &mut watch).unwrap();
    let (mut lives, mut boundaries, mut skipped) = (0, 0, 0);
    for (before, after) in states.as_chunks::<2>().0.iter().map(|[before, after]| (before, after)) {
        let (segment, old, new) = written(&before.0, &after.0);
        let start = (0..new.len()).find(|at| old.get(*at) != Some(&new[*at]));
        let end = (0..new.len()).rfind(|at| old.get(*at) != Some(&new[*at]));
        let Some((start, end)) = start.zip(end) else { continue };
        boundaries += 1;
        for cut in start..=end + 1 {
            if (cut + skipped) % stride != 0 && cut != end + 1 {
                continue;
            }
            let torn = before.0.copy();
            write_at(&torn, &segment, &new[start..cut], start);
            let mut sent = Sent(before.1.clone());
            let what = format!("boundary {boundaries}, cut at {cut} of {start} to {end}");
            live(&torn, 2, &mut sent).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_no_contradiction(&sent, &what);
            lives += 1;
        }
        skipped += 13;
    }
    println!("soak: {lives} lives after a write torn at a byte, at {boundaries} record boundaries");
    assert!(boundaries >= 20 && lives >= boundaries);
}

/// The segment that a write changed, and its bytes before and after.
fn written(before: &MemoryDisk, after: &MemoryDisk) -> (String, Vec<u8>, Vec<u8>) {
    let generations = generations(after).unwrap();
    let changed = generations.iter().rev().find_map(|number| {
        let (segment, _) = files(after, *number);
        let new = read_all(after, &segment);
        let old =
            if before.open(&segment, OpenMode::Read).is_ok() { read_all(before, &segment) } else { vec![] };
        (old != new).then_some((segment, old, new))
    });
    changed.expect("a write changes a segment")
}
