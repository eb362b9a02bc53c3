//! Agreement: our core beside a third-party one, behind one trait, on one simulated network.
//!
//! `peers-consensus WHAT SIZE` prints figures as JSON. Times of `recovery`, `behind`, `stalls` and `latency` are simulated and
//! the same on every machine; those of `cpu` are this machine's.
mod certificate;
mod cluster;
mod context;
mod measure;
mod random;
mod synced;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: peers-consensus recovery|behind|cpu|stalls|latency|certificate SIZE";
    let [what, size] = &arguments[..] else { return Err(usage.into()) };
    let size = size.parse()?;
    let figures = match what.as_str() {
        "recovery" => measure::recovery(size)?,
        "behind" => measure::behind(size)?,
        "cpu" => measure::cpu(size)?,
        "stalls" => measure::stalls(size)?,
        "latency" => measure::latency(size)?,
        "certificate" => certificate::make(size)?,
        _ => return Err(usage.into()),
    };
    println!("{figures}");
    Ok(())
}
