//! The fuzz targets over their seeds, past failures among them, and over mutations of the seeds for about a second.

#[expect(unreachable_pub, reason = "public in the crate of the fuzz targets")]
#[path = "../fuzz/src/recall.rs"]
mod recall;

use std::path::Path;

const SEED: u64 = 20_240_601;
const MUTATIONS: usize = 1500;

#[test]
fn recall_takes_its_seeds_and_what_is_near_them() {
    println!("seed {SEED}");
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/recall");
    let mut paths =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    paths.sort();
    let seeds = paths.iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>();
    assert!(seeds.len() >= 5);
    seeds.iter().for_each(|seed| recall::run(seed));

    let mut state = SEED;
    let mut random = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % limit
    };
    for _ in 0..MUTATIONS {
        let mut data = seeds[random(seeds.len())].clone();
        for _ in 0..1 + random(8) {
            let at = random(data.len());
            match random(4) {
                0 => data[at] = u8::try_from(random(256)).unwrap(),
                1 => data.truncate(at + 1),
                2 => data.insert(at, b"\n #.-_'`=\t\r"[random(11)]),
                _ => {
                    let other = &seeds[random(seeds.len())];
                    let from = random(other.len());
                    let repeated = other[from..].repeat(1 + random(4));
                    data.splice(at..at, repeated);
                }
            }
        }
        recall::run(&data);
    }
}
