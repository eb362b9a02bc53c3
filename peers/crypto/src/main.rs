//! Native cryptography on one core: signatures verified at once beside one by one, and stored records resealed.
//!
//! `peers-crypto ROUNDS RECORDS` prints the rates of all rounds as JSON. WebAssembly is compared by compare.mjs.
use std::time::{Duration, Instant};

use chrysalis_crypto::ed25519::{SigningKey, batch_verify, verify};
use chrysalis_security::SecurityContext;
use chrysalis_security::context::system_clock;
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const SIGNATURES: usize = 64;
const MESSAGE_BYTES: usize = 200;
/// The length of a usual API key.
const RECORD_BYTES: usize = 51;
/// How long one side is measured in a round.
const TIME: Duration = Duration::from_millis(300);

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rounds, records] = &arguments[..] else {
        return Err("usage: peers-crypto ROUNDS RECORDS".into());
    };
    let (rounds, records): (usize, usize) = (rounds.parse()?, records.parse()?);
    let (batch, single) = signatures(rounds)?;
    println!(
        "{}",
        json!({
            "rounds": rounds,
            "signatures": SIGNATURES,
            "message_bytes": MESSAGE_BYTES,
            "verify": { "batch": batch, "single": single },
            "records": records,
            "record_bytes": RECORD_BYTES,
            "rewrap": rewraps(rounds, records)?,
        })
    );
    Ok(())
}

/// Signatures of as many signers verified per second: at once, one by one.
fn signatures(rounds: usize) -> Outcome<(Vec<f64>, Vec<f64>)> {
    let (mut public_keys, mut messages, mut signatures) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..SIGNATURES {
        let byte = u8::try_from(at)?;
        let key = SigningKey::from_seed(&[byte; 32]);
        let message = [byte; MESSAGE_BYTES];
        public_keys.push(key.public_key());
        signatures.push(key.sign(&message));
        messages.push(message);
    }
    let at_once = || batch_verify(&public_keys, &messages, &signatures).iter().all(|&holds| holds);
    let one_by_one =
        || (0..SIGNATURES).all(|at| verify(&public_keys[at], &messages[at], &signatures[at]) == Ok(true));
    let (mut batch, mut single) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let rates = if round % 2 == 0 {
            (rate(at_once)?, rate(one_by_one)?)
        } else {
            let single = rate(one_by_one)?;
            (rate(at_once)?, single)
        };
        // The first round warms up.
        if round > 0 {
            batch.push(rates.0);
            single.push(rates.1);
        }
    }
    Ok((batch, single))
}

/// Signatures per second of `verify_all`, which verifies all of them.
fn rate(verify_all: impl Fn() -> bool) -> Outcome<f64> {
    let start = Instant::now();
    let mut verified = 0_u32;
    while start.elapsed() < TIME {
        if !verify_all() {
            return Err("a good signature was refused".into());
        }
        verified += u32::try_from(SIGNATURES)?;
    }
    Ok(f64::from(verified) / start.elapsed().as_secs_f64())
}

/// Records per second resealed under a new key, each for its own context.
fn rewraps(rounds: usize, records: usize) -> Outcome<Vec<f64>> {
    let context = SecurityContext::make(system_clock())?;
    let places: Vec<_> = (0..records).map(|number| format!("wallet:{number:08}")).collect();
    let mut sealed = Vec::new();
    for place in &places {
        sealed.push(context.encrypt_for_storage(&[7; RECORD_BYTES], place.as_bytes())?);
    }
    let mut rates = Vec::new();
    for _ in 0..rounds {
        context.rotate_storage_key()?;
        let pairs: Vec<_> =
            sealed.iter().zip(&places).map(|(sealed, place)| (sealed.as_slice(), place.as_bytes())).collect();
        let start = Instant::now();
        let rewrapped = context.rewrap_many(&pairs)?;
        rates.push(f64::from(u32::try_from(records)?) / start.elapsed().as_secs_f64());
        sealed = rewrapped.into_iter().collect::<Result<_, _>>()?;
    }
    Ok(rates)
}
