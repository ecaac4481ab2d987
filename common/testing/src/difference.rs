//! Compares long lists. A failure shows the first difference and the items around it, not both lists.

use std::fmt::Debug;

/// The number of items that a failure shows before and after the first difference.
const AROUND: usize = 5;

/// Asserts that two lists are equal.
pub fn assert_same_list<A, B>(actual: &[A], expected: &[B])
where
    A: Debug + PartialEq<B>,
    B: Debug,
{
    if let Some(difference) = first_difference(actual, expected) {
        panic!("{difference}");
    }
}

fn first_difference<A, B>(actual: &[A], expected: &[B]) -> Option<String>
where
    A: Debug + PartialEq<B>,
    B: Debug,
{
    let longest = actual.len().max(expected.len());
    let at = (0..longest).find(|&at| match (actual.get(at), expected.get(at)) {
        (Some(actual), Some(expected)) => actual != expected,
        _ => true,
    })?;
    Some(format!(
        "the lists differ at item {at}, of {} and {} items\nactual:   {:?}\nexpected: {:?}",
        actual.len(),
        expected.len(),
        around(actual, at),
        around(expected, at),
    ))
}

fn around<T>(list: &[T], at: usize) -> &[T] {
    let end = list.len().min(at + AROUND + 1);
    &list[at.saturating_sub(AROUND).min(end)..end]
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn equal_lists_have_no_difference() {
        assert_eq!(first_difference::<u8, u8>(&[], &[]), None);
        assert_eq!(first_difference(&[String::from("a")], &["a"]), None);
    }

    #[test]
    fn the_first_difference_is_shown_with_the_items_around_it() {
        let expected: Vec<u32> = (0..1000).collect();
        let mut actual = expected.clone();
        actual[500] = 7;
        actual[600] = 7;
        let difference = first_difference(&actual, &expected).unwrap();
        assert_eq!(
            difference,
            "the lists differ at item 500, of 1000 and 1000 items\n\
             actual:   [495, 496, 497, 498, 499, 7, 501, 502, 503, 504, 505]\n\
             expected: [495, 496, 497, 498, 499, 500, 501, 502, 503, 504, 505]"
        );
    }

    #[test]
    fn a_short_list_differs_at_its_end() {
        let difference = first_difference(&[1, 2], &[1, 2, 3]).unwrap();
        assert!(difference.contains("at item 2, of 2 and 3 items"), "{difference}");
        assert!(difference.contains("actual:   [1, 2]\nexpected: [1, 2, 3]"), "{difference}");
        assert!(first_difference(&[1, 2, 3, 4], &[1]).unwrap().contains("at item 1, of 4 and 1 items"));
    }
}
