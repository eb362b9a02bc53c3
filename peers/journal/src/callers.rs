//! Callers at the same time, each doing one thing after the other.
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::Outcome;

/// Operations per second of `callers` threads that all begin together and stop after `time`.
///
/// `prepare` makes a caller inside its thread; what it returns is called with a number no other call gets.
pub fn rate<F: FnMut(u64) -> Outcome<()>>(
    callers: usize,
    time: Duration,
    prepare: impl Fn() -> Outcome<F> + Sync,
) -> Outcome<f64> {
    let barrier = Barrier::new(callers);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..callers as u64)
            .map(|caller| {
                let (barrier, prepare) = (&barrier, &prepare);
                scope.spawn(move || -> Outcome<(u64, Instant, Instant)> {
                    let prepared = prepare();
                    barrier.wait();
                    let mut call = prepared?;
                    let (start, mut count) = (Instant::now(), 0);
                    while start.elapsed() < time {
                        call(caller << 40 | count)?;
                        count += 1;
                    }
                    Ok((count, start, Instant::now()))
                })
            })
            .collect();
        let mut total = 0;
        let mut span: Option<(Instant, Instant)> = None;
        for thread in threads {
            let (count, start, end) = thread.join().map_err(|_| "a caller panicked")??;
            total += count;
            span = Some(span.map_or((start, end), |(first, last)| (first.min(start), last.max(end))));
        }
        let (first, last) = span.ok_or("there are no callers")?;
        Ok(total as f64 / (last - first).as_secs_f64())
    })
}
