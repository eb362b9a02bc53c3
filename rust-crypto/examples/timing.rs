//! Looks for time that depends on secrets: `cargo run --release -p chrysalis-crypto --example timing -- 1000000`.
//!
//! The method is dudect's (Reparaz, Balasch, Verbauwhede: Dude, is my code constant time? DATE 2017): an operation is
//! measured on two classes of input in random order, and Welch's t-test says whether the two means differ; |t| above
//! 4.5 is evidence that they do. Since the largest measurements are mostly the machine's noise, the test is made on all
//! of them and on the fastest 90, 75 and 50 percent, and the largest |t| counts. A comparison that stops at the first
//! difference is measured first, to show that the method finds what it looks for on this machine.
//!
//! The argument is the number of measurements of each operation. The status is 1 if an operation depends on its class.
#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::{CryptoError, aead, aes, compare, envelope, random};

const LIMIT: f64 = 4.5;
const KEY: [u8; 32] = [7; 32];
/// Inputs of a class, so that neither class is the one whose input stays in the cache.
const POOL: usize = 32;

/// Two classes of input for one operation.
struct Classes<T>([Vec<T>; 2]);

fn main() -> Result<ExitCode, CryptoError> {
    let samples = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20_000);
    println!("{samples} measurements of each operation; |t| must stay below {LIMIT}");
    let secret: [u8; 32] = random::array()?;
    // The first byte differs, or the last.
    let probes = Classes([0, 31].map(|place| (0..POOL).map(|_| changed(&secret, place)).collect()));
    let control = measure("control: compare that stops early", samples, 200, &probes, |probe| {
        black_box(black_box(&secret[..]).iter().zip(probe).all(|(a, b)| a == b));
    })?;
    let mut worst = measure("compare", samples, 50, &probes, |probe| {
        black_box(compare::constant_time_eq(black_box(&secret), probe));
    })?;

    let sealed = aead::xchacha20poly1305_encrypt(&secret, &KEY, b"")?;
    let tags = tag_classes(&sealed);
    worst = worst.max(measure("tag check, XChaCha20-Poly1305", samples, 2, &tags, |sealed| {
        let _ = black_box(aead::xchacha20poly1305_decrypt(sealed, &KEY, b""));
    })?);
    let sealed = aes::aes_gcm_encrypt(&secret, &KEY)?;
    worst = worst.max(measure("tag check, AES-256-GCM", samples, 2, &tag_classes(&sealed), |sealed| {
        let _ = black_box(aes::aes_gcm_decrypt(sealed, &KEY));
    })?);
    let sealed = envelope::seal(&secret, &KEY, b"place")?;
    let commitments = Classes([12, 43].map(|place| (0..POOL).map(|_| changed(&sealed, place)).collect()));
    worst = worst.max(measure("commitment check", samples, 2, &commitments, |sealed| {
        let _ = black_box(envelope::open(sealed, &KEY, b"place"));
    })?);

    let keys = |random: bool| -> Result<Vec<SigningKey>, CryptoError> {
        let seed = |_| Ok(SigningKey::from_seed(&if random { random::array()? } else { [0; 32] }));
        (0..POOL).map(seed).collect()
    };
    worst = worst.max(measure("sign", samples, 1, &Classes([keys(false)?, keys(true)?]), |key| {
        black_box(key.sign(b"message"));
    })?);
    let wrapped = |random: bool| -> Result<Vec<[u8; 32]>, CryptoError> {
        (0..POOL).map(|_| if random { random::array() } else { Ok([0; 32]) }).collect()
    };
    worst = worst.max(measure(
        "wrap a key",
        samples,
        2,
        &Classes([wrapped(false)?, wrapped(true)?]),
        |secret| {
            let _ = black_box(envelope::seal(secret, &KEY, b"place"));
        },
    )?);
    println!("largest |t| {worst:.2}; the control's {control:.1}");
    let passed = worst < LIMIT && control > LIMIT;
    println!("{}", if passed { "no dependence found" } else { "FAILED" });
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn changed(bytes: &[u8], place: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[place] ^= 1;
    bytes
}

fn tag_classes(sealed: &[u8]) -> Classes<Vec<u8>> {
    let tag = sealed.len() - aead::TAG_LENGTH;
    Classes([tag, sealed.len() - 1].map(|place| (0..POOL).map(|_| changed(sealed, place)).collect()))
}

/// Measures `operation`, `repeats` times in a row as one, and gives the largest |t|.
fn measure<T>(
    name: &str,
    samples: usize,
    repeats: u32,
    classes: &Classes<T>,
    operation: impl Fn(&T),
) -> Result<f64, CryptoError> {
    let mut times: [Vec<f64>; 2] = [Vec::with_capacity(samples), Vec::with_capacity(samples)];
    // What comes first meets cold caches and slow clocks.
    let mut left_out = samples / 10;
    while times[0].len() + times[1].len() < samples {
        for choice in random::bytes(4096)? {
            let class = usize::from(choice & 1);
            let input = &classes.0[class][usize::from(choice >> 1) % POOL];
            let start = Instant::now();
            for _ in 0..repeats {
                operation(black_box(input));
            }
            let time = start.elapsed().as_secs_f64() * 1e9 / f64::from(repeats);
            if left_out > 0 {
                left_out -= 1;
            } else {
                times[class].push(time);
            }
        }
    }
    let mut all = times.concat();
    all.sort_unstable_by(f64::total_cmp);
    let mut largest: f64 = 0.0;
    for percent in [100, 90, 75, 50] {
        let limit = all[(all.len() - 1) * percent / 100];
        let [first, second] =
            times.each_ref().map(|times| Moments::of(times.iter().filter(|time| **time <= limit)));
        largest = largest.max(first.t(&second).abs());
    }
    let median = all[all.len() / 2];
    println!("{name:38} |t| {largest:8.2}   median {median:9.1} ns");
    Ok(largest)
}

#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    /// Sum of squared distances from the mean (Welford).
    spread: f64,
}

impl Moments {
    fn of<'t>(times: impl Iterator<Item = &'t f64>) -> Self {
        let mut moments = Self::default();
        for time in times {
            moments.count += 1.0;
            let distance = time - moments.mean;
            moments.mean += distance / moments.count;
            moments.spread += distance * (time - moments.mean);
        }
        moments
    }

    /// Welch's t; no difference where there is no variance.
    fn t(&self, other: &Self) -> f64 {
        let variance = |moments: &Self| moments.spread / (moments.count - 1.0) / moments.count;
        let error = (variance(self) + variance(other)).sqrt();
        if error > 0.0 { (self.mean - other.mean) / error } else { 0.0 }
    }
}
