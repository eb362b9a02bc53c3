//! Merging whole sets of 12-byte texts.
use chrysalis_crdt::{ActorKey, OrSet, Value as Element, Writer};
use crdts::{CmRDT, CvRDT, Orswot};
use serde_json::{Value, json};

use crate::{Outcome, Random, SEED, in_turns, seconds};

/// Elements, and how many in a thousand are different on the two sides.
const SHAPES: [(usize, usize); 3] = [(11_000, 150), (55_000, 150), (100_000, 10)];

pub fn measure(rounds: usize, divisor: usize) -> Outcome<Value> {
    let mut shapes = Vec::new();
    for (elements, per_mille) in SHAPES {
        let elements = elements / divisor;
        let (ours, theirs) = ours(elements, per_mille)?;
        // As they arrive from elsewhere: nothing shared in memory.
        let distant = OrSet::from_bytes(&theirs.to_bytes())?;
        let (one, two) = rivals(elements, per_mille);
        let mut merged = ours.clone();
        merged.merge(&distant)?;
        let mut other = one.clone();
        other.merge(two.clone());
        if merged.len() != other.read().val.len() {
            return Err("the two sides disagree about the result".into());
        }
        let times = in_turns(
            rounds,
            vec![
                ("ours", Box::new(|| merge_ours(&ours, &distant))),
                ("ours_cloned", Box::new(|| merge_ours(&ours, &theirs))),
                (
                    "crdts",
                    Box::new(|| {
                        let (mut set, other) = (one.clone(), two.clone());
                        let (time, ()) = seconds(|| set.merge(other));
                        Ok(time)
                    }),
                ),
            ],
        )?;
        eprintln!("{elements} elements, {per_mille} in 1000 different: {times:?}");
        shapes.push(json!({ "elements": elements, "per_mille": per_mille, "seconds": times }));
    }
    Ok(json!({ "seed": SEED, "rounds": rounds, "shapes": shapes }))
}

fn merge_ours(ours: &OrSet, theirs: &OrSet) -> Outcome<f64> {
    // The first of many changes unshares what a clone shares; here that is part of what is measured, as it is part of use.
    let mut set = ours.clone();
    let (time, result) = seconds(|| set.merge(theirs));
    result?;
    Ok(time)
}

pub fn key(number: u64) -> String {
    format!("key-{number:08}")
}

/// What each side adds and which of the shared elements it removes: a quarter of the difference each.
fn differences(elements: usize, per_mille: usize) -> [(Vec<u64>, Vec<u64>); 2] {
    let quarter = elements * per_mille / 4000;
    let shared = elements - 2 * quarter;
    let mut random = Random(SEED);
    let mut order: Vec<u64> = (0..shared as u64).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, (random.next() % (at as u64 + 1)) as usize);
    }
    [0, 1].map(|side| {
        let first = (shared + side * quarter) as u64;
        ((first..first + quarter as u64).collect(), order[side * quarter..(side + 1) * quarter].to_vec())
    })
}

pub fn ours(elements: usize, per_mille: usize) -> Outcome<(OrSet, OrSet)> {
    let sides = differences(elements, per_mille);
    let shared = elements - sides.iter().map(|(added, _)| added.len()).sum::<usize>();
    let mut base = OrSet::new();
    base.add_all(&writer("base")?, (0..shared as u64).map(key))?;
    let mut sets = Vec::new();
    for ((added, removed), name) in sides.iter().zip(["left", "right"]) {
        // Apart in memory from the beginning.
        let mut set = OrSet::from_bytes(&base.to_bytes())?;
        set.add_all(&writer(name)?, added.iter().map(|number| key(*number)))?;
        removed.iter().for_each(|number| drop(set.remove(&Element::from(key(*number)))));
        sets.push(set);
    }
    let right = sets.pop().ok_or("two sides")?;
    Ok((sets.pop().ok_or("two sides")?, right))
}

pub fn writer(name: &str) -> Outcome<Writer> {
    Ok(Writer::resume(ActorKey::new(name)?, 0))
}

fn rivals(elements: usize, per_mille: usize) -> (Orswot<String, String>, Orswot<String, String>) {
    let sides = differences(elements, per_mille);
    let shared = elements - sides.iter().map(|(added, _)| added.len()).sum::<usize>();
    let mut base = Orswot::new();
    (0..shared as u64).for_each(|number| add(&mut base, number, "base"));
    let mut sets = sides.iter().zip(["left", "right"]).map(|((added, removed), name)| {
        let mut set = base.clone();
        added.iter().for_each(|number| add(&mut set, *number, name));
        for number in removed {
            let context = set.contains(&key(*number)).derive_rm_ctx();
            set.apply(set.rm(key(*number), context));
        }
        set
    });
    (sets.next().unwrap_or_default(), sets.next().unwrap_or_default())
}

fn add(set: &mut Orswot<String, String>, number: u64, actor: &str) {
    let context = set.read_ctx().derive_add_ctx(actor.to_owned());
    set.apply(set.add(key(number), context));
}
