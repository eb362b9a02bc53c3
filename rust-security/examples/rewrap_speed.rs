//! How many small records a context reseals in a second, on one core:
//! `cargo run --release -p chrysalis-security --example rewrap_speed`.

use std::error::Error;
use std::time::Instant;

use chrysalis_security::SecurityContext;
use chrysalis_security::context::system_clock;

const RECORDS: u32 = 100_000;
/// The length of a usual API key.
const RECORD_BYTES: usize = 51;
const ROUNDS: usize = 5;

#[expect(clippy::print_stdout, reason = "a measurement is for reading")]
fn main() -> Result<(), Box<dyn Error>> {
    let context = SecurityContext::make(system_clock())?;
    let places: Vec<_> = (0..RECORDS).map(|number| format!("wallet:{number:08}")).collect();
    let mut sealed = Vec::new();
    for place in &places {
        sealed.push(context.encrypt_for_storage(&[7; RECORD_BYTES], place.as_bytes())?);
    }
    let mut seconds = Vec::new();
    for _ in 0..ROUNDS {
        context.rotate_storage_key()?;
        let records: Vec<_> =
            sealed.iter().zip(&places).map(|(sealed, place)| (sealed.as_slice(), place.as_bytes())).collect();
        let start = Instant::now();
        let rewrapped = context.rewrap_many(&records)?;
        seconds.push(start.elapsed().as_secs_f64());
        sealed = rewrapped.into_iter().collect::<Result<_, _>>()?;
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds[ROUNDS / 2];
    println!(
        "{RECORDS} records of {RECORD_BYTES} bytes: {:.3} s median of {ROUNDS}, {:.0} records/s (best {:.0})",
        median,
        f64::from(RECORDS) / median,
        f64::from(RECORDS) / seconds[0],
    );
    Ok(())
}
