//! Taking in what another replica has inserted, into a replica that has inserted as much at the same time.
use std::borrow::Cow;

use automerge::{AutoCommit, ROOT, transaction::Transactable};
use chrysalis_crdt::OrSet;
use loro::{ExportMode, LoroDoc};
use serde_json::{Value, json};
use yrs::updates::decoder::Decode;
use yrs::{Doc, Map, ReadTxn, StateVector, Transact, Update};

use crate::merge::writer;
use crate::{Outcome, in_turns, seconds};

/// Operations in one message; the largest is for ours alone, where the others take minutes or gigabytes.
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const MOST_FOR_ALL: usize = 100_000;
/// Single operations taken in one by one.
const SINGLES: usize = 1_000;

pub fn measure(rounds: usize, divisor: usize) -> Outcome<Value> {
    let mut sizes = Vec::new();
    for size in SIZES.map(|size| size / divisor) {
        let all = size <= MOST_FOR_ALL / divisor;
        // So that a round lasts long enough.
        let times = (20_000 / size).clamp(1, 20);
        let (ours_base, ours_update) = ours(size)?;
        let mut bytes = json!({ "ours": ours_update.len() });
        let (yrs_base, yrs_update) =
            if all { (yrs_doc("a", size, 1), yrs_doc("b", size, 2)) } else { Default::default() };
        let (loro_base, loro_update) =
            if all { (loro_doc("a", size, 1)?, loro_doc("b", size, 2)?) } else { Default::default() };
        let (auto_base, auto_update) =
            if all { (automerge_doc("a", size)?, automerge_doc("b", size)?) } else { Default::default() };
        let mut contestants: Vec<crate::Contestant<'_>> = vec![(
            "ours",
            Box::new(|| {
                let mut sum = 0.0;
                for _ in 0..times {
                    // Apart in memory, as if it had grown here.
                    let mut set = OrSet::from_bytes(&ours_base)?;
                    let (time, result) = seconds(|| set.merge_packed(&ours_update));
                    result?;
                    if set.len() != 2 * size {
                        return Err("not all elements came in".into());
                    }
                    sum += time;
                }
                Ok(sum / times as f64)
            }),
        )];
        if all {
            bytes["yrs"] = json!(yrs_update.len());
            bytes["loro"] = json!(loro_update.len());
            bytes["automerge"] = json!(auto_update.len());
            contestants.push((
                "yrs",
                Box::new(|| {
                    let mut sum = 0.0;
                    for _ in 0..times {
                        let doc = Doc::with_client_id(3);
                        let map = doc.get_or_insert_map("m");
                        doc.transact_mut().apply_update(Update::decode_v1(&yrs_base)?)?;
                        let (time, result) = seconds(|| -> Outcome<()> {
                            Ok(doc.transact_mut().apply_update(Update::decode_v1(&yrs_update)?)?)
                        });
                        result?;
                        if map.len(&doc.transact()) as usize != 2 * size {
                            return Err("yrs: not all keys came in".into());
                        }
                        sum += time;
                    }
                    Ok(sum / times as f64)
                }),
            ));
            contestants.push((
                "loro",
                Box::new(|| {
                    let mut sum = 0.0;
                    for _ in 0..times {
                        let doc = LoroDoc::new();
                        doc.import(&loro_base)?;
                        let (time, result) = seconds(|| doc.import(&loro_update));
                        result?;
                        if doc.get_map("m").len() != 2 * size {
                            return Err("loro: not all keys came in".into());
                        }
                        sum += time;
                    }
                    Ok(sum / times as f64)
                }),
            ));
            contestants.push((
                "automerge",
                Box::new(|| {
                    let mut sum = 0.0;
                    for _ in 0..times {
                        let mut doc = AutoCommit::load(&auto_base)?;
                        let (time, result) = seconds(|| doc.load_incremental(&auto_update));
                        result?;
                        sum += time;
                    }
                    Ok(sum / times as f64)
                }),
            ));
        }
        let figures =
            in_turns(if size > MOST_FOR_ALL / divisor { rounds.min(3) } else { rounds }, contestants)?;
        eprintln!("{size} operations in one message: {figures:?}");
        sizes.push(json!({ "operations": size, "seconds": figures, "bytes": bytes }));
    }
    let singles = singles(rounds, MOST_FOR_ALL / divisor)?;
    Ok(json!({ "rounds": rounds, "sizes": sizes, "singles": singles }))
}

/// One by one, each in a message of its own, into a replica of `size` others.
fn singles(rounds: usize, size: usize) -> Outcome<Value> {
    let (base, _) = ours(size)?;
    let mut remote = OrSet::new();
    let b = writer("b")?;
    let deltas: Vec<Vec<u8>> =
        (0..SINGLES as u64).map(|n| Ok(remote.add(&b, key("b", n))?.to_packed())).collect::<Outcome<_>>()?;

    let yrs_base = yrs_doc("a", size, 1);
    let doc = Doc::with_client_id(2);
    let map = doc.get_or_insert_map("m");
    let yrs_deltas: Vec<Vec<u8>> = (0..SINGLES as u64)
        .map(|n| {
            let mut transaction = doc.transact_mut();
            map.insert(&mut transaction, key("b", n), true);
            transaction.encode_update_v1()
        })
        .collect();

    let loro_base = loro_doc("a", size, 1)?;
    let doc = LoroDoc::new();
    doc.set_peer_id(2)?;
    let loro_deltas: Vec<Vec<u8>> = (0..SINGLES as u64)
        .map(|n| {
            let before = doc.oplog_vv();
            doc.get_map("m").insert(&key("b", n), true)?;
            doc.commit();
            Ok(doc.export(ExportMode::Updates { from: Cow::Borrowed(&before) })?)
        })
        .collect::<Outcome<_>>()?;

    let auto_base = automerge_doc("a", size)?;
    let mut doc = AutoCommit::new();
    let auto_deltas: Vec<Vec<u8>> = (0..SINGLES as u64)
        .map(|n| {
            doc.put(ROOT, key("b", n), true)?;
            Ok(doc.save_incremental())
        })
        .collect::<Outcome<_>>()?;

    let bytes = |deltas: &[Vec<u8>]| deltas.iter().map(Vec::len).sum::<usize>() / SINGLES;
    let sizes = json!({
        "ours": bytes(&deltas), "yrs": bytes(&yrs_deltas), "loro": bytes(&loro_deltas), "automerge": bytes(&auto_deltas),
    });
    let times = in_turns(
        rounds,
        vec![
            (
                "ours",
                Box::new(|| {
                    let mut set = OrSet::from_bytes(&base)?;
                    let (time, result) =
                        seconds(|| deltas.iter().try_for_each(|delta| set.merge_packed(delta)));
                    result?;
                    Ok(time / SINGLES as f64)
                }),
            ),
            (
                "yrs",
                Box::new(|| {
                    let doc = Doc::with_client_id(3);
                    doc.transact_mut().apply_update(Update::decode_v1(&yrs_base)?)?;
                    let (time, result) = seconds(|| -> Outcome<()> {
                        for delta in &yrs_deltas {
                            doc.transact_mut().apply_update(Update::decode_v1(delta)?)?;
                        }
                        Ok(())
                    });
                    result?;
                    Ok(time / SINGLES as f64)
                }),
            ),
            (
                "loro",
                Box::new(|| {
                    let doc = LoroDoc::new();
                    doc.import(&loro_base)?;
                    let (time, result) =
                        seconds(|| loro_deltas.iter().try_for_each(|delta| doc.import(delta).map(drop)));
                    result?;
                    Ok(time / SINGLES as f64)
                }),
            ),
            (
                "automerge",
                Box::new(|| {
                    let mut doc = AutoCommit::load(&auto_base)?;
                    let (time, result) = seconds(|| {
                        auto_deltas.iter().try_for_each(|delta| doc.load_incremental(delta).map(drop))
                    });
                    result?;
                    Ok(time / SINGLES as f64)
                }),
            ),
        ],
    )?;
    Ok(json!({ "base": size, "operations": SINGLES, "seconds": times, "bytes": sizes }))
}

/// Twelve bytes.
fn key(side: &str, number: u64) -> String {
    format!("{side}-k{number:09}")
}

/// The bytes of a set of one side's keys, and of what the other side added at the same time.
pub fn ours(size: usize) -> Outcome<(Vec<u8>, Vec<u8>)> {
    let (mut set, mut other) = (OrSet::new(), OrSet::new());
    set.add_all(&writer("a")?, (0..size as u64).map(|n| key("a", n)))?;
    let delta = other.add_all(&writer("b")?, (0..size as u64).map(|n| key("b", n)))?;
    Ok((set.to_bytes(), delta.to_packed()))
}

fn yrs_doc(side: &str, size: usize, client: u64) -> Vec<u8> {
    let doc = Doc::with_client_id(client);
    let map = doc.get_or_insert_map("m");
    let mut transaction = doc.transact_mut();
    (0..size as u64).for_each(|n| drop(map.insert(&mut transaction, key(side, n), true)));
    transaction.encode_state_as_update_v1(&StateVector::default())
}

fn loro_doc(side: &str, size: usize, peer: u64) -> Outcome<Vec<u8>> {
    let doc = LoroDoc::new();
    doc.set_peer_id(peer)?;
    let map = doc.get_map("m");
    for n in 0..size as u64 {
        map.insert(&key(side, n), true)?;
    }
    doc.commit();
    Ok(doc.export(ExportMode::all_updates())?)
}

fn automerge_doc(side: &str, size: usize) -> Outcome<Vec<u8>> {
    let mut doc = AutoCommit::new();
    for n in 0..size as u64 {
        doc.put(ROOT, key(side, n), true)?;
    }
    Ok(doc.save())
}
