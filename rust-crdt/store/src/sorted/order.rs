//! Sorting lists whose order is asked of a function: one sorting routine for all types, and a little around it per type.

use std::cmp::Ordering;

/// Sorts a list stably. Allocates two words per item, unless it is sorted already.
///
/// For lists of moderate size: the comparison is called through a pointer.
pub fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    if items.is_sorted_by(|a, b| compare(a, b).is_le()) {
        return;
    }
    let mut order = order_of(items.len(), &|a, b| compare(&items[a], &items[b]));
    // Cycle by cycle; what is in its place says so.
    for first in 0..order.len() {
        let mut at = first;
        while order[at] != first {
            let from = std::mem::replace(&mut order[at], at);
            items.swap(at, from);
            at = from;
        }
        order[at] = at;
    }
}

/// The same for items with an order of their own.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// Which item comes where: runs of one, two, four … items, merged by twos.
fn order_of(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let (mut order, mut merged): (Vec<usize>, _) = ((0..length).collect(), vec![0; length]);
    let mut width = 1;
    while width < length {
        for start in (0..length).step_by(2 * width) {
            let (middle, end) = ((start + width).min(length), (start + 2 * width).min(length));
            let (mut left, mut right) = (start, middle);
            for place in &mut merged[start..end] {
                let is_left = left < middle && (right == end || compare(order[left], order[right]).is_le());
                let next = if is_left { &mut left } else { &mut right };
                *place = order[*next];
                *next += 1;
            }
        }
        std::mem::swap(&mut order, &mut merged);
        width *= 2;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let mut state = 1u64;
        for length in (0..60).chain([500, 3000]) {
            let mut list: Vec<(u64, usize)> = (0..length)
                .map(|at| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    ((state >> 33) % (length as u64 / 2 + 1), at)
                })
                .collect();
            if length % 2 == 1 {
                // One that moved from the end to the front moves all others.
                list.sort_unstable();
                list.rotate_right(1);
            }
            let mut expected = list.clone();
            expected.sort_by_key(|item| item.0);
            sort_by(&mut list, |a, b| a.0.cmp(&b.0));
            assert_eq!(list, expected);
            list.reverse();
            sort(&mut list);
            expected.sort_unstable();
            assert_eq!(list, expected);
        }
    }
}
