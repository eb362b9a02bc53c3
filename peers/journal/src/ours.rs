//! Our journal: every append hash-chained and on disk when it returns, and signed where that is asked.
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_journal::{FileDisk, NewRecord, Options, Signer, Store};

use crate::{Outcome, WARMUP, callers, record};

pub fn rate(dir: &Path, callers: usize, is_signed: bool, time: Duration) -> Outcome<f64> {
    let signer = is_signed.then(|| Arc::new(SigningKey::from_seed(&[7; 32])) as Arc<dyn Signer>);
    let store = Store::open(Arc::new(FileDisk::new(dir)), Options { signer, ..Options::default() })?;
    let make = |n: u64| -> Outcome<NewRecord> {
        Ok(NewRecord {
            kind: 1,
            namespace: [1; 16],
            key_epoch: 0,
            time: n,
            context: Vec::new(),
            salt: chrysalis_crypto::random::array()?,
            content: record(n),
        })
    };
    // As much as is in SQLite's log when its time begins.
    store.append((0..WARMUP).map(make).collect::<Outcome<_>>()?)?;
    callers::rate(callers, time, || {
        Ok(|n| {
            store.append(vec![make(n)?])?;
            Ok(())
        })
    })
}
