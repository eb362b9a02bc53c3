#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod change;
mod random;

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use random::Random;

/// Runs `target` on every file of `fuzz/seeds/{name}` in the current directory, which under `cargo test` is that of the
/// package, then on `count` changed copies of them.
///
/// # Panics
///
/// When `target` panics, with its input; when there is no seed; when `FUZZ_SEED` or `FUZZ_SECONDS` is no number.
pub fn replay(name: &str, target: fn(&[u8]), count: u64) {
    let kept = read_seeds(&Path::new("fuzz/seeds").join(name));
    for (path, seed) in &kept {
        run(target, seed, || path.display().to_string());
    }
    let seeds: Vec<Vec<u8>> = kept.into_iter().map(|(_, seed)| seed).collect();
    generate(name, |random| change::changed(&seeds, random), target, count);
}

/// Runs `target` on `count` inputs that `make` draws from nothing but numbers.
///
/// # Panics
///
/// When `target` panics, with its input; when `FUZZ_SEED` or `FUZZ_SECONDS` is no number.
pub fn generate(name: &str, make: impl Fn(&mut Random) -> Vec<u8>, target: fn(&[u8]), count: u64) {
    let extent = match number_from_env("FUZZ_SECONDS") {
        Some(seconds) => Extent::Time(Duration::from_secs(seconds)),
        None => Extent::Count(count),
    };
    run_numbers(name, make, target, number_from_env("FUZZ_SEED").unwrap_or(0), extent);
}

#[derive(Clone, Copy)]
enum Extent {
    Count(u64),
    Time(Duration),
}

const SAYS_WHERE_IT_IS_EVERY: Duration = Duration::from_secs(10);

#[expect(clippy::print_stdout, reason = "what a long run says is kept with its result")]
fn run_numbers(
    name: &str,
    make: impl Fn(&mut Random) -> Vec<u8>,
    target: fn(&[u8]),
    first: u64,
    extent: Extent,
) {
    let started = Instant::now();
    let mut next_word = Duration::ZERO;
    let mut done = 0;
    loop {
        let number = first.wrapping_add(done);
        match extent {
            Extent::Count(count) if done == count => return,
            Extent::Count(_) => {}
            Extent::Time(limit) => {
                let elapsed = started.elapsed();
                if elapsed >= limit {
                    println!("soak: {name}: {done} inputs");
                    return;
                }
                if elapsed >= next_word {
                    println!("{name}: at FUZZ_SEED={number}");
                    next_word = elapsed + SAYS_WHERE_IT_IS_EVERY;
                }
            }
        }
        run(target, &make(&mut Random::new(number)), || format!("{name}, repeat with FUZZ_SEED={number}"));
        done += 1;
    }
}

/// Runs `target` once; where it panics, says on what.
fn run(target: fn(&[u8]), input: &[u8], what: impl FnOnce() -> String) {
    if catch_unwind(|| target(input)).is_err() {
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        panic!("{}: {} bytes, {hex}", what(), input.len());
    }
}

/// The seeds in the order of their names, which the numbers of inputs depend on.
fn read_seeds(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = directory.read_dir().unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no seeds", directory.display());
    let read = |path: PathBuf| match std::fs::read(&path) {
        Ok(bytes) => (path, bytes),
        Err(error) => panic!("{}: {error}", path.display()),
    };
    paths.into_iter().map(read).collect()
}

fn number_from_env(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn panics(run: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let panic = catch_unwind(run).expect_err("it shall panic");
        panic.downcast_ref::<String>().expect("a text").clone()
    }

    #[test]
    fn a_failure_says_how_to_repeat_it() {
        let make = |random: &mut Random| random.next().to_le_bytes()[..2].to_vec();
        let target = |input: &[u8]| assert!(input[0] % 64 != 7);
        let said = panics(move || run_numbers("t", make, target, 5 << 40, Extent::Count(10_000)));
        let (head, hex) = said.split_once(": 2 bytes, ").unwrap();
        let number = head.strip_prefix("t, repeat with FUZZ_SEED=").unwrap().parse().unwrap();
        assert!(number > 5 << 40, "the first is no failure");
        assert_eq!(said, panics(move || run_numbers("t", make, target, number, Extent::Count(1))));
        assert_eq!(u8::from_str_radix(&hex[..2], 16).unwrap() % 64, 7);
    }

    #[test]
    fn numbers_are_taken_in_order_and_as_many_as_asked_for() {
        static SEEN: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
        let target = |input: &[u8]| SEEN.lock().unwrap().push(input.to_vec());
        let make = |random: &mut Random| random.next().to_le_bytes().to_vec();
        run_numbers("t", make, target, u64::MAX, Extent::Count(3));
        let expected = [u64::MAX, 0, 1].map(|number| Random::new(number).next().to_le_bytes().to_vec());
        assert_eq!(*SEEN.lock().unwrap(), expected);
    }

    #[test]
    fn a_run_by_time_ends() {
        run_numbers("t", |_| Vec::new(), |_| {}, 0, Extent::Time(Duration::from_millis(1)));
    }

    #[test]
    fn no_seeds_are_a_failure() {
        assert!(panics(|| replay("none", |_| {}, 1)).starts_with("fuzz/seeds/none: "));
        let empty = std::env::temp_dir().join(format!("fuzz-replay-{}", std::process::id()));
        std::fs::create_dir(&empty).unwrap();
        let path = empty.clone();
        let said = panics(move || drop(read_seeds(&path)));
        std::fs::remove_dir(&empty).unwrap();
        assert!(said.ends_with(" has no seeds"));
    }

    #[test]
    fn seeds_come_in_the_order_of_their_names() {
        let seeds = read_seeds(Path::new("src"));
        let names: Vec<_> = seeds.iter().map(|(path, _)| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["change.rs", "lib.rs", "random.rs"]);
        assert_eq!(seeds[1].1, include_bytes!("lib.rs"));
    }
}
