//! What it takes on the wire to find and exchange a few differences among many elements.
use std::collections::BTreeSet;

use chrysalis_crdt::sync::{Replica, SyncConfig, SyncSession};
use chrysalis_crdt::{Decompose, GSet, OrSet, Value as Element};
use serde_json::{Value, json};

use crate::merge::{key, writer};
use crate::{Outcome, Random, SEED, seconds};

const ELEMENTS: usize = 1_000_000;
const DIFFERENCES: usize = 100;
/// Seeds that the salts follow from.
const RUNS: u64 = 9;

pub fn measure(divisor: usize) -> Outcome<Value> {
    let elements = (ELEMENTS / divisor) as u64;
    let half = (DIFFERENCES / 2) as u64;
    let (mut one, mut two) = (GSet::new(), GSet::new());
    for number in 0..elements {
        one.add(key(number))?;
    }
    two.merge(&one)?;
    for number in 0..half {
        one.add(key(elements + number))?;
        two.add(key(elements + half + number))?;
    }
    let g_set = session(&one, &two)?;
    let mut base = OrSet::new();
    base.add_all(&writer("base")?, (0..elements).map(key))?;
    let (mut one, mut two) = (base.clone(), base);
    for number in 0..half {
        one.remove(&Element::from(key(number * 7919 % elements)));
        two.remove(&Element::from(key((number * 104_729 + 1) % elements)));
    }
    let or_set = session(&one, &two)?;
    Ok(json!({
        "seed": SEED, "elements": elements, "differences": DIFFERENCES,
        "g_set": g_set, "or_set_removals": or_set, "ranges": ranges(elements, half),
    }))
}

fn session<T: Decompose + 'static>(one: &T, two: &T) -> Outcome<Value> {
    // What has to be said anyway: the elements that the other side lacks.
    let payload = one.delta_from(two)?.to_wire().len() + two.delta_from(one)?.to_wire().len();
    let mut runs = Vec::new();
    for run in 0..RUNS {
        let mut replicas = [Replica::new(), Replica::new()];
        replicas[0].insert("state", one.clone())?;
        replicas[1].insert("state", two.clone())?;
        let salt = |side: u64| {
            let mut random = Random(SEED + run * 2 + side);
            let mut salt = [0; 16];
            salt[..8].copy_from_slice(&random.next().to_le_bytes());
            salt[8..].copy_from_slice(&random.next().to_le_bytes());
            salt
        };
        let mut sides = [
            SyncSession::initiator(run, salt(0), SyncConfig::default()),
            SyncSession::responder(salt(1), SyncConfig::default()),
        ];
        let (mut bytes, mut rounds, mut until_equal) = (0, 0, None);
        let (time, result) = seconds(|| -> Outcome<()> {
            loop {
                let mut is_quiet = true;
                for side in [0, 1] {
                    while let Some(message) = sides[side].poll(&mut replicas[side])? {
                        (bytes, is_quiet) = (bytes + message.len(), false);
                        sides[1 - side].receive(&mut replicas[1 - side], &message, 0)?;
                    }
                }
                if is_quiet {
                    return Ok(());
                }
                rounds += 1;
                if until_equal.is_none() && replicas[0].digest("state") == replicas[1].digest("state") {
                    until_equal = Some(rounds);
                }
            }
        });
        result?;
        let until_equal = until_equal.ok_or("the two sides are not equal in the end")?;
        eprintln!("{bytes} bytes, {payload} of them elements, equal after {until_equal} rounds, {time:.2} s");
        runs.push(json!({ "bytes": bytes, "payload": payload, "rounds": until_equal, "seconds": time }));
    }
    Ok(json!(runs))
}

/// The other way, in outline: ranges of sorted ids, compared by fingerprints of 16 bytes, split in 16 where they differ, and
/// listed, 8 bytes an id, from 32 on. Bytes of fingerprints, bounds and ids alone; a round is a message and its answer.
fn ranges(elements: u64, half: u64) -> Value {
    const SPLIT: usize = 16;
    const LIST: usize = 32;
    let mut random = Random(SEED);
    let mut one: BTreeSet<u64> = (0..elements).map(|_| random.next()).collect();
    let mut two = one.clone();
    one.extend((0..half).map(|_| random.next()));
    two.extend((0..half).map(|_| random.next()));
    let (one, two): (Vec<u64>, Vec<u64>) = (one.into_iter().collect(), two.into_iter().collect());
    let part = |ids: &[u64], low: u64, high: u64| -> Vec<u64> {
        let from = ids.partition_point(|id| *id < low);
        ids[from..ids.partition_point(|id| *id <= high)].to_vec()
    };
    let (mut open, mut bytes, mut messages) = (vec![(0u64, u64::MAX)], 24usize, 1usize);
    while !open.is_empty() {
        messages += 1;
        let mut next = Vec::new();
        for (low, high) in open {
            let (ours, theirs) = (part(&one, low, high), part(&two, low, high));
            if ours == theirs {
                continue;
            }
            if ours.len().min(theirs.len()) <= LIST {
                bytes += 8 + 8 * theirs.len();
                continue;
            }
            for chunk in ours.chunks(ours.len().div_ceil(SPLIT)) {
                bytes += 24;
                let last = next.last().map_or(low, |(_, end): &(u64, u64)| end.saturating_add(1)).max(low);
                let end = if chunk.last() == ours.last() { high } else { chunk[chunk.len() - 1] };
                next.push((last, end));
            }
        }
        open = next;
    }
    json!({ "bytes": bytes, "rounds": messages.div_ceil(2) })
}
