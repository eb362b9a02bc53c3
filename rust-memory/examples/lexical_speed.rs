//! How fast text is indexed and recalled, at 10,000 and 100,000 passages.
//!
//! ```sh
//! cargo run --release -p chrysalis-memory --example lexical_speed [-- passages ...]
//! ```
//!
//! Passages are made: 20 to 100 words, drawn by Zipf's law from 50,000 (the r-th most frequent with a chance proportional to 1/r),
//! so a query holds very frequent words as real questions do. A query is 2 to 6 words of one passage. Everything follows
//! from the seed printed; one thread.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use chrysalis_memory::lexical::{IndexedDoc, LexicalIndex, Query};
use chrysalis_memory::ranking::{RankQuery, rank};

const SEED: u64 = 20_240_601;
const VOCABULARY: usize = 50_000;
const QUERIES: usize = 2_000;
const PER_SOURCE: u32 = 40;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let asked = std::env::args().skip(1).map(|size| size.parse()).collect::<Result<Vec<u32>, _>>()?;
    let sizes = if asked.is_empty() { vec![10_000, 100_000] } else { asked };
    println!("seed {SEED}, {QUERIES} queries of 2 to 6 words, 10 results\n");
    println!(
        "{:>10}{:>10}{:>12}{:>10}{:>18}{:>18}{:>12}",
        "passages", "bytes/p", "inserts/s", "index B/p", "search p50/p99 us", "rank p50/p99 us", "removes/s"
    );
    for size in sizes {
        measure(size);
    }
    Ok(())
}

fn measure(size: u32) {
    let mut random = Random(SEED);
    let zipf = Zipf::new(VOCABULARY);
    let passages = (0..size).map(|_| passage(&mut random, &zipf)).collect::<Vec<_>>();
    let bytes = passages.iter().map(String::len).sum::<usize>();

    let mut index = LexicalIndex::new();
    let start = Instant::now();
    for (slot, text) in (0_u32..).zip(&passages) {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&slot.to_be_bytes());
        let source = Some((u64::from(slot / PER_SOURCE), slot % PER_SOURCE));
        let doc = IndexedDoc { id, time_ms: u64::from(slot) * 1000, text, title: "notes april", source };
        index.insert(slot, &doc).expect("within the limits");
    }
    let inserting = start.elapsed().as_secs_f64();
    let memory = index.memory_bytes();

    let queries = (0..QUERIES).map(|_| question(&mut random, &passages)).collect::<Vec<_>>();
    let searching = timed(&queries, |text| {
        black_box(index.search(&Query::new(text), 10, &|_| true));
    });
    let ranking = timed(&queries, |text| {
        let asked = RankQuery { text, limit: 10, as_of_ms: Some(0), filter: &|_| true, other: None };
        black_box(rank(&index, &asked));
    });

    let start = Instant::now();
    for slot in 0..size / 2 {
        black_box(index.remove(slot));
    }
    let removing = start.elapsed().as_secs_f64();

    let each = |total: usize| total / size as usize;
    println!(
        "{size:>10}{:>10}{:>12.0}{:>10}{:>18}{:>18}{:>12.0}",
        each(bytes),
        f64::from(size) / inserting,
        each(memory),
        format!("{:.0} / {:.0}", searching.0, searching.1),
        format!("{:.0} / {:.0}", ranking.0, ranking.1),
        f64::from(size / 2) / removing
    );
}

/// Median and 99th percentile in microseconds.
fn timed(queries: &[String], mut run: impl FnMut(&str)) -> (f64, f64) {
    let mut times = Vec::with_capacity(queries.len());
    for query in queries {
        let start = Instant::now();
        run(query);
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn passage(random: &mut Random, zipf: &Zipf) -> String {
    let mut text = String::new();
    for _ in 0..20 + random.below(81) {
        let rank = zipf.draw(random);
        // A word by its rank: short ones for frequent words, spread over the alphabet.
        let mut rest = rank.wrapping_mul(7919) % VOCABULARY + rank / VOCABULARY;
        let length = 2 + rank.ilog2() as usize / 2;
        for _ in 0..length {
            text.push(char::from(b"aeioubcdfghklmnprstvwz"[rest % 22]));
            rest = rest / 22 + 7 * (rest % 22);
        }
        write!(text, "{} ", char::from(b"abcdefghijklmnopqrstuvwxyz"[rank % 26]))
            .expect("a String takes all");
    }
    text
}

fn question(random: &mut Random, passages: &[String]) -> String {
    let words =
        passages[random.below(passages.len())].split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>();
    (0..2 + random.below(5)).map(|_| words[random.below(words.len())]).collect::<Vec<_>>().join(" ")
}

/// Cumulative chances of the ranks.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(ranks: usize) -> Self {
        let mut sum = 0.0;
        Self(
            (1..=ranks)
                .map(|rank| {
                    sum += 1.0 / rank as f64;
                    sum
                })
                .collect(),
        )
    }

    /// A rank from 1.
    fn draw(&self, random: &mut Random) -> usize {
        let point = random.unit() * self.0[self.0.len() - 1];
        self.0.partition_point(|sum| *sum < point) + 1
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }
}
