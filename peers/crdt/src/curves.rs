//! How cost rises with the number of elements and of replicas.
use chrysalis_crdt::{ActorKey, OrSet, Value as Element, VectorClock, Writer};
use serde_json::{Value, json};

use crate::merge::{key, ours};
use crate::{Outcome, SEED, import, seconds};

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const REPLICAS: [usize; 4] = [2, 10, 100, 1_000];
/// Elements of all replicas together.
const SPREAD: usize = 100_000;

pub fn measure(rounds: usize, divisor: usize) -> Outcome<Value> {
    let mut by_size = Vec::new();
    for size in SIZES.map(|size| size / divisor) {
        let (left, right) = ours(size, 10)?;
        let bytes = left.to_bytes();
        let (base, update) = import::ours(size)?;
        let times = if size < 50_000 { 20 } else { 1 };
        by_size.push(json!({
            "elements": size,
            "merge": median(rounds, || timed(&left, times, |set| set.merge(&right)))?,
            "import": median(rounds, || {
                let set = OrSet::from_bytes(&base)?;
                timed(&set, times, |set| set.merge_packed(&update))
            })?,
            "add": median(rounds, || {
                let writer = Writer::resume(ActorKey::new("new")?, 0);
                timed(&left, 1, |set| (0..100).try_for_each(|n| set.add(&writer, key(u64::MAX - n)).map(drop)))
            })? / 100.0,
            "contains": median(rounds, || {
                let (time, found) = seconds(|| (0..100u64).filter(|n| left.contains(&Element::from(key(n * 31)))).count());
                if found == 0 { Err("nothing was found".into()) } else { Ok(time / 100.0) }
            })?,
            "encode": median(rounds, || Ok(seconds(|| left.to_bytes()).0))?,
            "decode": median(rounds, || Ok(seconds(|| OrSet::from_bytes(&bytes)).0))?,
        }));
        eprintln!("{size} elements: {}", by_size[by_size.len() - 1]);
    }
    let mut by_replicas = Vec::new();
    for replicas in REPLICAS {
        let each = SPREAD / divisor / replicas;
        let mut sets = Vec::new();
        for replica in 0..replicas {
            let writer = Writer::resume(ActorKey::new(&format!("replica-{replica:04}"))?, 0);
            let mut set = OrSet::new();
            set.add_all(&writer, (0..each as u64).map(|n| key((replica * each) as u64 + n)))?;
            sets.push(set);
        }
        let mut whole = OrSet::new();
        sets.iter().try_for_each(|set| whole.merge(set))?;
        let same = OrSet::from_bytes(&whole.to_bytes())?;
        let clock: VectorClock = whole.context().vector();
        let other: VectorClock = same.context().vector();
        by_replicas.push(json!({
            "replicas": replicas,
            "gather": median(rounds, || {
                let mut all = OrSet::new();
                let (time, result) = seconds(|| sets.iter().try_for_each(|set| all.merge(set)));
                result?;
                Ok(time)
            })?,
            "merge_equal": median(rounds, || timed(&whole, 1, |set| set.merge(&same)))?,
            "clock": median(rounds, || {
                let mut clocks = vec![clock.clone(); 20];
                Ok(seconds(|| clocks.iter_mut().for_each(|clock| clock.merge(&other))).0 / 20.0)
            })?,
        }));
        eprintln!("{replicas} replicas: {}", by_replicas[by_replicas.len() - 1]);
    }
    Ok(
        json!({ "seed": SEED, "rounds": rounds, "by_size": by_size, "spread": SPREAD / divisor, "by_replicas": by_replicas }),
    )
}

fn timed(
    set: &OrSet,
    times: usize,
    what: impl Fn(&mut OrSet) -> Result<(), chrysalis_crdt::CrdtError>,
) -> Outcome<f64> {
    let mut copies = vec![set.clone(); times];
    let (time, result) = seconds(|| copies.iter_mut().try_for_each(what));
    result?;
    Ok(time / times as f64)
}

fn median(rounds: usize, mut figure: impl FnMut() -> Outcome<f64>) -> Outcome<f64> {
    figure()?;
    let mut figures = (0..rounds).map(|_| figure()).collect::<Outcome<Vec<f64>>>()?;
    figures.sort_by(f64::total_cmp);
    Ok(figures[figures.len() / 2])
}
