//! Replicated types: ours beside crdts, yrs, automerge and loro.
//!
//! `peers-crdt merge|clocks|import|heap|reconcile|curves ROUNDS DIVISOR` prints its figures as JSON. Contestants take turns, back
//! and forth; inputs follow from [`SEED`]. With a DIVISOR, of that much fewer elements.
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value, json};

mod clocks;
mod curves;
mod heap;
mod import;
mod merge;
mod reconcile;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const SEED: u64 = 20_261_120;

/// Counts what is allocated, for everyone alike.
#[global_allocator]
static HEAP: heap::Counting = heap::Counting::new();

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [what, rounds, divisor] = arguments[..] else {
        return Err("usage: peers-crdt merge|clocks|import|heap|reconcile|curves ROUNDS DIVISOR".into());
    };
    let (rounds, divisor) = (rounds.parse()?, divisor.parse()?);
    let figures = match what {
        "merge" => merge::measure(rounds, divisor)?,
        "clocks" => clocks::measure(rounds)?,
        "import" => import::measure(rounds, divisor)?,
        "heap" => heap::measure(divisor)?,
        "reconcile" => reconcile::measure(divisor)?,
        "curves" => curves::measure(rounds, divisor)?,
        _ => return Err("there is no such measurement".into()),
    };
    println!("{figures}");
    Ok(())
}

type Contestant<'a> = (&'a str, Box<dyn FnMut() -> Outcome<f64> + 'a>);

/// The figures of all rounds by contestant, who take turns in alternating order. The first round warms up.
fn in_turns(rounds: usize, mut contestants: Vec<Contestant<'_>>) -> Outcome<Map<String, Value>> {
    let mut figures: Map<String, Value> =
        contestants.iter().map(|(name, _)| ((*name).to_owned(), json!([]))).collect();
    for round in 0..=rounds {
        let count = contestants.len();
        for i in 0..count {
            let at = if round % 2 == 1 { count - 1 - i } else { i };
            let (name, contestant) = &mut contestants[at];
            let figure = contestant()?;
            if round > 0 {
                figures[*name].as_array_mut().ok_or("every entry is a list")?.push(json!(figure));
            }
        }
    }
    Ok(figures)
}

/// Seconds of processor time, of all threads, that something takes: what else runs on the machine does not count. What it gives is
/// dropped outside.
fn seconds<T>(what: impl FnOnce() -> T) -> (f64, T) {
    let start = processor_time();
    let result = what();
    (processor_time() - start, result)
}

fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}
