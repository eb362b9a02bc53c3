//! The set against the plain one, on sets of many chunks, long elements and several dots per element.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod support;

use chrysalis_crdt::or_set::MergeJob;
use chrysalis_crdt::{ActorKey, CausalContext, CrdtError, Dot, OrSet, Value, Writer};
use support::plain_set::PlainSet;
use support::{Random, run_seeded};

const NAMES: [&str; 4] = ["b", "\u{ff5e}", "\u{1f600}", "__proto__"];

/// Few enough to meet again, some longer than what is kept in line.
fn value(random: &mut Random) -> Value {
    let number = random.below(300);
    match random.below(20) {
        0 => Value::text("long ".repeat(50 + number)),
        1 => Value::array([Value::from(number as u64), Value::Null]),
        2..8 => Value::from(number as u64),
        _ => Value::text(format!("key-{number:08}")),
    }
}

fn update(set: &mut OrSet, writer: &Writer, random: &mut Random) -> OrSet {
    let value = value(random);
    match random.below(10) {
        0..3 => set.add(writer, value).unwrap(),
        3..5 => set.add_all(writer, (0..random.below(200)).map(|_| self::value(random))).unwrap(),
        5 => set.add_tagged(writer, value).unwrap().1,
        6 => {
            // Numbers that nobody else has: chunks far away, and gaps.
            let far = Writer::resume(writer.actor().clone(), random.next() >> random.below(60));
            let seen = set.context().greatest(writer.actor());
            if seen > 1 << 62 { OrSet::new() } else { set.add(&far, value).unwrap() }
        }
        7 => {
            let tags: Vec<Dot> = set.tags(&value).take(1).collect();
            set.remove_tags(&value, &tags)
        }
        _ => {
            let mut removed = OrSet::new();
            for value in set.elements().skip(random.below(5)).step_by(1 + random.below(9)).collect::<Vec<_>>()
            {
                removed.merge(&set.remove(&value)).unwrap();
            }
            removed
        }
    }
}

fn check_merge(ours: &OrSet, theirs: &OrSet, random: &mut Random) -> OrSet {
    let (mut plain, mut merged) = (PlainSet::of(ours), ours.clone());
    let expected = plain.merge(&PlainSet::of(theirs));
    let preview = ours.preview(theirs);
    assert_eq!(merged.merge(theirs), expected);
    if let Err(error) = expected {
        assert_eq!(preview, Err(error));
        assert_eq!(merged.to_bytes(), ours.to_bytes(), "a refused merge changes nothing");
        return merged;
    }
    assert_eq!(PlainSet::of(&merged), plain);
    assert_eq!(merged.len(), plain.elements.len());
    let again = OrSet::from_bytes(&merged.to_bytes()).unwrap();
    assert_eq!((again.to_bytes(), &again), (merged.to_bytes(), &merged));

    let preview = preview.unwrap();
    let only = |a: &OrSet, b: &OrSet| a.elements().filter(|value| !b.contains(value)).collect::<Vec<_>>();
    assert_eq!(preview.added, only(&merged, ours));
    assert_eq!(preview.removed, only(ours, &merged));
    assert!(preview.contested.iter().all(|value| merged.contains(value)));

    let mut job = MergeJob::new(ours.clone(), theirs.clone());
    while !job.step(1 + random.below(4)).unwrap() {}
    assert_eq!(job.into_set(), merged);
    merged
}

#[test]
fn merging_chunks_is_merging_dot_by_dot() {
    run_seeded(60, |random| {
        let writers = NAMES.map(|name| Writer::resume(ActorKey::new(name).unwrap(), 0));
        let mut sets = vec![OrSet::new(); 3];
        let mut deltas = Vec::new();
        for _ in 0..25 {
            let at = random.below(3);
            match random.below(3) {
                0 | 1 => {
                    let before = sets[at].clone();
                    let delta = update(&mut sets[at], &writers[at], random);
                    assert_eq!(
                        check_merge(&before, &delta, random),
                        sets[at],
                        "an update is the join of its delta"
                    );
                    deltas.push(delta);
                }
                _ if !deltas.is_empty() && random.below(2) == 0 => {
                    let delta = random.pick(&deltas).clone();
                    sets[at] = check_merge(&sets[at], &delta, random);
                }
                _ => {
                    let other = sets[random.below(3)].clone();
                    sets[at] = check_merge(&sets[at], &other, random);
                }
            }
        }
    });
}

#[test]
fn one_dot_for_two_elements_is_found_wherever_it_is() {
    run_seeded(100, |random| {
        let actor = ActorKey::new("m").unwrap();
        let count = 1 + random.below(300) as u64;
        let (mut one, mut two) = (OrSet::new(), OrSet::new());
        one.add_all(&Writer::resume(actor.clone(), 0), (0..count).map(|i| format!("key-{i:08}"))).unwrap();
        let changed = random.next() % count;
        let keys =
            (0..count).map(|i| if i == changed { format!("key-{i:07}x") } else { format!("key-{i:08}") });
        for key in keys {
            two.add(&Writer::resume(actor.clone(), two.context().greatest(&actor)), key).unwrap();
        }
        let before = one.to_bytes();
        let expected = Err(CrdtError::Equivocation { actor, counter: changed + 1 });
        assert_eq!(one.merge(&two), expected);
        assert_eq!(PlainSet::of(&one).merge(&PlainSet::of(&two)), expected);
        assert_eq!(one.to_bytes(), before);
    });
}

#[test]
fn a_million_cycles_leave_nothing_behind() {
    let writer = Writer::resume(ActorKey::new("a").unwrap(), 0);
    let mut set = OrSet::new();
    set.add_all(&writer, 0..100u64).unwrap();
    // A tenth here, the whole in the benchmarks: the same few chunks are used again and again.
    let cycle = |set: &mut OrSet, i: u64| {
        set.remove(&Value::from(i % 100));
        set.add(&writer, i % 100).unwrap();
    };
    (0..1_000).for_each(|i| cycle(&mut set, i));
    let before = set.to_bytes().len();
    (1_000..20_000).for_each(|i| cycle(&mut set, i));
    assert_eq!(set.len(), 100);
    // The counters have more digits; nothing else grew.
    assert!(set.to_bytes().len() <= before + 200, "{} {before}", set.to_bytes().len());
    assert_eq!(set.context().runs().count(), 1);
}

#[test]
fn clones_share_until_one_changes() {
    let writer = Writer::resume(ActorKey::new("a").unwrap(), 0);
    let mut set = OrSet::new();
    set.add_all(&writer, 0..1_000u64).unwrap();
    let (before, copy) = (set.to_bytes(), set.clone());
    (0..1_000u64).step_by(3).for_each(|i| drop(set.remove(&Value::from(i))));
    set.add(&writer, "new").unwrap();
    assert_eq!(copy.to_bytes(), before);
    assert_eq!(set.len(), 667);
    set.shrink_to_fit();
    assert!(set.contains(&Value::from("new")) && !set.contains(&Value::from(3u64)));
}

#[test]
fn an_empty_context_removes_nothing_and_a_whole_one_everything() {
    let writer = Writer::resume(ActorKey::new("a").unwrap(), 0);
    let mut set = OrSet::new();
    set.add_all(&writer, 0..1_000u64).unwrap();
    let before = set.clone();
    set.merge(&OrSet::new()).unwrap();
    assert_eq!(set, before);
    let mut all = CausalContext::new();
    all.insert_run(writer.actor(), 1, u64::MAX);
    let mut bytes = all.to_bytes();
    // The same context as that of a set without elements.
    bytes[1] = 4;
    bytes.push(0);
    set.merge(&OrSet::from_bytes(&bytes).unwrap()).unwrap();
    assert!(set.is_empty());
    set.merge(&before).unwrap();
    assert!(set.is_empty());
}
