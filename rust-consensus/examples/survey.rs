//! Runs schedules and says what fails.
use chrysalis_consensus::sim::*;
use std::collections::BTreeMap;
fn main() {
    let a: Vec<u64> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let t = std::time::Instant::now();
    let mut bad: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut cov = Coverage::default();
    let mut per: BTreeMap<u64, (u128, u64)> = BTreeMap::new();
    for seed in a[0]..a[1] {
        let s = Schedule::random(seed);
        let t0 = std::time::Instant::now();
        let mut c = SimCluster::replay(&s).unwrap();
        match c.run() {
            Ok(r) => {
                cov.add(&r.coverage);
                let e = per.entry(seed % Scenario::ALL.len() as u64).or_default();
                e.0 += t0.elapsed().as_micros();
                e.1 += r.messages;
            }
            Err(v) => bad
                .entry(format!(
                    "{:?} {}",
                    Scenario::ALL[(seed % Scenario::ALL.len() as u64) as usize],
                    v.name()
                ))
                .or_default()
                .push(seed),
        }
    }
    println!("{:.0}/s", (a[1] - a[0]) as f64 / t.elapsed().as_secs_f64());
    for (k, (us, m)) in per {
        println!("{:?} {} us {} messages", Scenario::ALL[k as usize], us, m);
    }
    for (k, v) in bad {
        println!("{k}: {} {:?}", v.len(), &v[..v.len().min(8)]);
    }
    if a.len() > 2 {
        for s in Situation::ALL {
            println!("{} {:?} {}", s.rule(), s, cov.count(*s));
        }
    }
}
