//! Small changes of kept inputs.

use crate::Random;

/// A copy of one of the seeds with one to six changes, mostly few: what is nearly right goes deep.
pub(crate) fn changed(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut data = random.pick(seeds).clone();
    for _ in 0..=random.below(6).min(random.below(6)) {
        change(&mut data, seeds, random);
    }
    data
}

/// Bytes that numbers end at and that texts are divided by.
const TELLING: &[u8] = b"\x00\x01\x7f\x80\xff\n\r\t #.,:-_='`\"\\[]{}09";

/// Changes a byte or a bit, takes away or fills a few bytes, cuts, inserts, or takes from another seed.
fn change(data: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(data.len() + 1);
    let few = at..data.len().min(at + 1 + random.below(8));
    let value = if random.below(2) == 0 { random.byte() } else { *random.pick(TELLING) };
    match random.below(8) {
        0 if at < data.len() => data[at] ^= 1 << random.below(8),
        1 if at < data.len() => data[at] = value,
        2 => data[few].fill(value),
        3 => drop(data.drain(few)),
        4 => data.truncate(at),
        5 => {
            let other = random.pick(seeds);
            let rest = &other[random.below(other.len() + 1)..];
            // Mostly a few bytes: a field, where structures change into each other.
            let piece = &rest[..rest.len().min(1 << random.below(9))];
            data.splice(at..at, piece.repeat(1 + random.below(4)));
        }
        6 => {
            let other = random.pick(seeds);
            data.truncate(at);
            data.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
        _ => data.insert(at, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_change_comes_up() {
        let seeds = [b"abcdefghijklmnopqrst".to_vec(), b"ABCDEFGHIJKLMNOPQRST".to_vec()];
        let original = &seeds[0];
        let is_one_value = |bytes: &[u8]| bytes.iter().all(|byte| *byte == bytes[0]);
        let mut found = [false; 9];
        for number in 0..2000 {
            let mut data = original.clone();
            change(&mut data, &seeds, &mut Random::new(number));
            let head = data.iter().zip(original).take_while(|(a, b)| a == b).count();
            let tail =
                data[head..].iter().rev().zip(original.iter().rev()).take_while(|(a, b)| a == b).count();
            let middle = &data[head..data.len() - tail];
            let is_foreign = middle.len() > 2 && middle.iter().all(u8::is_ascii_uppercase);
            let kinds = [
                data.len() == 20 && middle.len() == 1 && (middle[0] ^ original[head]).is_power_of_two(),
                data.len() == 20 && middle.len() == 1,
                data.len() == 20 && middle.len() > 1 && is_one_value(middle),
                (12..19).contains(&data.len()) && middle.is_empty() && tail > 0,
                data.len() < 12 && tail == 0 && middle.is_empty(),
                data.len() == 21 && middle.len() == 1,
                data.len() > 20 && is_foreign && tail > 0,
                is_foreign && tail == 0,
                middle.len() > 5
                    && middle.len().is_multiple_of(2)
                    && middle[..middle.len() / 2] == middle[middle.len() / 2..],
            ];
            kinds.iter().zip(&mut found).for_each(|(is_it, found)| *found |= is_it);
        }
        assert_eq!(found, [true; 9]);
    }

    #[test]
    fn empty_seeds_can_be_changed() {
        let lengths = (0..200).map(|number| changed(&[Vec::new()], &mut Random::new(number)).len());
        assert!(lengths.max() > Some(0));
    }
}
